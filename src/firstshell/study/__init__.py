"""The study: how well forests read a metal's first shell from spectra, and what the comparison of inputs is worth."""
