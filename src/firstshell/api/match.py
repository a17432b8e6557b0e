"""Structures against measurements: one that is fitted, many that are ranked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firstshell.api.answers import preformatted, styled
from firstshell.api.predict import inputs_of
from firstshell.errors import InputError
from firstshell.io.structures.files import Partial, read_structure
from firstshell.match import fit as fitting
from firstshell.match import rank as ranking
from firstshell.match.candidates import AMCSD, find_candidates
from firstshell.match.measurements import Measurements, read_measurements
from firstshell.match.pdf_fit import LAST
from firstshell.match.posterior import NONE
from firstshell.match.simulations import Simulations
from firstshell.measured.read import PdfConditionsGiven, ReadParams
from firstshell.measured.xanes.normalise import NormaliseParams
from firstshell.measured.xanes.population import Population, as_population
from firstshell.runtime.executors import Executor
from firstshell.runtime.progress import Reporter, Silent
from firstshell.runtime.spreadsheet import write_csv, write_table
from firstshell.runtime.store import write_json

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pymatgen.core.structure import Structure

    from firstshell.match.simulations import Cost


@dataclass(frozen=True, eq=False)
class StructureFit(fitting.StructureFit):
    """A structure on the measurements of one sample.

    Parameters
    ----------
    name : str
        Of the structure.
    measurements : Measurements
        What was measured, and the files that could not be used.
    xanes : XanesFit, optional
        The best transfer from the simulated XANES to the measured one; None where none was measured.
    pdf : PdfFit, optional
        The structure fitted to the PDF; None where none was measured.
    nearness : dict
        By modality, share of correct structures of standards whose residual is larger, 0 to 1; of PDFs, that of the
        quick comparison, up to 10 Å.

    Examples
    --------
    >>> import firstshell as fs
    >>> found = fs.fit("rutile.cif", "my.gr", metal="Ti")
    >>> found.frame()["parameter"].tolist()
    ['scale', 'strain', 'uiso O', 'uiso Ti', 'delta2']
    >>> found.plot().savefig("fit.png")

    """

    def plot(self) -> Figure:
        """Draw measured and fitted curves, and what is left.

        Returns
        -------
        Figure
            A matplotlib figure, which notebooks show.

        """
        from firstshell.report.figures.match import fit_figure

        return styled(fit_figure, self)

    def save(self, folder: str | Path) -> list[Path]:
        """Write fit.csv (parameters), fit_curves.csv, fit.json, the picture (PNG, SVG), and report.html with all.

        Parameters
        ----------
        folder : str or Path
            Created if missing.

        Returns
        -------
        list of Path
            The files.

        """
        from firstshell.report.match_report import write_fit

        folder = Path(folder)
        table, curves, summary = folder / "fit.csv", folder / "fit_curves.csv", folder / "fit.json"
        write_csv(self.frame(), table)
        write_csv(self.curves(), curves)
        write_json(summary, self.summary())
        pictures = _pictures(self, folder / "fit")
        return [table, curves, summary, *pictures, write_fit(self, pictures[-1])]

    def _repr_html_(self) -> str:
        from firstshell.report.words.match import fit_lines

        return preformatted("\n".join(fit_lines(self)))


@dataclass(frozen=True, eq=False)
class Ranking(ranking.Ranking):
    """Candidate structures by their probability.

    Parameters
    ----------
    measurements : Measurements
        What was measured, and the files that could not be used.
    ranked : tuple of Ranked
        The candidates, the most probable first.
    none : float
        Probability that the sample is none of them.
    none_alone : dict
        The same by each modality alone.
    refused : tuple
        (candidate, reason) of those that could not be compared.

    Examples
    --------
    >>> import firstshell as fs
    >>> found = fs.rank("my.gr", ["rutile.cif", "anatase.cif"], metal="Ti")
    >>> found.frame()[["candidate", "formula"]].values.tolist()[-1][0]
    'none of these'
    >>> 0 <= found.none <= 1
    True

    """

    def plot(self) -> Figure:
        """Draw the probabilities of the first candidates, by all measurements together and by each.

        Returns
        -------
        Figure
            A matplotlib figure, which notebooks show.

        """
        from firstshell.report.figures.match import ranking_figure

        return styled(ranking_figure, self)

    def save(self, folder: str | Path) -> list[Path]:
        """Write ranking.csv, ranking.parquet, the picture as PNG and SVG, and report.html, one page with all of it.

        Parameters
        ----------
        folder : str or Path
            Created if missing.

        Returns
        -------
        list of Path
            The files.

        """
        from firstshell.report.match_report import write_ranking

        folder = Path(folder)
        tables, pictures = write_table(self.frame(), folder / "ranking"), _pictures(self, folder / "ranking")
        return [*tables, *pictures, write_ranking(self, pictures[-1])]

    def _repr_html_(self) -> str:
        from firstshell.report.words.match import ranking_lines

        return preformatted("\n".join(ranking_lines(self)))


def fit(
    structure: Structure | str | Path,
    files: Any,
    metal: str | None = None,
    *,
    strain: str = "isotropic",
    motion: str = "delta2",
    rmax: float = LAST,
    qmax: float | None = None,
    qdamp: float | None = None,
    radiation: str | None = None,
    signal: str | None = None,
    columns: str | None = None,
    format: str | None = None,  # noqa: A002
    ranges: NormaliseParams | None = None,
    transfer: Population | str | Path | None = None,
    partial: Partial = "refuse",
    folder: str | Path | None = None,
    executor: Executor | None = None,
    workers: int | None = None,
    reporter: Reporter | None = None,
    on_cost: Callable[[Cost], None] | None = None,
) -> StructureFit:
    """Fit one structure to the XANES and the PDF of a sample, or to one of them.

    The XANES of the structure is simulated (some ten seconds for each distinct site of the metal) and put on the
    measured one by shift, stretch, broadening, over-absorption and slope; the PDF by scale, strain, displacements,
    correlated motion and resolution.

    Parameters
    ----------
    structure : Structure, str or Path
        A CIF, a POSCAR, or a pymatgen Structure.
    files : str, Path, Measured, larch Group, or a list of these
        A XANES, a PDF, or one of each.
    metal : str, optional
        The absorber; by default the metal whose edge was measured. A PDF alone needs it.
    strain : {"isotropic", "system", "none"}
        How the cell may change; "system" fits what the crystal system leaves free.
    motion : {"delta1", "delta2", "none"}
        How correlated motion sharpens near peaks of the PDF.
    rmax : float
        Å, end of the range of the PDF.
    qmax, qdamp : float, optional
        Å⁻¹, of the PDF; by default from the file. A Qdamp that is not known is fitted.
    radiation : {"xray", "neutron"}, optional
        Radiation of the PDF; by default from the file, else X-rays.
    signal, columns, format : str, optional
        Which data to read from the files; see `read_measured`.
    ranges : NormaliseParams, optional
        Normalisation ranges of the XANES.
    transfer : Population, str or Path, optional
        Transfer from simulated spectra to those of your beamline, as `calibrate` writes it.
    partial : {"refuse", "round"}
        What to do with partly occupied positions.
    folder : str or Path, optional
        Where the simulated XANES is kept, so that it is not simulated again.
    executor : Executor, optional
        Where simulations run.
    workers : int, optional
        Local processes; one a core by default.
    reporter : Reporter, optional
        Shows progress.
    on_cost : callable, optional
        Called with the cost of the simulation before it starts.

    Returns
    -------
    StructureFit
        Parameters with 90 % intervals, curves, and how the residual compares with those of correct structures.

    Raises
    ------
    InputError
        When no file can be used, or the structure does not contain the metal.
    EngineError
        When a simulation or a fit fails.

    Examples
    --------
    >>> import firstshell as fs
    >>> found = fs.fit("rutile.cif", "my.gr", metal="Ti", rmax=12)
    >>> sorted(found.residuals)
    ['pdf']

    """
    conditions, how = PdfConditionsGiven(radiation, qmax, qdamp), ReadParams(format, columns, signal)
    measurements = _measurements(files, metal, ranges=ranges, pdf=conditions, how=how, exafs=False)
    named = isinstance(structure, str | Path)
    crystal = read_structure(structure, partial=partial) if isinstance(structure, str | Path) else structure
    name = Path(str(structure)).stem if named else crystal.composition.reduced_formula
    found = fitting.fit_structure(
        measurements,
        crystal,
        name,
        strain=strain,
        motion=motion,
        rmax=rmax,
        population=as_population(transfer),
        simulations=_simulations(folder, executor, workers, reporter, on_cost),
    )
    return StructureFit(**found.__dict__)


def rank(
    files: Any,
    candidates: str | Path | Sequence[str | Path] = AMCSD,
    metal: str | None = None,
    *,
    composition: Sequence[str] = (),
    exafs: bool = True,
    most: int = ranking.MOST,
    none: float = NONE,
    qmax: float | None = None,
    qdamp: float | None = None,
    radiation: str | None = None,
    signal: str | None = None,
    columns: str | None = None,
    format: str | None = None,  # noqa: A002
    ranges: NormaliseParams | None = None,
    transfer: Population | str | Path | None = None,
    partial: Partial = "refuse",
    folder: str | Path | None = None,
    executor: Executor | None = None,
    workers: int | None = None,
    reporter: Reporter | None = None,
    on_cost: Callable[[Cost], None] | None = None,
) -> Ranking:
    """Rank candidate structures of a sample by their probability, from its XANES, EXAFS, PDF, or several of them.

    PDFs are compared first, at milliseconds each; then the EXAFS of a scan that has one, at half a second each; XANES
    are simulated for the structures that these leave, unless the candidates are those of the embedded dataset, whose
    XANES and scattering paths are known.

    Parameters
    ----------
    files : str, Path, Measured, larch Group, or a list of these
        A XANES, a PDF, or one of each.
    candidates : str, Path or list of these
        Structure files, folders of them, a CSV with a column "file"; "embedded" for the dataset that comes with
        firstshell; "amcsd" for the minerals of `composition`.
    metal : str, optional
        The absorber; by default the metal whose edge was measured. A PDF alone needs it.
    composition : list of str
        Elements of the sample: candidates with others are left out. AMCSD needs it.
    exafs : bool
        Whether the EXAFS of a scan that reaches far enough is used as well.
    most : int
        Largest number of structures whose XANES are simulated.
    none : float
        Prior probability that the sample is none of the candidates.
    qmax, qdamp : float, optional
        Å⁻¹, of the PDF; by default from the file, else estimated.
    radiation : {"xray", "neutron"}, optional
        Radiation of the PDF; by default from the file, else X-rays.
    signal, columns, format : str, optional
        Which data to read from the files; see `read_measured`.
    ranges : NormaliseParams, optional
        Normalisation ranges of the XANES.
    transfer : Population, str or Path, optional
        Transfer from simulated spectra to those of your beamline, as `calibrate` writes it.
    partial : {"refuse", "round"}
        What to do with partly occupied positions.
    folder : str or Path, optional
        Where simulated XANES are kept, so that an interrupted run resumes.
    executor : Executor, optional
        Where simulations run.
    workers : int, optional
        Local processes; one a core by default.
    reporter : Reporter, optional
        Shows progress.
    on_cost : callable, optional
        Called with the cost of simulations before they start.

    Returns
    -------
    Ranking
        Candidates, the most probable first, and the probability of none of them.

    Raises
    ------
    InputError
        When no file or no candidate can be used, or more XANES than `most` would have to be simulated.

    Examples
    --------
    >>> import firstshell as fs
    >>> found = fs.rank("my.gr", ["rutile.cif", "anatase.cif"], metal="Ti")
    >>> len(found.ranked)
    2

    """
    conditions, how = PdfConditionsGiven(radiation, qmax, qdamp), ReadParams(format, columns, signal)
    measurements = _measurements(files, metal, ranges=ranges, pdf=conditions, how=how, exafs=exafs)
    found = ranking.rank_candidates(
        measurements,
        find_candidates(candidates, measurements.metal, composition, partial=partial, reporter=reporter),
        population=as_population(transfer),
        most=most,
        none=none,
        simulations=_simulations(folder, executor, workers, reporter, on_cost),
    )
    return Ranking(**found.__dict__)


def _measurements(files: Any, metal: str | None, **how: Any) -> Measurements:
    """Read what was given; how : as `read_measurements` takes it."""
    given = list(inputs_of(files))
    if not given:
        raise InputError("no files are given", remedy="Name a measured XANES or PDF")
    return read_measurements(given, metal, **how)


def _simulations(
    folder: str | Path | None,
    executor: Executor | None,
    workers: int | None,
    reporter: Reporter | None,
    on_cost: Callable[[Cost], None] | None,
) -> Simulations:
    place = None if folder is None else Path(folder)
    return Simulations(place, executor, workers, reporter or Silent(), on_cost or (lambda _: None))


def _pictures(found: StructureFit | Ranking, stem: Path) -> list[Path]:
    from firstshell.report.pictures import save_picture
    from firstshell.report.style import paper_style

    with paper_style():
        return save_picture(found.plot(), stem)
