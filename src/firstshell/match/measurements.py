"""Measured files of one sample, for fits and rankings."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from firstshell.elements import k_edge
from firstshell.errors import InputError
from firstshell.io.spectra.measured import Measured
from firstshell.measured.exafs.extract import MeasuredExafs
from firstshell.measured.pdf.match import MatchedPdf
from firstshell.measured.read import PdfConditionsGiven, Reading, ReadParams, read_samples
from firstshell.measured.xanes.normalise import Normalised, NormaliseParams


@dataclass(frozen=True, eq=False)
class Measurements:
    """What was measured of one sample.

    metal : the absorber
    xanes, exafs, pdf : None without one
    refused : (file, reason) of what could not be used
    """

    metal: str
    xanes: Normalised | None
    pdf: MatchedPdf | None
    exafs: MeasuredExafs | None = None
    refused: tuple[tuple[str, str], ...] = ()

    @property
    def modalities(self) -> tuple[str, ...]:
        """What there is."""
        return tuple(name for name in ("xanes", "exafs", "pdf") if getattr(self, name) is not None)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about the measurements."""
        return tuple(warning for each in (self.xanes, self.pdf) if each is not None for warning in each.warnings)


def read_measurements(
    files: Sequence[str | Path | Measured],
    metal: str | None = None,
    *,
    ranges: NormaliseParams | None = None,
    pdf: PdfConditionsGiven | None = None,
    how: ReadParams | None = None,
    exafs: bool = True,
) -> Measurements:
    """Read the XANES and the PDF of one sample, or one of them.

    metal : by default that whose edge was measured; a PDF alone needs it
    ranges, pdf, how : as `read_samples` takes them
    exafs : whether the EXAFS of a scan that has one is used

    A file that cannot be used is named in `refused`. Raises InputError when none can, for two of one kind, for a
    differential PDF, and where the metal is not known.
    """
    if metal is not None:
        k_edge(metal)
    reading = read_samples(files, metal, ranges=ranges, pdf=pdf, pair=False, how=how)
    return measurements_of(reading, metal, exafs=exafs)


def measurements_of(reading: Reading, metal: str | None = None, *, exafs: bool = True) -> Measurements:
    """Return what was read of one sample; the rest is as in `read_measurements`."""
    scans = [each.xanes for each in reading.samples if each.xanes is not None]
    pdfs = [each.pdf for each in reading.samples if each.pdf is not None]
    waves = [each.exafs for each in reading.samples if each.exafs is not None] if exafs else []
    for found, kind in ((scans, "XANES"), (pdfs, "PDFs"), (waves, "EXAFS")):
        if len(found) > 1:
            names = ", ".join(each.name for each in found[:3])
            remedy = "Give one of each kind; my.prj#group takes one group of a project"
            raise InputError(f"{len(found)} {kind} are given ({names}, …), of one sample", remedy=remedy)
    if not (scans or pdfs or waves):
        raise InputError("a structure is fitted to a XANES or a PDF", remedy="Give a scan over the edge, or a G(r)")
    if any(each.differential for each in reading.samples):
        raise InputError("structures are compared with total PDFs", remedy="Give the total G(r)")
    metal = metal or (scans[0].metal if scans else waves[0].metal if waves else None)
    if metal is None:
        raise InputError("the files do not name the metal", remedy="Name it with --metal")
    xanes, curve, wave = scans[0] if scans else None, pdfs[0] if pdfs else None, waves[0] if waves else None
    return Measurements(metal, xanes, curve, wave, tuple(reading.refused))
