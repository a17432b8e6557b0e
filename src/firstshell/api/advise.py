"""Advice on what to measure, with its learning curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from firstshell.api.answers import preformatted, styled
from firstshell.api.data import training_data
from firstshell.api.settings import numbers, read_plan, words
from firstshell.runtime.progress import Reporter
from firstshell.study.curves import SIZES, Curves, run_curves

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from firstshell.dataset.table import Dataset


@dataclass(frozen=True, eq=False)
class Advice:
    """Which measurement to take of a metal, what error to expect, and what more training materials would give.

    Parameters
    ----------
    curves : Curves
        Scores of every training.

    Examples
    --------
    >>> import firstshell as fs
    >>> how = {"inputs": "xanes,pdf", "sizes": [0.5], "repeats": 4, "set_": ["study.forest.trees=[8]"], "workers": 0}
    >>> advice = fs.advise("small.parquet", metal="Cu", target="bond_length", **how)
    >>> "Advice: " in str(advice), advice.plot().axes[0].get_ylabel()
    (True, 'RMSE (% of mean bond length)')
    >>> [path.name for path in advice.save("advice")]
    ['advice.csv', 'curves.png', 'curves.svg']

    """

    curves: Curves

    def frame(self) -> pd.DataFrame:
        """Return errors by target, inputs and number of training materials.

        Returns
        -------
        DataFrame
            As advice.csv of the command has it: `mean` with the ends `low` and `high` of its 95 % interval in `unit`,
            and whether it is `extrapolated`.

        """
        from firstshell.study.advice import advice_table

        return advice_table(self.curves)

    def _repr_html_(self) -> str:
        return preformatted(str(self))

    def plot(self) -> Figure:
        """Draw the learning curves.

        Returns
        -------
        Figure
            A matplotlib figure, which notebooks show.

        """
        from firstshell.report.figures.advice import curves_figure

        return styled(curves_figure, self.frame(), self.curves.plan.level)

    def save(self, folder: str | Path) -> list[Path]:
        """Write advice.csv, curves.png and curves.svg.

        Parameters
        ----------
        folder : str or Path
            Created if missing.

        Returns
        -------
        list of Path
            The files.

        """
        from firstshell.report.figures.advice import save_curves
        from firstshell.runtime.spreadsheet import write_csv

        folder, table = Path(folder), self.frame()
        write_csv(table, folder / "advice.csv")
        return [folder / "advice.csv", *save_curves(table, self.curves.plan.level, folder)]

    def __str__(self) -> str:
        """Return errors, learning curves and advice in words, as the command prints them."""
        from firstshell.report.words.advice import summary

        return summary(self.curves, self.frame())


def advise(
    data: Dataset | str | Path | None = None,
    *,
    metal: str,
    target: str | Sequence[str] = "",
    inputs: str | Sequence[str] = "",
    sizes: str | Sequence[float] = "",
    repeats: int | None = None,
    out: str | Path | None = None,
    config: str | Path | None = None,
    set_: Sequence[str] = (),
    workers: int | None = None,
    backend: str = "auto",
    reporter: Reporter | None = None,
) -> Advice:
    """Say which measurement to take, what error to expect, and what more training materials would give.

    Forests are trained on parts of the data and tested on materials held out.

    Parameters
    ----------
    data : Dataset, str or Path, optional
        The samples; the dataset that comes with firstshell by default.
    metal : str
        The metal to be measured.
    target : str or list of str
        What to predict, a list or as in "oxidation_state,bond_length"; all three by default.
    inputs : str or list of str
        Measurements to choose from, as in "xanes,pdf,xanes+pdf"; by default those of a study.
    sizes : str or list of float
        Parts of the training side to train on, as in [0.25, 0.5, 1]; five from 0.1 to 1 by default.
    repeats : int, optional
        Splits; 10 by default.
    out : str or Path, optional
        Folder in which every training is stored as it ends, so that a second start does only the rest.
    config : str or Path, optional
        A study.toml; its table [study] changes the settings.
    set_ : list of str
        Single settings as on the command line, such as "study.seed=1".
    workers : int, optional
        Processes; one a core by default, 0 works in this process.
    backend : {"auto", "sklearn", "intelex"}
        Which forests.
    reporter : Reporter, optional
        Shows progress.

    Returns
    -------
    Advice
        Errors and learning curves; in words by `str`.

    Raises
    ------
    InputError
        When the data cannot answer, and for settings without meaning.

    Examples
    --------
    >>> import firstshell as fs
    >>> how = {"inputs": "xanes,pdf", "sizes": [0.5], "repeats": 4, "set_": ["study.forest.trees=[8]"], "workers": 0}
    >>> advice = fs.advise("small.parquet", metal="Cu", target="oxidation_state", **how)
    >>> sorted(set(advice.frame()["inputs"]))
    ['composition', 'modal', 'pdf', 'xanes']

    """
    plan = read_plan(config, set_)
    named = {"targets": words(target), "inputs": words(inputs), "repeats": repeats}
    plan = replace(plan, **{name: value for name, value in named.items() if value not in ((), None)})
    curves = run_curves(
        training_data(data),
        metal,
        plan,
        sizes=numbers(sizes, "sizes") or SIZES,
        out=None if out is None else Path(out),
        workers=workers,
        reporter=reporter,
        backend=backend,
    )
    return Advice(curves)
