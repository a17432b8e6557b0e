"""Crystal structures from files: CIF and POSCAR, read strictly."""
