"""Crystals for the embedded dataset."""
