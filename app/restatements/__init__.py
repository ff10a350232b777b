"""Which local days figures rest on have changed, and when they last did."""
