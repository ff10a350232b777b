"""Why a figure is what it is: differences, relations, drivers, matrices, and words."""
