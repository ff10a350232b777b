"""The first minute: an embedded PostgreSQL, generated data and one command that serves it all."""
