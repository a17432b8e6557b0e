"""The making of the dataset that comes with firstshell: see README.md in this folder."""
