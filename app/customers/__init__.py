"""Customers, what they ordered, what was paid back, and the segments they belong to."""
