"""What acquisition costs and what it comes from: leads, spend, and the size of the market."""
