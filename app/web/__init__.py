"""What people see, and what operators ask: pages, probes and metrics."""
