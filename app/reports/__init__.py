"""Periodic reports: figures of a period, drawn and explained, as pages and as PDF."""
