"""All folds of a cross-validation at once: how rows are split, fitted along a path and scored."""
