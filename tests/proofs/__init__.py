"""What the proofs of the promises are made of: accidents, ledgers, tables of requests."""
