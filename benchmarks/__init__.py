"""Suboptimality against time, for this package and other libraries."""
