"""Simulated PDFs in the guise of measured ones."""

from firstshell.io.spectra.measured import Measured, PdfHeader
from firstshell.simulation.pdf import PdfParams, pdf_family


def measured_pdf(structure, header=None, scale=1.0, **params) -> Measured:
    """G(r) of a structure on every rstep, as if it had been measured."""
    settings = {"rmax": 30.0, "rstep": 0.01, "points": None, **params}
    family = pdf_family(structure, None, PdfParams(**settings))
    return curve(family.r, scale * family.total(), header)


def curve(r, g, header=None) -> Measured:
    return Measured("pdf", "made", r, g, "made.gr", "G(r)", pdf=header or PdfHeader())
