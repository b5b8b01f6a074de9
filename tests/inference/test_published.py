"""Stata's published results of ``mlogit`` for the 1996 election study.

The figures are those of Stata 11, checked against R's nnet, that statsmodels keeps in
``statsmodels/discrete/tests/results/results_discrete.py`` (class ``Anes``): one row an outcome
against outcome 0, and the columns in the order of the data with the constant last.
"""

import pytest
from numpy.testing import assert_allclose

COEF = [
    [-0.01153598, 0.29771435, -0.024945, 0.08249144, 0.00519655, -0.37340167],
    [-0.08875065, 0.39166864, -0.02289784, 0.18104276, 0.04787398, -2.2509132],
    [-0.1059667, 0.57345051, -0.01485121, -0.00715242, 0.05757516, -3.6655835],
    [-0.0915567, 1.2787718, -0.00868135, 0.19982796, 0.08449838, -7.6138431],
    [-0.0932846, 1.3469616, -0.01790407, 0.21693885, 0.08095841, -7.0604782],
    [-0.14088069, 2.0700801, -0.00943265, 0.3219257, 0.10889408, -12.105751],
]
STD_ERR = [
    [0.0342823657, 0.093626795, 0.0065248584, 0.0735865799, 0.0176336937, 0.6298376313],
    [0.0391615553, 0.1082386919, 0.0079144618, 0.0852893563, 0.0222809297, 0.7631899491],
    [0.0570382292, 0.1585481337, 0.0113313133, 0.1262913234, 0.0336142088, 1.156541492],
    [0.0437902764, 0.1288965854, 0.0084187486, 0.0941250559, 0.0261963632, 0.9575809602],
    [0.0393516553, 0.1171860107, 0.0076110152, 0.0850070091, 0.0229760791, 0.8443638283],
    [0.042138047, 0.1434089089, 0.0081338625, 0.0910979921, 0.025300888, 1.059954821],
]
P_VALUE = [
    [0.7364947525, 0.0014737744, 0.0001317999, 0.2622827367, 0.7682272401, 0.5532789548],
    [0.0234348654, 0.0002962422, 0.0038138191, 0.0337799420, 0.0316619538, 0.0031844460],
    [0.0631947400, 0.0002981687, 0.1899813744, 0.9548365214, 0.0867452747, 0.0015273542],
    [0.0365460134, 3.37654e-23, 0.3024508550, 0.0337534410, 0.0012571921, 1.84830e-15],
    [0.0177622072, 1.41051e-30, 0.0186532528, 0.0107103038, 0.0004257334, 6.17209e-17],
    [0.0008278439, 3.12513e-47, 0.2461805610, 0.0004095694, 0.0000167770, 3.28408e-30],
]
# Of the last outcome: lower and upper ends.
CONF_INT = [
    [-0.2234697, -0.0582916],
    [1.7890040, 2.3511560],
    [-0.0253747, 0.0065094],
    [0.1433769, 0.5004745],
    [0.0593053, 0.1584829],
    [-14.1832200, -10.0282800],
]
# ``margins, dydx(*) predict(outcome(#))``: one row an outcome, and the standard errors.
EFFECTS = [
    [0.008680859935, -0.097798540154, 0.002725569698, -0.019923765793, -0.006031333227],
    [0.006993867331, -0.050224308026, -0.002110039097, -0.005369800002, -0.005543667418],
    [-0.003910408488, -0.028247171358, -0.001005512993, 0.006643378068, 0.000979873569],
    [-0.001825808880, -0.005737447300, -0.000042492564, -0.005466695584, 0.000541011218],
    [-0.000985581299, 0.019855509370, 0.000479722500, 0.001726057789, 0.002112914032],
    [-0.001534695516, 0.037553465020, -0.000685311433, 0.004724717943, 0.002547334861],
    [-0.007418207028, 0.124598344875, 0.000638068193, 0.017666107011, 0.005393852837],
]
EFFECTS_STD_ERR = [
    [0.0038581061, 0.0080471125, 0.0007068488, 0.0082318967, 0.0020261706],
    [0.003904378, 0.0073600286, 0.000756431, 0.0084381578, 0.0020482238],
    [0.003137126, 0.0056813182, 0.0006601377, 0.0068932588, 0.0018481806],
    [0.0019427783, 0.0031904763, 0.0003865411, 0.004361789, 0.0011523221],
    [0.0029863227, 0.0054076092, 0.0005886612, 0.0064426365, 0.0018886818],
    [0.0035806552, 0.0069497362, 0.000722511, 0.0078287717, 0.0022352393],
    [0.0033641608, 0.008376629, 0.0006774697, 0.0073505286, 0.0021660086],
]


@pytest.fixture(scope="module")
def inference(election, election_fit):
    return election_fit.inference(*election)


def test_coefficients_and_their_errors(inference):
    assert inference.outcomes == (1, 2, 3, 4, 5, 6)
    assert inference.reference == 0
    assert inference.columns == ("logpopul", "selfLR", "age", "educ", "income", "intercept")
    assert_allclose(inference.coef, COEF, rtol=2e-6, atol=1e-8)
    assert_allclose(inference.std_err, STD_ERR, rtol=1e-6)
    assert_allclose(inference.p_value, P_VALUE, rtol=2e-5)
    assert_allclose(inference.conf_int()[-1], CONF_INT, rtol=2e-6, atol=1e-6)


def test_the_fit_as_a_whole(inference):
    assert_allclose(inference.log_likelihood, -1461.922747312, rtol=1e-10)
    assert_allclose(inference.log_likelihood_null, -1750.34670999, rtol=1e-10)
    assert_allclose(inference.pseudo_r2.mcfadden, 0.1647810465387, rtol=1e-9)
    assert_allclose(inference.aic, 2995.84549462, rtol=1e-10)
    assert_allclose(inference.bic, 3170.45003661, rtol=1e-10)
    test = inference.likelihood_ratio_test()
    assert_allclose(test.statistic, 576.8479253554, rtol=1e-9)
    assert_allclose(test.p_value, 1.8223179e-102, rtol=1e-6)
    assert (test.df, inference.df_model, inference.df_resid) == (30, 30, 944 - 36)
    assert (inference.n_parameters, inference.n_observations) == (36, 944)


def test_average_marginal_effects(inference, election):
    effects = inference.marginal_effects(election.X)
    assert_allclose(effects.estimate.T, EFFECTS, rtol=2e-5, atol=1e-9)
    assert_allclose(effects.std_err.T, EFFECTS_STD_ERR, rtol=2e-5)
