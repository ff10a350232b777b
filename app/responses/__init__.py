"""Responses: taken exactly once, durably and fast, and counted at once."""
