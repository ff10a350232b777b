"""How many to ask and whom, how to weigh them, and how far their answers can be trusted."""
