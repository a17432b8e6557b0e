"""What spectra of interfering waves are looked at with."""
