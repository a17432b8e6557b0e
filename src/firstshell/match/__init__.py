"""Structures and mixtures against measurements: which phases a sample is of, and how much of each."""
