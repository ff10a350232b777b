"""Complaints and the seven other contact kinds: intake, cases, and what the complainant sees."""
