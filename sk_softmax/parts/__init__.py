"""The same objective on rows that lie apart: each part answers, and the answers are added up."""

from sk_softmax.parts.folded_data import FoldedData, known_of_terms
from sk_softmax.parts.given import Collection, GivenPart
from sk_softmax.parts.local import LocalParts
from sk_softmax.parts.part import Part
from sk_softmax.parts.parted_data import KnownOfTargets, PartedData
from sk_softmax.parts.parted_folds import PartedFold, PartedFoldObjectives, copied_for_folds
from sk_softmax.parts.parted_rows import Outline, PartedRows
from sk_softmax.parts.protocol import Parts
from sk_softmax.parts.summary import ClassWeights, ColumnMoments, Summary

__all__ = [
    "ClassWeights",
    "Collection",
    "ColumnMoments",
    "FoldedData",
    "GivenPart",
    "KnownOfTargets",
    "LocalParts",
    "Outline",
    "Part",
    "PartedData",
    "PartedFold",
    "PartedFoldObjectives",
    "PartedRows",
    "Parts",
    "Summary",
    "copied_for_folds",
    "known_of_terms",
]
