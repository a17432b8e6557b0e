"""FEFF: input, the open feff8l executables, FEFF9 or FEFF10 of the user, and whether a field is to be believed."""
