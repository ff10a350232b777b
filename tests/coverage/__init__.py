"""How often intervals hold the truth, and how often tests claim what is not there."""
