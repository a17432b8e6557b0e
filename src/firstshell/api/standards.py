"""Standards of the user: transfers of a beamline, and how good answers are."""

from pathlib import Path

from firstshell.api.predict import models_of
from firstshell.dataset.table import Dataset
from firstshell.measured.read import ReadParams
from firstshell.measured.standards_file import read_standards, simulate_all
from firstshell.measured.xanes import beamline
from firstshell.measured.xanes.beamline import Calibrated
from firstshell.measured.xanes.population import Population, default_population
from firstshell.prediction.scoring import Scored, answer_standards, read_truth
from firstshell.report.score_table import write_score
from firstshell.runtime.progress import Reporter
from firstshell.runtime.store import Store, write_text


def calibrate(
    standards: str | Path,
    out: str | Path = "transfer.json",
    *,
    signal: str | None = None,
    columns: str | None = None,
    format: str | None = None,  # noqa: A002
    workers: int | None = None,
    reporter: Reporter | None = None,
) -> Calibrated:
    """Fit how simulated XANES turn into those of your beamline, from standards of known structure.

    Each structure is simulated, which takes some ten seconds for each distinct site of the metal; an interrupted
    run resumes.

    Parameters
    ----------
    standards : str or Path
        A CSV with the columns file, structure (CIF or POSCAR) and metal, paths relative to it; two compounds or more.
    out : str or Path
        The file to write, which `predict` takes as its `transfer`. A table and a picture of every fit, and the folder
        NAME.store with the simulations, are written beside it.
    signal, columns, format : str, optional
        Which data to read from the files; see `read_measured`.
    workers : int, optional
        Processes; one a core by default, 0 works in this process.
    reporter : Reporter, optional
        Shows progress.

    Returns
    -------
    Calibrated
        Its `population` is what models are to be trained with, its `fits` those of each standard.

    Raises
    ------
    InputError
        Naming the line of the CSV, for whatever cannot be used.

    Examples
    --------
    >>> import firstshell as fs
    >>> found = fs.calibrate("standards.csv", "transfer.json")  # doctest: +SKIP
    >>> answers = fs.predict("my.xdi", transfer=found.population)  # doctest: +SKIP

    """
    from firstshell.report.figures.standards import save_fits

    out = Path(out)
    listed = read_standards(standards, ReadParams(format, columns, signal))
    with Store.open(out.with_suffix(".store")) as store:
        simulated = simulate_all(listed, store, workers, reporter)
    found = beamline.calibrate(simulated, default_population())
    save_fits(found.fits, out.with_suffix(""))
    write_text(out, found.population.to_json() + "\n")
    return found


def score(
    truth: str | Path,
    folder: str | Path,
    *,
    align: str | float = "auto",
    transfer: Population | str | Path | None = None,
    data: Dataset | str | Path | None = None,
    out: str | Path | None = None,
    reporter: Reporter | None = None,
) -> list[Scored]:
    r"""Measure how good answers are for your own standards of known structure.

    Parameters
    ----------
    truth : str or Path
        A CSV with the columns file, metal, oxidation_state, coordination_number and bond_length (Å), averages over the
        metal's sites, empty where not known; compound (each counts once) and kind ("oxide", "metal", …) if wanted.
    folder : str or Path
        The folder that file names are relative to; my.prj#group takes one spectrum of a project.
    align : {"auto", "foil", "fit", "none"} or float
        How energies are calibrated, as for `predict`.
    transfer : Population, str or Path, optional
        Transfers of your beamline, as `calibrate` writes them.
    data : Dataset, str or Path, optional
        What models are trained on; the dataset that comes with firstshell by default.
    out : str or Path, optional
        Folder for score.md, score.json and answers.csv.
    reporter : Reporter, optional
        Shows progress.

    Returns
    -------
    list of Scored
        Each standard with its answer: `error`, `right` and `covered` of a target.

    Raises
    ------
    InputError
        For a table that cannot be read, with its line.

    Examples
    --------
    >>> import firstshell as fs
    >>> from pathlib import Path
    >>> _ = Path("truth.csv").write_text("file,metal,oxidation_state\nmy.xdi,Cu,2\n")
    >>> (scored,) = fs.score("truth.csv", ".", data="small.parquet")
    >>> scored.truth.file, scored.answer.metal
    ('my.xdi', 'Cu')

    """
    models = models_of(None, data, transfer, reporter=reporter)
    scored = answer_standards(read_truth(truth), Path(folder), models, align)
    if out is not None:
        write_score(scored, Path(out))
    return scored
