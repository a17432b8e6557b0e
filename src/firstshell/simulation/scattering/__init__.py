"""Full multiple scattering, from phase shifts to the absorption near the edge."""
