"""Which samples a metal and target are studied on, and which of them a split holds out."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pymatgen.core.composition import Composition
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from firstshell.config import did_you_mean
from firstshell.dataset.joint import own_samples
from firstshell.dataset.table import Dataset
from firstshell.errors import InputError
from firstshell.study.plan import StudyPlan
from firstshell.study.splits import Codes, Mask, hold_out, quantile_strata, seeded
from firstshell.types import Target


@dataclass(frozen=True, eq=False)
class Samples:
    """The n samples of one metal and target, ordered by id and site.

    rows : (n,) row numbers in the dataset
    labels : (n,) int64 classes or float64 lengths in Å
    groups : (n,) codes counted from 0; grouped splits keep a group on one side
    dropped : how many samples of the metal were left out, by reason
    origins : (n,) as in the dataset, such as "natural"
    own : (n,) whether a sample is of the data asked about; the others only train, see `dataset.joint.joined`
    """

    metal: str
    target: Target
    rows: Codes
    labels: NDArray[Any]
    groups: Codes
    dropped: dict[str, int]
    origins: NDArray[np.str_]
    own: Mask

    @property
    def strata(self) -> Codes:
        """(n,) codes that splits spread evenly: the classes, or quantile bins of the length."""
        return _counted(self.labels) if self.target.is_class else quantile_strata(self.labels)

    @property
    def classes(self) -> dict[int, int]:
        """Number of own samples by class; empty for lengths."""
        return dict(sorted(Counter(self.labels[self.own].tolist()).items())) if self.target.is_class else {}

    @property
    def name(self) -> str:
        """Metal and target in words."""
        return f"{self.metal}, {self.target.label.lower()}"


def study_metals(data: Dataset, plan: StudyPlan) -> tuple[str, ...]:
    """Return the metals a plan names, or all in the data; InputError for one the data lack."""
    for metal in plan.metals:
        if metal not in data.metals:
            raise InputError(f"the dataset has no samples of {metal!r}", remedy=did_you_mean(metal, data.metals))
    return plan.metals or data.metals


def choose_samples(data: Dataset, plan: StudyPlan, metal: str, target: Target) -> Samples:
    """Return the samples of `metal` with a label of `target`, and how many were dropped for which reason.

    By the protocol a material is kept when its sites agree in oxidation state and in coordination number, whatever the
    target. A site needs the label of the target only.

    Raises InputError when no study can be made of what remains: one class, or fewer samples or groups than repeats.
    """
    frame = data.frame
    kept = ((frame["metal"] == metal) & (frame["level"] == plan.level)).to_numpy()
    mine = own_samples(frame)
    dropped: dict[str, int] = {}
    for reason, wrong in _reasons(frame, plan, target):
        dropped[reason] = int(np.sum(kept & wrong & mine))
        kept = kept & ~wrong
    rows = np.flatnonzero(kept)
    rows = rows[np.lexsort((frame["site"].fillna(-1).to_numpy(np.int64)[rows], frame["id"].to_numpy(str)[rows]))]
    groups = group_codes(frame.iloc[rows], plan.group_by)
    labels = frame[target.value].iloc[rows].to_numpy(np.int64 if target.is_class else np.float64)
    own = mine[rows]
    if target.is_class:
        rare = _rare_classes(labels[own], groups[own], plan.min_class)
        for value in rare:
            dropped[f"class {value} in fewer than {plan.min_class} groups"] = int(np.sum(labels[own] == value))
        stays = ~np.isin(labels, rare) & np.isin(labels, labels[own])
        rows, labels, groups = rows[stays], labels[stays], np.unique(groups[stays], return_inverse=True)[1]
        own = own[stays]
    origins, dropped = frame["origin"].iloc[rows].to_numpy(str), {reason: n for reason, n in dropped.items() if n}
    samples = Samples(metal, target, rows, labels, groups, dropped, origins, own)
    _check_enough(samples, plan)
    return samples


def group_codes(frame: pd.DataFrame, by: str) -> Codes:
    """Return (n,) codes, counted from 0, of what must not be taken apart.

    Two samples belong together when they are equal in `by` ("formula", "chemical_system" or "prototype") or in a
    `group` that is not empty (made from one parent, measured in one series), directly or through others of the frame.
    """
    n, series = len(frame), frame["group"].fillna("").to_numpy(str)
    named = np.flatnonzero(series != "")
    # A graph of samples and of what they have in common, each sample tied to its key and, if it has one, its series.
    common = [np.char.add("key ", _keys(frame, by)), np.char.add("series ", series[named])]
    ends = n + np.unique(np.concatenate(common), return_inverse=True)[1]
    starts = np.concatenate([np.arange(n), named])
    ties = coo_array((np.ones(len(starts), dtype=bool), (starts, ends)), shape=(2 * n + len(named) + 1,) * 2)
    return np.unique(connected_components(ties, directed=False)[1][:n], return_inverse=True)[1]


def _keys(frame: pd.DataFrame, by: str) -> NDArray[np.str_]:
    """Return (n,) formulas, chemical systems, or prototypes (anonymous formula and space group)."""
    if by == "formula":
        keys = frame["formula"].astype(str)
    else:
        compositions = {text: Composition(text) for text in frame["composition"].unique()}
        if by == "chemical_system":
            keys = frame["composition"].map({text: c.chemical_system for text, c in compositions.items()})
        else:
            anonymous = {text: c.anonymized_formula for text, c in compositions.items()}
            keys = frame["composition"].map(anonymous) + " " + frame["space_group"].astype(str)
    return np.asarray(keys.to_numpy(str))


def held_out(samples: Samples, plan: StudyPlan, split: str, repeat: int) -> Mask:
    """Return the (n,) mask of the samples that a split holds out; it depends on the labels, never on the inputs.

    Only own samples are held out.
    """
    draw = repeat if plan.repeat_over == "splits" else 0
    rng = seeded("split", plan.seed, samples.metal, samples.target, split, draw)
    labels, groups = samples.labels[samples.own], _counted(units(samples, split)[samples.own])
    strata = _counted(labels) if samples.target.is_class else quantile_strata(labels)
    held = np.zeros(len(samples.rows), dtype=bool)
    held[samples.own] = hold_out(groups, strata, plan.test_fraction, rng)
    return held


def trained_on(samples: Samples, held: Mask, split: str) -> Mask:
    """Return the (n,) mask of the samples that train where `held` is held out: all others.

    In grouped splits added samples that are relatives of held-out ones stay out, too.
    """
    if split != "grouped":
        return ~held
    return np.asarray(~held & ~np.isin(samples.groups, samples.groups[held]))


def units(samples: Samples, split: str) -> Codes:
    """Return what a split must not take apart: groups, or single samples in random splits."""
    return samples.groups if split == "grouped" else np.arange(len(samples.rows))


def _reasons(frame: pd.DataFrame, plan: StudyPlan, target: Target) -> list[tuple[str, Mask]]:
    """Return the reasons to leave samples out, in order, each with its (n,) mask."""
    missing = {t: frame[t.value].isna().to_numpy() for t in Target}
    reasons = [] if plan.incomplete else [("a site has no spectrum", (frame["missing_sites"] > 0).to_numpy())]
    needed = [t for t in Target if t.is_class] if plan.level == "material" else []
    for t in dict.fromkeys([*needed, target]):
        agreed = "single " if t.is_class and plan.level == "material" else ""
        reasons.append((f"no {agreed}{t.label.lower()}", missing[t]))
    if plan.ligands and "ligand" in frame:
        known = frame["ligand"].fillna("")  # "" where nothing is known, as in older data
        other = ~known.isin([*plan.ligands, ""]).to_numpy()
        reasons.append((f"another first shell than {' or '.join(plan.ligands)}", other))
    if plan.coordination_numbers:
        other = ~frame["coordination_number"].isin(plan.coordination_numbers).to_numpy()
        reasons.append(("another coordination number than those studied", other))
    return reasons


def _counted(codes: Codes) -> Codes:
    return np.unique(codes, return_inverse=True)[1]


def _rare_classes(labels: Codes, groups: Codes, fewest: int) -> list[int]:
    return [int(value) for value in np.unique(labels) if len(np.unique(groups[labels == value])) < fewest]


def _check_enough(samples: Samples, plan: StudyPlan) -> None:
    left_out = "; left out: " + ", ".join(f"{n} for {why}" for why, n in samples.dropped.items())
    reasons = left_out if samples.dropped else ""
    n, groups = int(samples.own.sum()), len(np.unique(samples.groups[samples.own]))
    few, what = (groups, "groups") if "grouped" in plan.splits else (n, "samples")
    repeats = plan.repeats_of(plan.main_split)
    if few < max(repeats, 4):
        raise InputError(
            f"{samples.name}: {n} samples in {groups} groups are too few for {repeats} splits{reasons}",
            remedy=f"Give a larger dataset: at least {max(repeats, 4)} {what}",
        )
    if len(samples.classes) == 1:
        raise InputError(
            f"{samples.name}: all {n} samples are of one class ({next(iter(samples.classes))}){reasons}",
            remedy="Choose other targets, or data with at least two classes",
        )
    for split in plan.splits:
        if not held_out(samples, plan, split, 0).any():
            raise InputError(
                f"{samples.name}: {plan.test_fraction:g} of {n} samples in {groups} groups leaves none to hold out",
                remedy="Give a larger test_fraction or dataset",
            )
