"""What every route shares: credentials, the unit of work, cursors, preconditions, idempotency."""
