"""Every type that travels between the parts; read this package first.

An estimator turns the user's data into :class:`Rows` and an :class:`Objective`. A :class:`Solver`
asks the objective questions (:class:`EvaluateAt`, :class:`CurvatureAt`, ...) until it has a reason
to stop, and returns a :class:`Solution`. The estimator turns its params into ``coef_``.

``params`` is always an array of shape ``(n_outputs, n_columns)``, *class-major*: one row per
class. If the model has an intercept, it is the last column. ``n_outputs`` is the number of
classes; for two classes it is 1, and the single row holds the log-odds of the second class.

Losses, penalties and their sum are in *nats a row*: natural logarithms, averaged over the rows.
"""

from sk_softmax.interfaces.arrays import (
    Array,
    Index,
)
from sk_softmax.interfaces.objective import (
    ActiveHessian,
    CentredCurvature,
    Curvature,
    Evaluation,
    Objective,
)
from sk_softmax.interfaces.penalty import (
    ActivePenalty,
    Penalty,
    SupportCurvature,
)
from sk_softmax.interfaces.questions import (
    ActiveHessianAt,
    Asked,
    Claim,
    CurvatureAt,
    EvaluateAt,
    EvaluateMinibatch,
    GapAt,
    HessianAt,
    HessianFall,
    LargestCurvature,
    Objectives,
    Progress,
    Question,
    SeparationAt,
    SizeAlong,
)
from sk_softmax.interfaces.row_blocks import (
    Block,
    CollectedTerm,
    Rows,
    Term,
)
from sk_softmax.interfaces.solver import (
    IterationRecord,
    JudgedSearch,
    Learner,
    Lesson,
    Memory,
    Problem,
    Search,
    Solution,
    Solver,
    StagedSearch,
    Status,
    ValidationScores,
)

__all__ = [
    "ActiveHessian",
    "ActiveHessianAt",
    "ActivePenalty",
    "Array",
    "Asked",
    "Block",
    "CentredCurvature",
    "Claim",
    "CollectedTerm",
    "Curvature",
    "CurvatureAt",
    "EvaluateAt",
    "EvaluateMinibatch",
    "Evaluation",
    "GapAt",
    "HessianAt",
    "HessianFall",
    "Index",
    "IterationRecord",
    "JudgedSearch",
    "LargestCurvature",
    "Learner",
    "Lesson",
    "Memory",
    "Objective",
    "Objectives",
    "Penalty",
    "Problem",
    "Progress",
    "Question",
    "Rows",
    "Search",
    "SeparationAt",
    "SizeAlong",
    "Solution",
    "Solver",
    "StagedSearch",
    "Status",
    "SupportCurvature",
    "Term",
    "ValidationScores",
]
