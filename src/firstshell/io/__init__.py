"""Readers of files and services that others made."""
