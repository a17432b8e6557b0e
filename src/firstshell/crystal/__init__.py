"""What a crystal structure says of a metal: symmetry, distinct sites, valences, labels."""
