"""Studies: which input reads the first shell best, with the report that the command writes."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from firstshell.api.answers import preformatted
from firstshell.api.data import training_data
from firstshell.api.settings import read_plan, words
from firstshell.config import from_dict
from firstshell.dataset.table import Dataset
from firstshell.errors import InputError
from firstshell.runtime.progress import Reporter
from firstshell.runtime.store import Store
from firstshell.study import result as base
from firstshell.study import study as running
from firstshell.study.plan import StudyPlan
from firstshell.study.samples import study_metals


@dataclass(frozen=True, eq=False)
class Study(base.Study):
    """The result of a study; docs/explanation/study.md describes every table and column.

    Parameters
    ----------
    scores, predictions, impurity, permutation, comparisons, ranking : DataFrame
        The tables.
    findings, natural, origins, reference, checks : DataFrame
        Further tables.
    settings : dict
        The plan.
    provenance : dict
        Hash of the dataset, versions, machine, seconds, and the samples used and dropped.
    data : Dataset, optional
        What it was made on; None in a study that was loaded.

    Examples
    --------
    >>> import firstshell as fs
    >>> plan = fs.StudyPlan(targets=("bond_length",), inputs=("xanes", "pdf"), splits=("grouped",), repeats=2)
    >>> study = fs.run_study("small.parquet", plan, out="study", workers=0)
    >>> again = fs.Study.load("study")
    >>> again.scores.equals(study.scores)
    True
    >>> study.report("study", robustness=False).name
    'report.html'

    """

    data: Dataset | None = field(default=None, kw_only=True, repr=False)

    def report(
        self,
        folder: str | Path,
        data: Dataset | str | Path | None = None,
        *,
        robustness: bool = True,
        workers: int | None = None,
        reporter: Reporter | None = None,
    ) -> Path:
        """Write the report of the command: report.html, figures and tables.

        Parameters
        ----------
        folder : str or Path
            Created if missing; long calculations are kept in its folder store, so that a second call resumes an
            interrupted one.
        data : Dataset, str or Path, optional
            What the study was made on; by default `data` of the study, or the dataset that comes with firstshell.
        robustness : bool
            Whether to test the sensitivity to spectrum quality, which takes a minute more.
        workers : int, optional
            Processes; one a core by default, 0 works in this process.
        reporter : Reporter, optional
            Shows progress.

        Returns
        -------
        Path
            The page.

        Raises
        ------
        InputError
            When the folder cannot be written, or the study was made on other data.

        """
        from firstshell.dataset.exafs import with_spectra
        from firstshell.prediction.robustness import study_curves
        from firstshell.report.build import build_report, check_data

        folder = Path(folder)
        made_on = self.data if data is None and self.data is not None else training_data(data)
        check_data(self, made_on)
        curves = None
        if robustness:
            plan = from_dict(StudyPlan, self.settings)
            studied = with_spectra(made_on, plan.modalities)
            with Store.open(folder / "store") as store:
                curves = study_curves(studied, study_metals(made_on, plan), store, reporter, workers=workers)
        return build_report(self, made_on, folder, curves, workers=workers, reporter=reporter)

    def __str__(self) -> str:
        """Return what the command prints at its end: the scores in short, and what they show."""
        from firstshell.report.words.study import console

        return console(self)

    def _repr_html_(self) -> str:
        return preformatted(str(self))


def run_study(
    data: Dataset | str | Path | None = None,
    plan: StudyPlan | None = None,
    *,
    out: str | Path | None = None,
    preset: str = "default",
    metal: str | Sequence[str] = "",
    with_: Dataset | str | Path = "",
    config: str | Path | None = None,
    set_: Sequence[str] = (),
    workers: int | None = None,
    backend: str = "auto",
    reporter: Reporter | None = None,
) -> Study:
    """Run a study: the same data, plan, backend and versions give the same tables to the bit, whatever the workers.

    Parameters
    ----------
    data : Dataset, str or Path, optional
        The samples; the dataset that comes with firstshell by default.
    plan : StudyPlan, optional
        What to study, instead of `preset`, `config` and `set_`.
    out : str or Path, optional
        Folder for the results; every training is stored there as it ends, and a second start does only the rest.
    preset : {"default", "paper"}
        Extremely randomised trees on grouped and random splits, or the recipe of Na Narong et al. (2025).
    metal : str or list of str
        Metals to study, a list or as in "Fe,Cu"; all by default.
    with_ : Dataset, str or Path
        Another dataset that trains beside `data` and is never tested on: "embedded" for the one that comes with
        firstshell.
    config : str or Path, optional
        A study.toml; its table [study] changes the preset.
    set_ : list of str
        Single settings as on the command line, such as "study.repeats=5".
    workers : int, optional
        Processes; None takes one a core, 0 works in this process.
    backend : {"auto", "sklearn", "intelex"}
        Which forests.
    reporter : Reporter, optional
        Shows progress.

    Returns
    -------
    Study
        The tables. A target that cannot be studied beside others that can is left out, and check FS106 says why.

    Raises
    ------
    InputError
        When the data cannot answer any of the plan's questions, and for settings without meaning.

    Examples
    --------
    >>> import firstshell as fs
    >>> plan = fs.StudyPlan(targets=("bond_length",), inputs=("xanes",), splits=("grouped",), repeats=2)
    >>> study = fs.run_study("small.parquet", plan, workers=0)
    >>> sorted(set(study.frame()["inputs"]))
    ['composition', 'modal', 'xanes']

    """
    if plan is None:
        plan = read_plan(config, set_, preset)
    elif config is not None or set_:
        raise InputError("a plan holds all settings", remedy="Leave out config and set_, or the plan")
    if metal:
        plan = replace(plan, metals=words(metal))
    dataset = training_data(data, with_)
    found = running.run_study(dataset, plan, out=out, workers=workers, reporter=reporter, backend=backend)
    return Study(**found.__dict__, data=dataset)
