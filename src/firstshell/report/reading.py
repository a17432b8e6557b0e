"""Looking things up in a study: what it holds, in the order it is shown, and which inputs score best."""

from typing import Any

import numpy as np
import pandas as pd
from scipy.signal import find_peaks

from firstshell.config import from_dict
from firstshell.dataset.table import Dataset
from firstshell.report.style import by_number, input_rank
from firstshell.study.compare import BASELINES
from firstshell.study.plan import StudyPlan
from firstshell.study.result import Study
from firstshell.study.samples import choose_samples
from firstshell.types import Array, Target, main_metric

PAPER_INPUTS = ("xanes", "pdf", "xanes+pdf")


def metals(study: Study) -> list[str]:
    """Metals of the study, by atomic number."""
    return by_number(study.scores["metal"])


def targets(study: Study) -> list[Target]:
    """Targets of the study, in the order of `Target`."""
    present = set(study.scores["target"])
    return [target for target in Target if target.value in present]


def splits(study: Study) -> list[str]:
    """Splits of the study, the grouped one first."""
    return sorted(set(study.scores["split"]), key=lambda split: (split != "grouped", split))


def repeated(study: Study, repeats: int, split: str) -> str:
    """Say what scores are averaged over: "10 grouped splits", or "10 forest seeds on one random split"."""
    if study.settings["repeat_over"] == "seeds":
        return f"{repeats} forest seeds on one {split} split"
    return f"{repeats} {split} splits"


def samples(study: Study, data: Dataset, metal: str, target: Target) -> Dataset:
    """Return the own samples of `data` that the study of this metal and target was made on."""
    plan = from_dict(StudyPlan, study.settings)
    chosen = choose_samples(data, plan, metal, target)
    return data.take(chosen.rows[chosen.own])


def inputs(study: Study, target: Target | None = None) -> list[str]:
    """Measured inputs (no baselines) of the study or of one target, singles first."""
    scores = study.scores if target is None else study.scores[study.scores["target"] == target.value]
    return sorted(set(scores["inputs"]) - set(BASELINES), key=input_rank)


def paper_inputs(study: Study, target: Target) -> list[str]:
    """The triplet of the paper's figures as far as the study has it, else all measured inputs."""
    present = inputs(study, target)
    return [name for name in PAPER_INPUTS if name in present] or present


def main_scores(study: Study, target: Target, split: str | None = None) -> pd.DataFrame:
    """Mean, std and n over repeats of the main metric: columns metal, inputs, split, mean, std, n."""
    frame = study.frame()
    wanted = (frame["target"] == target.value) & (frame["metric"] == main_metric(target).value)
    if split is not None:
        wanted &= frame["split"] == split
    return frame.loc[wanted, ["metal", "inputs", "split", "mean", "std", "n"]].reset_index(drop=True)


def score(scores: pd.DataFrame, metal: str, name: str) -> tuple[float, float]:
    """Return mean and std of one row of `main_scores` of one split; NaN where there is none."""
    row = scores[(scores["metal"] == metal) & (scores["inputs"] == name)]
    return (float(row["mean"].iloc[0]), float(row["std"].iloc[0])) if len(row) else (np.nan, np.nan)


def ranking(study: Study, metal: str, target: Target) -> list[str]:
    """Measured inputs by their mean main score in the main split, the best first."""
    scores = main_scores(study, target, splits(study)[0])
    rows = scores[(scores["metal"] == metal) & ~scores["inputs"].isin(BASELINES)]
    ordered = rows.sort_values(["mean", "inputs"], ascending=[not main_metric(target).higher_is_better, True])
    return [str(name) for name in ordered["inputs"]]


def studied(study: Study) -> list[tuple[str, Target]]:
    """Return every pair of metal and target with scores, by metal and in the order of `Target`."""
    present = set(zip(study.scores["metal"], study.scores["target"], strict=True))
    return [(m, target) for m in metals(study) for target in targets(study) if (m, target.value) in present]


def repeats(study: Study, split: str) -> int:
    """Return the number of trainings per input in one kind of split."""
    return int(study.scores.loc[study.scores["split"] == split, "repeat"].nunique())


def row(frame: pd.DataFrame, **values: str) -> dict[str, Any] | None:
    """Return the first row whose columns equal these values; None where there is none."""
    found = pick(frame, **values)
    return {str(name): value for name, value in found.iloc[0].to_dict().items()} if len(found) else None


def pick(frame: pd.DataFrame, **values: str) -> pd.DataFrame:
    """Rows of `frame` whose columns equal these values."""
    for column, value in values.items():
        frame = frame[frame[column] == value]
    return frame.reset_index(drop=True)


def ordered(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of `frame` by the atomic number of their metal, otherwise as they stand."""
    order = {metal: i for i, metal in enumerate(by_number(frame["metal"]))}
    return frame.sort_values("metal", key=lambda column: column.map(order), kind="stable", ignore_index=True)


def prominent(importance: Array, most: int = 3) -> list[int]:
    """Indices of the peaks that stand out by a quarter of the highest, at most `most`, in rising order.

    An end of the axis is no peak: what lies beyond it is not known.
    """
    peaks, properties = find_peaks(importance, prominence=0.25 * importance.max())
    strongest = np.argsort(-properties["prominences"], kind="stable")[:most]
    return sorted(int(peak) for peak in peaks[strongest])
