"""What a user gives: parameters, rows, labels and weights, each checked here and nowhere else."""
