"""Cross-validation with all folds together: rows are split, fitted along a path and scored."""
