"""The table between simulation and learning: one row a sample, its labels and its spectra."""
