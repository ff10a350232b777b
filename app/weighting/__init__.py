"""How answers are weighed so that they stand for a population: schemes, and raking."""
