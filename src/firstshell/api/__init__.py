"""What Python users call: one function for each command, with its words, and results that show themselves."""
