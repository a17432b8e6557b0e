"""Tables that set things side by side: verdicts by metal, grouped and random splits, classes, regions of importance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from firstshell.dataset.table import ORIGINS
from firstshell.report import reading, regions
from firstshell.report.style import class_name, input_name, number, percent
from firstshell.report.tables import Table, mean_and_std
from firstshell.study.findings import SHARES
from firstshell.types import Target, main_metric

if TYPE_CHECKING:
    from firstshell.dataset.table import Dataset
    from firstshell.study.study import Study


def verdicts(study: Study) -> Table:
    """The paper's findings, one a row, with a column of verdicts for each metal; main split."""
    split = reading.splits(study)[0]
    frame = reading.pick(study.findings, split=split)
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for target in Target:
        for row in reading.pick(frame, target=target.value).to_dict("records"):
            claim = row["claim"]
            if row["measure"] in SHARES:
                claim = f"XANES dominates {input_name(row['inputs'])}, {row['measure']}"
            cells.setdefault((claim, target.label), {})[row["metal"]] = row["verdict"]
    metals = reading.metals(study)
    shown = pd.DataFrame(
        {"Claim": claim, "Target": target} | {metal: found.get(metal, "–") for metal in metals}
        for (claim, target), found in sorted(cells.items(), key=lambda item: _claim_order(item[0][0]))
    )
    caption = (
        f"Claims of Na Narong et al. (2025), tested on these data in {split} splits. Undecided: the test cannot tell; "
        "a dash: not studied. Dominates: in shares of impurity importance or of permutation "
        "loss. The sentences behind the words stand further below."
    )
    return Table("verdicts", "Do the paper's findings hold here?", caption, frame.drop(columns="sentence"), shown)


def _claim_order(claim: str) -> int:
    """Claims of one kind together, in the order they are made."""
    return next(i for i, start in enumerate(("XANES is", "dPDF", "XANES dom", "Adding")) if claim.startswith(start))


def split_scores(study: Study, target: Target) -> Table:
    """Main score of each metal and input in grouped and in random splits, side by side."""
    scores, metric = reading.main_scores(study, target), main_metric(target)
    held: dict[tuple[str, str], dict[str, dict[str, float]]] = {}
    for row in scores.to_dict("records"):
        held.setdefault((row["metal"], row["inputs"]), {})[row["split"]] = {"mean": row["mean"], "std": row["std"]}
    rows, cells = [], []
    order = {name: i for i, name in enumerate([*reading.inputs(study, target), "composition", "modal"])}
    metals = reading.metals(study)
    for (metal, inputs), by in sorted(held.items(), key=lambda item: (metals.index(item[0][0]), order[item[0][1]])):
        if {"grouped", "random"} <= set(by):
            gain = by["random"]["mean"] - by["grouped"]["mean"]
            rows.append((metal, inputs, metric.value, *by["grouped"].values(), *by["random"].values(), gain))
            shown = {split.capitalize(): mean_and_std(metric, by[split]) for split in ("grouped", "random")}
            named = {"Metal": metal, "Inputs": input_name(inputs, target)}
            cells.append(named | shown | {"Random − grouped": number(metric, gain, sign=True)})
    columns = ["metal", "inputs", "metric", "grouped_mean", "grouped_std", "random_mean", "random_std", "difference"]
    caption = f"{metric.label}, mean ± one standard deviation over the repeats."
    title = f"{target.label}: grouped and random splits"
    return Table(f"splits_{target.value}", title, caption, pd.DataFrame(rows, columns=columns), pd.DataFrame(cells))


def classes(study: Study, data: Dataset) -> Table:
    """How many samples each class of each metal has, by where they come from."""
    rows = []
    for metal in reading.metals(study):
        for target, held in study.provenance["counts"][metal].items():
            frame = reading.samples(study, data, metal, Target(target)).frame
            for label in held["classes"] or ["all"]:
                of_class = frame if label == "all" else frame[frame[target] == int(label)]
                counts = [int((of_class["origin"] == origin).sum()) for origin in ORIGINS]
                formulas = int(of_class["formula"].nunique())
                rows.append((metal, target, label, *counts, len(of_class), formulas))
    frame = pd.DataFrame(rows, columns=["metal", "target", "class", *ORIGINS, "samples", "formulas"])
    present = [origin for origin in ORIGINS if frame[origin].any()]
    shown = pd.DataFrame(
        {
            "Metal": row["metal"],
            "Target": Target(row["target"]).label,
            "Class": "all" if row["class"] == "all" else class_name(Target(row["target"]), int(row["class"])),
            **{origin.capitalize(): str(row[origin]) for origin in present},
            "All": str(row["samples"]),
            "Formulas": str(row["formulas"]),
        }
        for row in frame.to_dict("records")
    )
    caption = (
        "Samples studied. Natural: as found; derived: made from another structure by substitution; given: of unknown "
        "origin. Formulas: how many different ones."
    )
    return Table("classes", "Samples by class and origin", caption, frame, shown)


def importance_regions(study: Study, data: Dataset) -> Table:
    """How the impurity importance of each single input divides between the regions of its axis; main split."""
    parts, cells = [], []
    for metal in reading.metals(study):
        for target in reading.targets(study):
            for name, axis, rows in single_shares(study, data, metal, target):
                parts.append(rows.assign(metal=metal, target=target.value, inputs=name, origin=axis.origin))
                said = ", ".join(f"{row['region']} {percent(row['share'])}" for row in rows.to_dict("records"))
                densest = rows.iloc[int(rows["times_even"].argmax())]
                most = f"{densest['region']}: {densest['times_even']:.1f} times an even spread"
                named = {"Metal": metal, "Target": target.label, "Input": input_name(name)}
                cells.append(named | {"Share of the importance": said, "Densest": most})
    columns = ["metal", "target", "inputs", "region", "low", "high", "share", "times_even", "origin"]
    frame = pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
    caption = (
        "Impurity importance of each input alone, summed over the parts of its axis. Pre-edge: over 3 eV below where "
        "the mean spectrum reaches half its step; white line: around its first maximum. First shell: within 0.25 Å of "
        "the mean bond length. Densest: the part with most importance for its width."
    )
    return Table("importance_regions", "Importance by region", caption, frame, pd.DataFrame(cells))


def single_shares(
    study: Study, data: Dataset, metal: str, target: Target
) -> list[tuple[str, regions.Axis, pd.DataFrame]]:
    """Return each single input with its axis and `regions.shares`; those without rules or importances are left out."""
    chosen = {"metal": metal, "target": target.value, "split": reading.splits(study)[0]}
    impurity, found = reading.pick(study.impurity, **chosen), []
    if impurity.empty:
        return []
    samples = reading.samples(study, data, metal, target)
    for name in (name for name in reading.inputs(study, target) if "+" not in name):
        curve = reading.pick(impurity, inputs=name).sort_values("position", ignore_index=True)
        if len(curve):
            axis = regions.axis_of(samples, name)
            rows = regions.shares(axis, *(curve[column].to_numpy(np.float64) for column in ("position", "mean")))
            if len(rows):
                found.append((name, axis, rows))
    return found
