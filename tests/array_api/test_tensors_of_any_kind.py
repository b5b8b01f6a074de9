"""Tensors of PyTorch, and arrays of JAX, of every kind that NumPy's views have to take care of."""

import numpy as np
import pytest
from in_host_memory import assert_same_bits
from sklearn.datasets import load_iris

from sk_softmax import SoftmaxRegression
from sk_softmax.parts.device_arrays import Place, host_view, is_in_host_memory

X, Y = load_iris(return_X_y=True)


def as_fitted(there, expected):
    """The fit of rows is that of NumPy's, and carries no gradient."""
    model, numpys = SoftmaxRegression().fit(there, Y), SoftmaxRegression().fit(expected, Y)
    for name in ("coef_", "intercept_"):
        assert_same_bits(getattr(model, name), getattr(numpys, name), Place.of(there))
    answer = model.predict_proba(there)
    assert_same_bits(answer, numpys.predict_proba(expected), Place.of(there))
    assert not getattr(answer, "requires_grad", False)


@pytest.mark.parametrize(
    "dtype",
    ["bfloat16", "float16", "float32", "float8_e4m3fn", "int64", "int32", "int8", "uint8", "bool"],
)
def test_types(dtype):
    torch = pytest.importorskip("torch")
    tensor = torch.asarray(X).to(getattr(torch, dtype))
    width = torch.float32 if dtype == "float32" else torch.float64
    as_fitted(tensor, tensor.to(width).numpy())
    assert SoftmaxRegression().fit(tensor, Y).coef_.dtype is width


KINDS = {
    "with a gradient": lambda torch, T: T.clone().requires_grad_(),
    "parameter": lambda torch, T: torch.nn.Parameter(T.clone()),
    "in the middle of a graph": lambda torch, T: T.clone().requires_grad_() * 1,
    "transposed": lambda torch, T: T.T.contiguous().T,
    "every second row": lambda torch, T: torch.repeat_interleave(T, 2, dim=0)[::2],
    "one row for all": lambda torch, T: T[:1].expand(150, 4),
    "one column for all": lambda torch, T: T[:, :1].expand(150, 4),
    "of the opposite sign": lambda torch, T: torch.imag(torch.complex(T, T).conj()),
    "real part": lambda torch, T: torch.complex(T, -T).conj().real,
    "shared": lambda torch, T: T.clone().share_memory_(),
}


@pytest.mark.parametrize("kind", KINDS)
def test_kinds(kind):
    torch = pytest.importorskip("torch")
    tensor = KINDS[kind](torch, torch.asarray(X))
    expected = tensor.detach().resolve_neg().numpy()
    as_fitted(tensor, expected)
    view = host_view(tensor)
    np.testing.assert_array_equal(view, expected)
    assert view.strides == expected.strides
    is_copied = tensor.is_neg()  # the protocol hands its numbers on with the wrong sign
    assert (view.ctypes.data != tensor.data_ptr()) == is_copied == (kind == "of the opposite sign")


def test_a_subclass_of_tensor():
    torch = pytest.importorskip("torch")

    class Table(torch.Tensor): ...

    as_fitted(torch.asarray(X).as_subclass(Table), X)


def test_labels_weights_and_offsets_of_any_kind():
    torch = pytest.importorskip("torch")
    labels = torch.asarray(Y)
    weights = np.arange(150.0)
    expected = SoftmaxRegression().fit(X, Y, weights)
    negative = torch.complex(labels.double(), -labels.double())
    for given in (labels.bfloat16(), labels.double().requires_grad_(), negative.conj().imag):
        for own in (torch.asarray(weights, requires_grad=True), weights):
            for rows in (torch.asarray(X), X):
                found = SoftmaxRegression().fit(rows, given, own)
                np.testing.assert_array_equal(np.asarray(found.coef_), expected.coef_)
    found = SoftmaxRegression().fit(torch.asarray(X), labels > 0)
    assert found.classes_.dtype is torch.bool
    assert found.predict(torch.asarray(X)).dtype is torch.bool


@pytest.mark.parametrize("layout", ["to_sparse", "to_sparse_csr"])
@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support is in beta:UserWarning")
@pytest.mark.filterwarnings("ignore:Sparse invariant checks:UserWarning")
def test_sparse_tensors_are_an_error(layout):
    torch = pytest.importorskip("torch")
    there = getattr(torch.asarray(X), layout)()
    model = SoftmaxRegression()
    with pytest.raises(TypeError, match=r"torch on cpu \(.*layout.*\): pass a dense one"):
        model.fit(there, Y)
    assert not hasattr(model, "coef_")
    with pytest.raises(TypeError, match="pass a dense one"):
        SoftmaxRegression().fit(X, torch.asarray(Y).to_sparse())


def test_complex_numbers_and_tensors_without_numbers_are_errors():
    torch = pytest.importorskip("torch")
    there = torch.asarray(X)
    for complexes in (torch.complex(there, there), torch.complex(there, there).conj()):
        with pytest.raises(ValueError, match="Complex data not supported"):
            SoftmaxRegression().fit(complexes, Y)
    assert not is_in_host_memory(there.to("meta"))
    with pytest.raises(RuntimeError, match="meta tensors"):
        SoftmaxRegression().fit(there.to("meta"), Y)


def test_arrays_of_jax_are_read_only_and_answers_have_its_width():
    jax = pytest.importorskip("jax")
    there = jax.numpy.asarray(X, dtype="float32")
    view = host_view(there)
    assert not view.flags.writeable
    assert view.ctypes.data == there.unsafe_buffer_pointer()
    as_fitted(there, X.astype("float32"))
    narrow = there.astype("bfloat16")
    as_fitted(narrow, np.asarray(narrow.astype(Place.of(there).widest)))
    # Fits that need float64 have it, in NumPy.
    some = Y > 0
    model = SoftmaxRegression(C=np.inf).fit(there[some], Y[some])
    expected = SoftmaxRegression(C=np.inf).fit(X[some].astype("float32"), Y[some])
    assert_same_bits(model.coef_, expected.coef_, Place.of(there))
    assert model.converged_
