"""Balanced scorecards: figures from here and from elsewhere, weighed against their goals."""
