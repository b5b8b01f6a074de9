"""The same objective on rows that lie apart: each part answers, and the answers are added up."""

from sk_softmax.parts.chunk_passes import ChunkPasses, columns_of
from sk_softmax.parts.chunked import ONLY_FIT, Chunks
from sk_softmax.parts.folded_data import FoldedData, known_of_terms
from sk_softmax.parts.given import Collection, GivenPart
from sk_softmax.parts.local import LocalParts
from sk_softmax.parts.part import Part
from sk_softmax.parts.parted_data import KnownOfTargets, PartedData
from sk_softmax.parts.parted_folds import PartedFold, PartedFoldObjectives, copied_for_folds
from sk_softmax.parts.parted_rows import Outline, PartedRows
from sk_softmax.parts.protocol import Parts
from sk_softmax.parts.read_anew import PartsReadAnew
from sk_softmax.parts.reading_speed import ReadingSpeed
from sk_softmax.parts.summary import ClassWeights, ColumnMoments, Summary
from sk_softmax.parts.tree import NoRowsError

__all__ = [
    "ONLY_FIT",
    "ChunkPasses",
    "Chunks",
    "ClassWeights",
    "Collection",
    "ColumnMoments",
    "FoldedData",
    "GivenPart",
    "KnownOfTargets",
    "LocalParts",
    "NoRowsError",
    "Outline",
    "Part",
    "PartedData",
    "PartedFold",
    "PartedFoldObjectives",
    "PartedRows",
    "Parts",
    "PartsReadAnew",
    "ReadingSpeed",
    "Summary",
    "columns_of",
    "copied_for_folds",
    "known_of_terms",
]
