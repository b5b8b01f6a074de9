"""From settings and a training set to params."""
