"""What was measured of one sample, prepared for a model: read, normalised, aligned, on the training grid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from firstshell.errors import InputError
from firstshell.io.spectra.measured import Measured
from firstshell.io.spectra.sniff import read_measured
from firstshell.measured.exafs.extract import MeasuredExafs, extract, from_chi
from firstshell.measured.xanes.normalise import Normalised, NormaliseParams, normalise

if TYPE_CHECKING:
    from firstshell.measured.pdf.match import MatchedPdf

MOST_SPECTRA = 20_000
MOST_REASONS = 8


@dataclass(frozen=True)
class PdfConditionsGiven:
    """What the user says of how PDFs were measured; None leaves it to the file's header, or to an estimate.

    radiation : "xray" or "neutron"; qmax, qdamp : Å⁻¹; differential : they are the metal's differential PDFs
    """

    radiation: str | None = None
    qmax: float | None = None
    qdamp: float | None = None
    differential: bool = False


@dataclass(frozen=True)
class ReadParams:
    """How files are read; None leaves it to what they hold.

    format : name of the format
    columns : which columns of a table to take, such as "energy=1,mu=ln(3/4)"
    signal : kind or formula of the signal to take, such as "fluorescence"
    """

    format: str | None = None
    columns: str | None = None
    signal: str | None = None


@dataclass(frozen=True, eq=False)
class MeasuredSample:
    """The measurements of one sample.

    xanes : normalised, on measured energies; None without one
    pdf : on the model's grid; None without one
    differential : whether the PDF is the metal's differential one
    exafs : χ(k) of the same scan as the XANES, or of a file of its own; None without one
    no_exafs : why the scan has none that can be used, "" where it has
    """

    name: str
    xanes: Normalised | None = None
    pdf: MatchedPdf | None = None
    differential: bool = False
    exafs: MeasuredExafs | None = None
    no_exafs: str = ""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Modalities of the model that answers; EXAFS, which has its own, only where there is nothing else."""
        of_pdf = () if self.pdf is None else ("dpdf" if self.differential else "pdf",)
        return (("xanes",) if self.xanes is not None else ()) + of_pdf or ("exafs",)

    @property
    def metal(self) -> str | None:
        """The absorber, or the metal whose differential PDF it is; None where the files do not say."""
        if self.xanes is not None:
            return self.xanes.metal
        if self.exafs is not None and self.exafs.metal is not None:
            return self.exafs.metal
        return None if self.pdf is None else self.pdf.differential

    @property
    def radiation(self) -> str:
        """What the PDF was measured with."""
        return self.pdf.conditions.radiation if self.pdf is not None else "xray"

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the files."""
        apart = self.exafs if self.xanes is None else None
        return tuple(each.source for each in (self.xanes, apart, self.pdf) if each is not None)


@dataclass(frozen=True)
class Reading:
    """What came of a list of files: samples, and what could not be used, as (file or group, reason)."""

    samples: list[MeasuredSample] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


def read_samples(
    files: Sequence[str | Path | Measured],
    metal: str | None = None,
    *,
    ranges: NormaliseParams | None = None,
    pdf: PdfConditionsGiven | None = None,
    pair: bool = True,
    how: ReadParams | None = None,
) -> Reading:
    """Read measured files; "project.prj#Group" takes one group of a project. What is read already is taken as it is.

    metal : the absorber; groups of a project that are of another element are refused one by one
    ranges : of normalisation
    pdf : how PDFs were measured
    pair : whether a XANES and a PDF belong to one sample: the only two given, or two files of one name
    how : how the files are read

    A file that cannot be used is refused by name; when none can, the reasons are raised as one InputError.
    """
    found: list[MeasuredSample] = []
    reading = Reading()
    first: InputError | None = None
    for file in files:
        try:
            spectra = [file] if isinstance(file, Measured) else _read(file, how or ReadParams())
        except InputError as error:
            first = first or error
            reading.refused.append((Path(str(file)).name, reason(error)))
            continue
        for measured in spectra:
            try:
                found.append(prepared(measured, len(spectra), metal, ranges, pdf or PdfConditionsGiven()))
            except InputError as error:
                first = first or error
                label = measured.source if len(spectra) == 1 else f"{measured.source}#{measured.name}"
                reading.refused.append((label, reason(error)))
        if len(found) > MOST_SPECTRA:
            raise InputError(f"over {MOST_SPECTRA:,} spectra", remedy="Give them in parts")
    if not found:
        raise none_usable(reading.refused, first)
    return Reading(paired(found) if pair else found, reading.refused)


def reason(error: InputError) -> str:
    """Return what was wrong and what to do, without the file."""
    return str(InputError(error.what, remedy=error.remedy))


def none_usable(refused: Sequence[tuple[str, str]], first: InputError | None) -> InputError:
    """Return the error that says why none of the files can be used."""
    if first is None:
        return InputError("no files are given", remedy="Name a measured XANES or PDF")
    if len(refused) == 1:
        return first
    reasons = " ".join(f"{name}: {reason}" for name, reason in refused[:MOST_REASONS])
    more = len(refused) - MOST_REASONS
    return InputError(
        f"none of {len(refused)} can be used", remedy=reasons + (f" And {more} more." if more > 0 else "")
    )


def _read(file: str | Path, how: ReadParams) -> list[Measured]:
    path, mark, group = str(file).partition("#")
    if Path(file).is_file() or not mark:
        return read_measured(file, how.format, how.columns, how.signal)
    spectra = read_measured(path, how.format, how.columns, how.signal)
    named = [each for each in spectra if each.name == group]
    if not named:
        names = ", ".join(each.name for each in spectra)[:300]
        raise InputError(f"there is no group {group!r}", remedy=f"It has: {names}", file=path)
    return named


def prepared(
    measured: Measured, of: int, metal: str | None, ranges: NormaliseParams | None, pdf: PdfConditionsGiven
) -> MeasuredSample:
    """Normalise one spectrum and take its EXAFS, or put one PDF on the model's grid.

    of : how many spectra its file holds; a group of several is named after both
    metal : the absorber; by default what the file or its edge says

    Raises InputError for what cannot be used.
    """
    if measured.kind == "pdf":
        from firstshell.measured.pdf.match import match_pdf  # imports what XANES do not need

        matched = match_pdf(measured, radiation=pdf.radiation, qmax=pdf.qmax, qdamp=pdf.qdamp)
        if matched.differential is not None and metal not in (None, matched.differential):
            what = f"it is the differential PDF of {matched.differential}, not of {metal}"
            raise InputError(what, remedy="Name that metal, or give another file", file=measured.source)
        return MeasuredSample(measured.name, pdf=matched, differential=pdf.differential or bool(matched.differential))
    name = measured.name if of == 1 else f"{measured.source}#{measured.name}"
    if measured.kind == "exafs":
        return MeasuredSample(name, exafs=from_chi(measured, metal))
    scan = normalise(measured, ranges, metal)
    try:
        return MeasuredSample(name, scan, exafs=extract(scan))
    except InputError as error:  # most scans of XANES end before
        return MeasuredSample(name, scan, no_exafs=reason(error))


def paired(found: list[MeasuredSample]) -> list[MeasuredSample]:
    """Put XANES (or χ(k)) and PDF of one sample together: the only two there are, or two files of one name."""
    xanes, pdfs = [each for each in found if each.pdf is None], [each for each in found if each.pdf is not None]
    if len(xanes) == len(pdfs) == 1:
        return [_both(xanes[0], pdfs[0])]
    by_name = {_stem(each): each for each in pdfs}
    if not pdfs or len(by_name) < len(pdfs):
        return found
    made, used, count = [], set(), Counter(_stem(each) for each in xanes)
    for each in xanes:
        stem = _stem(each)
        if count[stem] == 1 and stem in by_name:
            made.append(_both(each, by_name[stem]))
            used.add(stem)
        else:
            made.append(each)
    return made + [each for each in pdfs if _stem(each) not in used]


def _stem(sample: MeasuredSample) -> str:
    return Path(sample.sources[0]).stem


def _both(one: MeasuredSample, two: MeasuredSample) -> MeasuredSample:
    return replace(one, name=f"{one.name} + {two.name}", pdf=two.pdf, differential=two.differential)
