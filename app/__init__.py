"""The customer-feedback service: ask, listen, count."""
