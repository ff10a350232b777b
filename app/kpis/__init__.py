"""What it adds up to: the indicators, their numerics, their storage and their answers."""
