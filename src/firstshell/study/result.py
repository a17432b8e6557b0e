"""The result of a study: its tables, in files and out of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from firstshell.errors import InputError
from firstshell.runtime.spreadsheet import read_csv, write_csv
from firstshell.runtime.store import write_atomic, write_text
from firstshell.study.compare import BASELINES
from firstshell.types import Target, main_metric

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PROTOCOL = 3
RANKING = (
    *("metal", "target", "split", "metric", "inputs", "mean", "low", "high", "place"),
    *(f"{against}_{part}" for against in ("best", *BASELINES) for part in ("difference", "low", "high", "verdict")),
)
NUMBERS = {"value", "position", "low", "high", "mean", "std", "difference", "p_value", "margin"}
NUMBERS |= {"alone_train", "added_train", "tested", "alone_score", "all_score", "p_holm", "score", "random_forest"}
NUMBERS |= {name for name in RANKING if name.endswith(("_difference", "_low", "_high"))} | {"all", "natural"}
COUNTS = {"repeat", "repeats"}
TABLES = (
    *("impurity", "permutation", "comparisons", "ranking", "findings", "natural", "origins", "reference", "checks"),
)


@dataclass(frozen=True, eq=False)
class Study:
    """The result of a study; docs/explanation/study.md describes every table and column.

    settings : the plan
    provenance : hash of the dataset, versions, machine, seconds, and the samples used and dropped
    """

    scores: pd.DataFrame
    predictions: pd.DataFrame
    impurity: pd.DataFrame
    permutation: pd.DataFrame
    comparisons: pd.DataFrame
    ranking: pd.DataFrame
    findings: pd.DataFrame
    natural: pd.DataFrame
    origins: pd.DataFrame
    reference: pd.DataFrame
    checks: pd.DataFrame
    settings: dict[str, Any]
    provenance: dict[str, Any]

    def frame(self) -> pd.DataFrame:
        """Return the scores averaged over the repeats.

        Returns
        -------
        DataFrame
            Columns metal, target, inputs, split, metric, mean, std and n.

        """
        keys = ["metal", "target", "inputs", "split", "metric"]
        found = self.scores.groupby(keys, sort=False)["value"].agg(["mean", "std", "count"])
        return found.reset_index().rename(columns={"count": "n"})

    def plot(self, target: str | Target = Target.OXIDATION_STATE, ax: Axes | None = None) -> Axes:
        """Draw the main score of one target, mean and standard deviation over repeats, a colour for each split.

        Parameters
        ----------
        target : str or Target
            Which target.
        ax : Axes, optional
            Where to draw; new axes by default.

        Returns
        -------
        Axes
            Where it was drawn.

        """
        import matplotlib.pyplot as plt

        target = Target(target)
        metric = main_metric(target)
        ax = ax if ax is not None else plt.subplots(layout="constrained")[1]
        rows = self.frame().query("target == @target.value and metric == @metric.value")
        table = rows.assign(bar=rows["metal"] + " " + rows["inputs"]).pivot(index="bar", columns="split")
        table = table.loc[list(dict.fromkeys(rows["metal"] + " " + rows["inputs"]))]
        table["mean"].plot.barh(ax=ax, xerr=table["std"], capsize=2)
        ax.set(xlabel=metric.label, ylabel="", title=target.label)
        ax.invert_yaxis()
        return ax

    def save(self, folder: str | Path) -> None:
        """Write study.json, scores.csv, predictions.parquet and the folder tables, each file whole or not at all.

        Parameters
        ----------
        folder : str or Path
            Created if missing.

        """
        folder = Path(folder)
        write_csv(self.scores, folder / "scores.csv")
        for name in TABLES:
            write_csv(getattr(self, name), folder / "tables" / f"{name}.csv")
        write_atomic(folder / "predictions.parquet", lambda p: self.predictions.to_parquet(p, index=False))
        about = {"protocol": PROTOCOL, "settings": self.settings, "provenance": self.provenance}
        write_text(folder / "study.json", json.dumps(about, indent=1))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote.

        Parameters
        ----------
        folder : str or Path
            The folder of a finished study.

        Returns
        -------
        Study
            The same, to the bit.

        Raises
        ------
        InputError
            When a file is missing, damaged or of another protocol.

        """
        folder = Path(folder)
        try:
            about = json.loads((folder / "study.json").read_text(encoding="utf-8"))
            if about["protocol"] != PROTOCOL:
                raise InputError(f"a study of protocol {about['protocol']}", remedy="Run it again", file=folder)
            read = {name: _read_csv(folder / "tables" / f"{name}.csv") for name in TABLES}
            scores = _read_csv(folder / "scores.csv")
            predictions = pd.read_parquet(folder / "predictions.parquet")
            return cls(scores, predictions, **read, settings=about["settings"], provenance=about["provenance"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(
                f"not a finished study: {error}", remedy="Run firstshell study again", file=folder
            ) from error


def _read_csv(path: Path) -> pd.DataFrame:
    # Python's own float() brings numbers back to the bit in every version of pandas.
    frame = read_csv(path)
    if frame.empty:  # as tables are before they are written
        return pd.DataFrame(columns=list(frame.columns))
    for name in NUMBERS & set(frame.columns):
        frame[name] = frame[name].replace("", "nan").map(float)
    return frame.assign(**{name: frame[name].map(int) for name in COUNTS & set(frame.columns)})
