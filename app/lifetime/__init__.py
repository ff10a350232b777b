"""What customers will bring in: models fitted in the background, and their figures."""
