"""Fits: from settings and a training set to params."""
