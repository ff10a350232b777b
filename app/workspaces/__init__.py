"""Workspaces, the API keys that open them, and what they declare for their reports."""
