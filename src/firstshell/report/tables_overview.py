"""Tables of what the data hold, and of how importances divide."""

import numpy as np
import pandas as pd

from firstshell.dataset.table import Dataset
from firstshell.report import reading, regions
from firstshell.report.style import input_name, percent
from firstshell.report.tables import Table
from firstshell.report.words.terms import SHORT, listed
from firstshell.study.result import Study
from firstshell.types import Target

NEAR_EDGE = 15.0
"""eV to both sides of the edge."""


def split_scores(study: Study) -> Table:
    """Main score of each metal, target and input in grouped and in random splits; CSV only, as a figure shows it."""
    parts = []
    for target in reading.targets(study):
        rows = reading.main_scores(study, target)
        parts.append(rows.assign(target=target.value))
    frame = pd.concat(parts, ignore_index=True)
    return Table("splits", "Grouped and random splits", "", frame, None)


def classes(study: Study, data: Dataset) -> Table:
    """How many samples each class of each metal has, by where they come from; CSV only."""
    rows = []
    for metal, target in reading.studied(study):
        frame = reading.samples(study, data, metal, target).frame
        labels = frame[target.value] if target.is_class else pd.Series("all", index=frame.index)
        for (label, origin), part in frame.groupby([labels, frame["origin"]]):
            rows.append((metal, target.value, label, origin, len(part), int(part["formula"].nunique())))
    columns = ["metal", "target", "class", "origin", "samples", "formulas"]
    return Table("classes", "Samples by class and origin", "", pd.DataFrame(rows, columns=columns), None)


def importance_regions(study: Study, data: Dataset) -> Table:
    """How the impurity importance of each single input divides between the regions of its axis; main split."""
    parts, cells = [], []
    origins = {}
    for metal, target in reading.studied(study):
        shown = {"Metal": metal, "Target": SHORT[target]}
        for name, axis, rows, near in single_shares(study, data, metal, target):
            parts.append(rows.assign(metal=metal, target=target.value, inputs=name, origin=axis.origin, near_edge=near))
            if name == "xanes":
                shown[f"XANES, {NEAR_EDGE:g} eV around the edge"] = percent(near)
                origins[metal] = axis.origin
            top = rows.iloc[int(rows["share"].argmax())]
            shown[f"{input_name(name)}, most in"] = f"{top['region']} {percent(top['share'])}"
            if axis.unit == "Å":
                inside = rows.loc[rows["region"] == "first shell", "share"]
                shown[f"{input_name(name)}, first shell"] = percent(float(inside.sum()))
        cells.append(shown)
    columns = ["metal", "target", "inputs", "region", "low", "high", "share", "times_even", "origin", "near_edge"]
    frame = pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
    edges = f" Edges: {listed(f'{m} {e:.1f} eV' for m, e in origins.items())} above E(K)." if origins else ""
    caption = (
        "Share of the impurity importance of each input alone. Edge: where the mean spectrum reaches half its step."
        f"{edges} First shell: within 0.25 Å of the mean bond length.{_slope_words(study)}"
    )
    return Table("importance_regions", "Importance by region", caption, frame, pd.DataFrame(cells).fillna("–"))


def _slope_words(study: Study) -> str:
    """Say what the part of a PDF below its first pair carries, and whether it was trained on."""
    if study.settings["r_from"] == "zero":
        return (
            " Importance below the first pair is of the density line of simulated PDFs: information that a measured "
            "G(r) does not carry."
        )
    return " PDFs are used from their first possible pair on: what lies below is no information in a measured G(r)."


def single_shares(
    study: Study, data: Dataset, metal: str, target: Target
) -> list[tuple[str, regions.Axis, pd.DataFrame, float]]:
    """Return each single input with its axis, `regions.shares` and the share near the edge (NaN but for XANES).

    Inputs without rules or importances are left out.
    """
    chosen = {"metal": metal, "target": target.value, "split": reading.splits(study)[0]}
    impurity, found = reading.pick(study.impurity, **chosen), []
    if impurity.empty:
        return []
    samples = reading.samples(study, data, metal, target)
    for name in (name for name in reading.inputs(study, target) if "+" not in name):
        curve = reading.pick(impurity, inputs=name).sort_values("position", ignore_index=True)
        if len(curve):
            axis = regions.axis_of(samples, name)
            position, mean = (curve[column].to_numpy(np.float64) for column in ("position", "mean"))
            rows = regions.shares(axis, position, mean)
            if len(rows):
                near = np.abs(position - axis.origin) <= NEAR_EDGE
                share = float(mean[near].sum() / mean.sum()) if name == "xanes" else float("nan")
                found.append((name, axis, rows, share))
    return found
