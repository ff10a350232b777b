"""What is asked: definitions, their immutable versions, and what a valid answer is."""
