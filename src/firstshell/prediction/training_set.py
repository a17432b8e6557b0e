"""What a model for measured spectra is trained on: sites and materials, with their averages where sites differ."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from firstshell.config import did_you_mean
from firstshell.errors import InputError
from firstshell.study.splits import Codes
from firstshell.types import Array, Target

if TYPE_CHECKING:
    import pandas as pd

    from firstshell.dataset.table import Dataset

LEAST_GROUPS = 3
"""Groups that a class needs to be learned; sites of rarer ones are left out."""
LEAST_SAMPLES = 20


@dataclass(frozen=True, eq=False)
class Shares:
    """What part of a sample's metal is in each class.

    classes : (k,) values, increasing; shares : (n, k), rows adding to one
    """

    classes: Codes
    shares: Array

    @property
    def average(self) -> Array:
        """(n,) mean values."""
        return np.asarray(self.shares @ self.classes)


@dataclass(frozen=True, eq=False)
class Samples:
    """The n samples of one metal.

    names : (n,) what a person calls them
    groups : (n,) codes: what must not be taken apart
    weights : (n,) what a sample counts for: materials the same, but derived ones of ions that nature hardly has less
    spectra, grids : (n, p) by modality, and their axes (p,); XANES energies count from the tabulated edge
    classes : oxidation state and coordination number
    bond_length : (n,) Å
    """

    metal: str
    names: list[str]
    groups: Codes
    weights: Array
    spectra: dict[str, Array]
    grids: dict[str, Array]
    classes: dict[Target, Shares]
    bond_length: Array

    def __len__(self) -> int:
        return len(self.names)

    def truth(self, target: Target) -> Array:
        """Return the (n,) average values of a target."""
        return self.classes[target].average if target.is_class else self.bond_length

    def labels(self, target: Target) -> Array:
        """Return what a forest learns: (n, k) shares, or (n,) lengths."""
        return self.classes[target].shares if target.is_class else self.bond_length

    def take(self, rows: Codes) -> Samples:
        """Return some of the samples."""
        return Samples(
            self.metal,
            [self.names[i] for i in rows],
            self.groups[rows],
            self.weights[rows],
            {name: values[rows] for name, values in self.spectra.items()},
            self.grids,
            {target: Shares(each.classes, each.shares[rows]) for target, each in self.classes.items()},
            self.bond_length[rows],
        )


def collect(data: Dataset, metal: str, *, whole: bool = False) -> Samples:
    """Return the samples of a metal whose labels are known: every site, and materials with more than one.

    Where a dataset has no sites, materials whose sites agree stand for them.

    whole : materials only, with the averages over their sites; for what is measured of a whole material, as a PDF is

    Raises InputError when there are too few.
    """
    from firstshell.study.samples import group_codes

    if metal not in data.metals:
        raise InputError(f"the dataset has no samples of {metal!r}", remedy=did_you_mean(metal, data.metals))
    frame = data.frame
    rows = np.flatnonzero(((frame["metal"] == metal) & (frame["missing_sites"] == 0)).to_numpy())
    sites = rows[_alone(frame.iloc[rows])]
    sites = sites[_common(frame.iloc[sites])]
    if len(sites) < LEAST_SAMPLES:
        what = f"the dataset has {len(sites)} labelled sites of {metal}"
        raise InputError(what, remedy=f"At least {LEAST_SAMPLES} are needed: build or fetch a larger one")
    materials = _materials(frame, rows, sites, fewest=1 if whole else 2)
    alone = sites[:0] if whole else sites
    chosen = np.concatenate([alone, materials])
    table = frame.iloc[chosen]
    owners = np.unique(table["id"].to_numpy(str), return_inverse=True)[1]
    axes = {name: grid.values for name, grid in data.grids.items()}
    return Samples(
        metal,
        [named(row) for row in table.to_dict("records")],
        group_codes(table, "formula"),
        _commonness(table) / np.bincount(owners)[owners],
        {name: values[chosen] for name, values in data.spectra.items()},
        axes,
        {target: _shares(frame, sites, alone, materials, target) for target in Target if target.is_class},
        np.array([_mean_length(frame, sites, row) for row in chosen]),
    )


def mixed(samples: Samples, count: int, rng: np.random.Generator) -> Samples:
    """Return `count` samples that are half-way mixtures of two: spectra and labels weighted alike.

    The group of a mixture is that of its first part: mixtures are made within what is trained on only.
    """
    first, second = rng.integers(len(samples), size=(2, count))
    share = rng.uniform(0.2, 0.8, count)
    one, two = samples.take(first), samples.take(second)

    def mix(a: Array, b: Array) -> Array:
        part = share.reshape(-1, *([1] * (a.ndim - 1)))
        return np.asarray(part * a + (1 - part) * b)

    return Samples(
        samples.metal,
        [f"{a} with {b}" for a, b in zip(one.names, two.names, strict=True)],
        one.groups,
        np.sqrt(one.weights * two.weights),
        {name: mix(one.spectra[name], two.spectra[name]) for name in one.spectra},
        samples.grids,
        {t: Shares(one.classes[t].classes, mix(one.classes[t].shares, two.classes[t].shares)) for t in one.classes},
        mix(one.bond_length, two.bond_length),
    )


def joined(one: Samples, two: Samples) -> Samples:
    """Return the samples of both; they must be of one metal and have the same classes and grids."""
    return Samples(
        one.metal,
        one.names + two.names,
        np.concatenate([one.groups, two.groups]),
        np.concatenate([one.weights, two.weights]),
        {name: np.vstack([one.spectra[name], two.spectra[name]]) for name in one.spectra},
        one.grids,
        {
            t: Shares(one.classes[t].classes, np.vstack([one.classes[t].shares, two.classes[t].shares]))
            for t in one.classes
        },
        np.concatenate([one.bond_length, two.bond_length]),
    )


def _alone(table: pd.DataFrame) -> Array:
    """Whether each row has every label, and is a site or a material whose sites are not given."""
    given = set(table.loc[table["level"] == "site", "id"])
    single = (table["level"] == "site") | ~table["id"].isin(given)
    return np.asarray(single & table[[target.value for target in Target]].notna().all(axis=1))


def _common(sites: pd.DataFrame) -> Array:
    """Whether the classes of each site occur in enough groups."""
    from firstshell.study.samples import group_codes

    groups, kept = group_codes(sites, "formula"), np.ones(len(sites), dtype=bool)
    for target in (target for target in Target if target.is_class):
        labels = sites[target.value].to_numpy(np.int64)
        for value in np.unique(labels):
            if len(np.unique(groups[labels == value])) < LEAST_GROUPS:
                kept &= labels != value
    return kept


def _materials(frame: pd.DataFrame, rows: Codes, sites: Codes, fewest: int) -> Codes:
    """Return the rows of materials with `fewest` distinct sites or more, all of which are among `sites`."""
    table, labelled = frame.iloc[rows], frame.iloc[sites]
    all_sites = table[table["level"] == "site"].groupby("id").size()
    good = labelled[labelled["level"] == "site"].groupby("id").size()
    several = {name for name, count in all_sites.items() if count >= fewest and good.get(name, 0) == count}
    found = rows[((table["level"] == "material") & table["id"].isin(several)).to_numpy()]
    bare = sites[(labelled["level"] == "material").to_numpy()] if fewest == 1 else sites[:0]
    return np.concatenate([found, bare])


def _shares(frame: pd.DataFrame, sites: Codes, alone: Codes, materials: Codes, target: Target) -> Shares:
    """Return the classes that `sites` have, and the shares of the samples: sites alone, then materials."""
    classes, codes = np.unique(frame[target.value].iloc[sites].to_numpy(np.int64), return_inverse=True)
    of_sites = np.eye(len(classes))[codes]
    owner, amount = frame["id"].iloc[sites].to_numpy(str), frame["multiplicity"].iloc[sites].to_numpy(float)
    averages = [
        np.average(of_sites[owner == name], axis=0, weights=amount[owner == name])
        for name in frame["id"].iloc[materials].to_numpy(str)
    ]
    return Shares(classes, np.vstack([of_sites[: len(alone)], *averages]))


def _commonness(table: pd.DataFrame) -> Array:
    """Return (n,) how much of what a sample is, is found in nature: derived Fe⁴⁺ must not outvote Fe³⁺.

    An oxidation state with a coordination number of which m materials were found and k made counts (m + 1)/(m + k + 1)
    each; 1 where a material's sites differ.
    """
    weights = np.ones(len(table))
    labels = table[[Target.OXIDATION_STATE.value, Target.COORDINATION_NUMBER.value]].reset_index(drop=True)
    for rows in labels.dropna().groupby(list(labels.columns)).groups.values():
        materials = table.iloc[rows].drop_duplicates("id")
        natural = int((materials["origin"] != "derived").sum())
        weights[rows] = (natural + 1) / (len(materials) + 1)
    return weights


def _mean_length(frame: pd.DataFrame, sites: Codes, row: int) -> float:
    if row in sites:
        return float(frame["bond_length"].iloc[row])
    own = frame.iloc[sites]
    own = own[own["id"] == frame["id"].iloc[row]]
    return float(np.average(own["bond_length"].astype(float), weights=own["multiplicity"]))


def named(row: dict[Hashable, Any]) -> str:
    """Return "Hematite, Fe2O3 (amcsd-00143)", with the site where it is one of several."""
    mineral = str(row["source"] or "").partition(";")[0].partition(":")[0].strip()
    site = "" if row["level"] == "material" else f", site {row['site']}"
    head = f"{mineral}, {row['formula']}" if mineral else str(row["formula"])
    return f"{head} ({row['id']}{site})"
