"""Models trained on simulations, and their answers for measured spectra."""
