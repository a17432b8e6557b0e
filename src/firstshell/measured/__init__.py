"""Measured spectra on the grids that forests are trained on."""
