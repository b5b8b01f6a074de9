"""Suboptimality against time, for this package and what else one could use."""
