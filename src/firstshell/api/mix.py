"""Measured scans in, fractions of phases out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firstshell.api.answers import styled
from firstshell.api.predict import inputs_of
from firstshell.elements import k_edge
from firstshell.errors import InputError
from firstshell.match import mix as base
from firstshell.match.phases import Phase
from firstshell.match.read_phases import PhaseReading, read_phases
from firstshell.measured.read import ReadParams, read_samples
from firstshell.measured.xanes.normalise import NormaliseParams
from firstshell.measured.xanes.population import Population, as_population, default_population
from firstshell.prediction.model_source import ModelSource
from firstshell.runtime.progress import Reporter

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Mixtures(base.Mixtures):
    """What scans are made of; a sequence that shows itself.

    Parameters
    ----------
    mixed : tuple of Mixture
        In the order of the scans.
    refused : tuple
        (file or group, reason) of what could not be used.
    components : Components, optional
        What was found of a series whose phases were not known.

    Examples
    --------
    >>> import firstshell as fs
    >>> found = fs.mix("mixture.dat", with_=["one.dat", "other.dat"])
    >>> found.plot(0).savefig("mixture.png")

    """

    def frame(self) -> pd.DataFrame:
        """Return the fractions as a table.

        Returns
        -------
        DataFrame
            One row a phase of a scan: its fraction with the ends of the 90 % interval, and what is known of the fit.

        """
        from firstshell.report.mixture_table import frame

        return frame(self)

    def plot(self, scan: int | None = None) -> Figure:
        """Draw one scan with its parts and residual, or the fractions along all scans.

        Parameters
        ----------
        scan : int, optional
            Number of the scan from 0; None draws the series.

        Returns
        -------
        Figure
            A matplotlib figure.

        """
        from firstshell.report.figures.mixture import mixture_figure, series_figure

        return styled(series_figure, self) if scan is None else styled(mixture_figure, self[scan])

    def save(self, folder: str | Path) -> list[Path]:
        """Write the table of fractions, the curves of the first scans, pictures and report.html, as the command does.

        Parameters
        ----------
        folder : str or Path
            Created if missing.

        Returns
        -------
        list of Path
            The files, the table first.

        """
        from firstshell.report.figures.mixture import PICTURES, save_mixtures
        from firstshell.report.match_report import write_mixtures
        from firstshell.report.mixture_table import write_curves, write_table

        folder = Path(folder)
        written = [*write_table(self, folder), *write_curves(self[:PICTURES], folder)]
        pictures = save_mixtures(self, folder)
        page = write_mixtures(self, [path for path in pictures if path.suffix == ".svg"])
        return [*written, *pictures, page]

    def _repr_html_(self) -> str:
        from firstshell.report.words.mixture import line

        return "".join(f"<p>{escape(line(each))}</p>" for each in self)


def mix(
    files: Any,
    metal: str | None = None,
    *,
    with_: str | Path | Sequence[str | Path] = (),
    series: bool = False,
    components: int | None = None,
    elsewhere: bool = False,
    signal: str | None = None,
    columns: str | None = None,
    format: str | None = None,  # noqa: A002
    e0: float | None = None,
    pre1: float | None = None,
    pre2: float | None = None,
    norm1: float | None = None,
    norm2: float | None = None,
    transfer: Population | str | Path | None = None,
    store: str | Path | None = None,
    workers: int | None = None,
    reporter: Reporter | None = None,
) -> Mixtures:
    """Find how much of each phase measured XANES hold, and whether these phases suffice.

    Parameters
    ----------
    files : str, Path, larch Group, Measured, or a list of these
        The scans.
    metal : str, optional
        The absorber; by default that of the first scan.
    with_ : str, Path, or a list of these
        The phases: a CSV of standards, measured files, structures to simulate, folders of these, or "embedded". Without
        any, the components of the series are sought.
    series : bool
        Whether the scans are one series, which has one set of phases.
    components : int, optional
        How many components to seek where no phases are named; by default as many as the series supports.
    elsewhere : bool
        Whether standards were measured at other beamlines than the scans, for which intervals are wider.
    signal, columns, format : str, optional
        Which data to read from the files; see `read_measured`.
    e0 : float, optional
        Edge energy of the scans in eV; the steepest rise by default.
    pre1, pre2, norm1, norm2 : float, optional
        Ranges of the pre-edge line and the post-edge curve in eV from E0, of scans and standards.
    transfer : Population, str or Path, optional
        Transfer from simulated spectra to those of your beamline, as `calibrate` writes it.
    store : str or Path, optional
        Folder that keeps simulations of structures.
    workers : int, optional
        Processes that simulate structures; one a core by default.
    reporter : Reporter, optional
        Shows progress.

    Returns
    -------
    Mixtures
        One mixture a scan, and the files that could not be used, with the reasons.

    Raises
    ------
    InputError
        When no scan can be used, for any phase that cannot, for fewer than two, and for one given twice.

    Examples
    --------
    >>> import firstshell as fs
    >>> found = fs.mix("mixture.dat", with_=["one.dat", "other.dat"])
    >>> [part.name for part in found[0].parts]
    ['one', 'other']
    >>> round(found[0].parts[0].fraction, 1), found[0].sufficient
    (0.7, True)

    """
    if metal is not None:
        k_edge(metal)
    how, ranges = ReadParams(format, columns, signal), NormaliseParams(None, pre1, pre2, norm1, norm2)
    of_scans = NormaliseParams(e0, pre1, pre2, norm1, norm2)
    reading = read_samples([*inputs_of(files)], metal, ranges=of_scans, pair=False, how=how)
    reading, metal = base.of_one_metal(reading, metal)
    population = as_population(transfer)
    sources = [with_] if isinstance(with_, str | Path) else list(with_)
    if sources and components is not None:
        what = "a number of components and the phases are given"
        raise InputError(what, remedy="Leave out --components or --with (components= or with_= in Python)")
    phases: list[Phase] = []
    if sources:
        kept = None if store is None else Path(store)
        settings = PhaseReading(metal, population or default_population(), how, ranges, elsewhere, kept, workers)
        phases = read_phases(sources, settings, reporter)
    models = ModelSource(population=population, reporter=reporter)
    found = base.mix_samples(
        reading, metal, phases, models, count=components, series=series, elsewhere=elsewhere, reporter=reporter
    )
    return Mixtures(**found.__dict__)
