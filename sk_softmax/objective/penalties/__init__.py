"""Penalties on the coefficients: each class is the whole penalty of an objective."""

from sk_softmax.objective.penalties.form import PenaltyForm

__all__ = ["PenaltyForm"]
