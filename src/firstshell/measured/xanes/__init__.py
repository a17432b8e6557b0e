"""A measured XANES on the grid of the training spectra, and how simulation and measurement differ."""
