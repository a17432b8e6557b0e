"""A measured PDF on the grid of the training PDFs."""
