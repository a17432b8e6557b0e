"""From a measured spectrum to what a forest trained on simulations can be asked about."""
