"""What a study asks and how: every setting, with the protocol's values as defaults."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from firstshell.config import did_you_mean
from firstshell.errors import InputError
from firstshell.simulation import split_inputs
from firstshell.types import Target

SPLITS = ("grouped", "random")
KINDS = ("extra", "random")
RANGES = ("first_pair", "zero")
GROUPINGS = ("formula", "chemical_system", "prototype")
MIN_CLASS = 2


def _known(name: str, values: tuple[str, ...], options: Collection[str]) -> None:
    if not values:
        raise InputError(f"{name} is empty", remedy=f"Choose from: {', '.join(options)}")
    for value in values:
        if value not in options:
            raise InputError(f"{name}: there is no {value!r}", remedy=did_you_mean(value, options))
    _no_twins(name, values)


def _no_twins(name: str, values: tuple[str, ...]) -> None:
    if len(set(values)) != len(values):
        raise InputError(f"{name} names one thing twice: {', '.join(values)}", remedy="Name each once")


def _within(name: str, value: object, low: float, high: float) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
        raise InputError(f"{name} = {value!r} is out of range", remedy=f"Give {low} to {high}")


@dataclass(frozen=True)
class ForestParams:
    """The forest.

    Parameters
    ----------
    trees, max_features, min_samples_leaf
        As in Breiman, Machine Learning 45, 5 (2001); `max_features` is a number of features, cut to those there are.
        With more than one value of `trees` or `max_features`, the best combination is chosen by grid search within the
        training side.
    folds : int
        Cross-validation folds of the grid search.
    kind : {"extra", "random"}
        Extremely randomised trees (Geurts, Ernst and Wehenkel, Machine Learning 63, 3 (2006)), or the paper's random
        forest.

    """

    trees: tuple[int, ...] = (64,)
    max_features: tuple[int, ...] = (40,)
    min_samples_leaf: int = 1
    folds: int = 5
    kind: str = "extra"

    def __post_init__(self) -> None:
        _known("forest.kind", (self.kind,), KINDS)
        for name in ("trees", "max_features"):
            values = getattr(self, name)
            if not values or min(values) < 1 or max(values) > 10_000:
                raise InputError(f"forest.{name} = {list(values)}", remedy="Give one or more numbers from 1 to 10000")
        if self.min_samples_leaf < 1:
            raise InputError(f"forest.min_samples_leaf = {self.min_samples_leaf}", remedy="Give 1 or more")
        if not 2 <= self.folds <= 100:
            raise InputError(f"forest.folds = {self.folds}", remedy="Give 2 to 100")

    @property
    def searches(self) -> bool:
        """Whether there is anything to choose."""
        return len(self.trees) * len(self.max_features) > 1


@dataclass(frozen=True)
class StudyPlan:
    """One study. The defaults are firstshell's protocol; `StudyPlan.preset("paper")` is the paper's.

    Parameters
    ----------
    metals : tuple of str
        Element symbols; () takes all in the data.
    targets : tuple of str
        Target values.
    inputs : tuple of str
        Modalities joined by "+"; the baselines "composition" and "modal" are always added.
    splits : tuple of str
        "grouped" (no group on both sides) and/or "random".
    repeats : int
        Trainings per metal, target, input and split.
    random_repeats : int
        The same for random splits beside grouped ones, which only show what relatives in training give.
    repeat_over : {"splits", "seeds"}
        "splits" draws a new split for each repeat; "seeds" keeps one split and changes the forest's seed.
    test_fraction : float
        Share of the samples held out.
    group_by : {"formula", "chemical_system", "prototype"}
        What makes a group: reduced formula, set of elements, or anonymous formula and space group.
    level : {"material", "site"}
        Material-level samples, whose sites must agree, or sites.
    coordination_numbers : tuple of int
        Samples with another one are left out of every target; () keeps all.
    ligands : tuple of str
        Samples with another first shell are left out, where the dataset names it; () keeps all.
    r_from : {"first_pair", "zero"}
        Where PDFs begin; "zero", as in the paper, lets a forest read the density off the slope below all pairs.
    min_class : int
        A class with fewer groups than this is left out.
    incomplete : bool
        Also use materials some of whose distinct sites have no spectrum.
    seed : int
        Everything random follows from it.
    forest : ForestParams
        The forest's settings.
    windows : int
        Equal windows each modality's axis is cut into for permutation importance.
    permutations : int
        Random permutations per block, in the main split; 0 leaves permutation importance out.
    origins : tuple of str
        Inputs, of those studied, for which a training on natural samples alone is compared with one on all samples, and
        one on own samples alone with one on added ones, too; where the data hold both and the splits are grouped; ()
        leaves it out.
    reference : tuple of str
        Inputs, of those studied, on which the paper's random forest is trained beside another one, over the same main
        splits; () leaves it out.

    Raises
    ------
    InputError
        For values without meaning.

    Examples
    --------
    >>> import firstshell as fs
    >>> plan = fs.StudyPlan(metals=("Fe",), inputs=("xanes", "xanes+pdf"), repeats=20)
    >>> fs.StudyPlan.preset("paper", metals=("Fe",)).splits
    ('random',)

    """

    metals: tuple[str, ...] = ()
    targets: tuple[str, ...] = tuple(target.value for target in Target)
    inputs: tuple[str, ...] = ("xanes", "pdf", "dpdf", "xanes+pdf", "xanes+dpdf")
    splits: tuple[str, ...] = SPLITS
    repeats: int = 10
    random_repeats: int = 3
    repeat_over: str = "splits"
    test_fraction: float = 0.25
    group_by: str = "formula"
    level: str = "material"
    coordination_numbers: tuple[int, ...] = (4, 5, 6)
    ligands: tuple[str, ...] = ("O",)
    r_from: str = "first_pair"
    min_class: int = 4
    incomplete: bool = False
    seed: int = 0
    forest: ForestParams = field(default_factory=ForestParams)
    windows: int = 10
    permutations: int = 5
    origins: tuple[str, ...] = ("xanes", "xanes+dpdf")
    reference: tuple[str, ...] = ("xanes", "pdf", "xanes+pdf")

    def __post_init__(self) -> None:
        for name in ("metals", "targets", "inputs", "splits", "ligands", "origins", "reference"):
            if isinstance(getattr(self, name), str):
                raise InputError(f"{name} is one text, not a list", remedy=f'Write {name} = ["{getattr(self, name)}"]')
        _known("targets", self.targets, [target.value for target in Target])
        _known("splits", self.splits, SPLITS)
        _known("repeat_over", (self.repeat_over,), ("splits", "seeds"))
        _known("group_by", (self.group_by,), GROUPINGS)
        _known("level", (self.level,), ("material", "site"))
        _known("r_from", (self.r_from,), RANGES)
        if not self.inputs:
            raise InputError("inputs is empty", remedy='Name at least one, such as "xanes+pdf"')
        _no_twins("metals", self.metals)
        for name in ("inputs", "origins", "reference"):
            object.__setattr__(self, name, tuple("+".join(split_inputs(inputs)) for inputs in getattr(self, name)))
            _no_twins(name, tuple("+".join(sorted(inputs.split("+"))) for inputs in getattr(self, name)))
        for name in ("repeats", "random_repeats"):  # one repeat has no spread, and no test can be made
            _within(name, getattr(self, name), 2, 1000)
        _within("test_fraction", self.test_fraction, 0.01, 0.5)
        _within("min_class", self.min_class, MIN_CLASS, 10_000)
        _within("seed", self.seed, 0, 2**31 - 1)
        _within("windows", self.windows, 1, 1000)
        _within("permutations", self.permutations, 0, 1000)

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities that inputs are made of, each once."""
        return tuple(dict.fromkeys(part for inputs in self.inputs for part in inputs.split("+")))

    @property
    def main_split(self) -> str:
        """The kind of split that words and figures are of: the grouped one, unless there is none."""
        return SPLITS[0] if SPLITS[0] in self.splits else self.splits[0]

    def repeats_of(self, split: str) -> int:
        """Return the number of trainings per metal, target and input in one kind of split.

        Parameters
        ----------
        split : {"grouped", "random"}
            One of the plan's splits.

        Returns
        -------
        int
            The number of trainings.

        """
        return self.repeats if split == self.main_split else min(self.repeats, self.random_repeats)

    @classmethod
    def preset(cls, name: str = "default", **changes: Any) -> StudyPlan:
        """Return the plan called `name` with `changes` applied.

        Parameters
        ----------
        name : {"default", "paper"}
            "paper" is Na Narong et al., npj Comput. Mater. 11, 98 (2025): one stratified random split, ten forest
            seeds, the random forest chosen by 5-fold grid search, PDFs from 0 Å on, impurity importances.
        **changes : Any
            Fields that differ.

        Returns
        -------
        StudyPlan
            The plan.

        """
        _known("preset", (name,), PRESETS)
        return cls(**(PRESETS[name] | changes))


PRESETS: dict[str, dict[str, Any]] = {
    "default": {},
    "paper": {
        "splits": ("random",),
        "repeat_over": "seeds",
        "forest": ForestParams((25, 50, 100, 200, 300), (10, 15, 20, 25, 30, 35), kind="random"),
        "r_from": "zero",
        "permutations": 0,
    },
}
