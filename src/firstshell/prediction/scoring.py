"""How good answers are on measured standards of known structure: right or not, covered or not, class by class."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from firstshell.elements import k_edge
from firstshell.errors import InputError
from firstshell.measured.read import Reading, read_samples, reason
from firstshell.prediction.answer import Answer, Models, answer_all
from firstshell.runtime.spreadsheet import read_list
from firstshell.types import Target

TOLERANCE = {Target.OXIDATION_STATE: 0.5, Target.COORDINATION_NUMBER: 0.5, Target.BOND_LENGTH: 0.05}
"""How far from the truth an answer may be to count as right; the last in Å."""
COLUMNS = {
    Target.OXIDATION_STATE: ("oxidation_state",),
    Target.COORDINATION_NUMBER: ("coordination_number",),
    Target.BOND_LENGTH: ("bond_length", "mean_bond_length_A"),
}
"""Names that a target's column may have in a table of standards."""
NO_OXIDES = {"metal", "nitride", "sulfide", "carbide", "halide", "selenide", "phosphide", "intermetallic"}
"""Kinds of standards whose right answer is "outside the domain"."""
MIXED = 0.051
"""Distance from a whole number beyond which a class is a mixture of sites."""
ROUNDING = 1e-9
MAX_ROWS = 20_000
REMEDY = "Give a CSV with the columns file, metal, oxidation_state, coordination_number and bond_length (Å)"


@dataclass(frozen=True)
class Truth:
    """What is known of one measured standard.

    Attributes
    ----------
    file
        Path relative to the folder of standards; "project.prj#Group" for one group of an Athena project.
    metal
        The absorber.
    compound
        Counts once, however often it was measured.
    kind
        "oxide", "silicate", "metal" and so on; those in `NO_OXIDES` should be reported as outside the domain.
    values
        What is known of the targets: averages over the metal's sites, bond lengths in Å.

    """

    file: str
    metal: str
    compound: str
    kind: str
    values: dict[Target, float]

    @property
    def is_oxide(self) -> bool:
        """Whether the metal is expected to have oxygen around it."""
        return self.kind not in NO_OXIDES

    def class_of(self, target: Target) -> str:
        """Return the class of a target, "mixed" for a mixture of unlike sites."""
        value = self.values[target]
        return f"{value:.0f}" if abs(value - round(value)) < MIXED else "mixed"


@dataclass(frozen=True, eq=False)
class Scored:
    """A standard and what was answered: an answer, or why there is none."""

    truth: Truth
    answer: Answer | None
    refused: str = ""

    def error(self, target: Target) -> float:
        """Return answer minus truth."""
        assert self.answer is not None
        return self.answer.predictions[target].value - self.truth.values[target]

    def right(self, target: Target) -> bool:
        """Return whether the answer is within `TOLERANCE`."""
        return abs(self.error(target)) <= TOLERANCE[target] + ROUNDING

    def interval(self, target: Target) -> tuple[float, float]:
        """Return the 90 % interval."""
        assert self.answer is not None
        return self.answer.predictions[target].interval

    def covered(self, target: Target) -> bool:
        """Return whether the interval holds the truth."""
        low, high = self.interval(target)
        return low - ROUNDING <= self.truth.values[target] <= high + ROUNDING


def read_truth(path: str | Path) -> list[Truth]:
    """Read a table of standards.

    Parameters
    ----------
    path
        A CSV with the columns file and metal, those of the targets (empty where not known; the bond length in Å), and
        if wanted compound and kind.

    Raises
    ------
    InputError
        For a missing column, an unknown metal, and a value that is no number, with its line.

    """
    path, found = Path(path), []
    rows = read_list(path, ("file", "metal"), REMEDY)
    if not 1 <= len(rows) <= MAX_ROWS:
        raise InputError(f"{len(rows)} standards; 1 to {MAX_ROWS:,} are taken", remedy=REMEDY, file=path)
    for line, row in rows:
        file, metal = row.get("file", ""), row.get("metal", "")
        if not file:
            raise InputError("no file is named", remedy=REMEDY, file=path, line=line)
        try:
            k_edge(metal)
        except InputError as error:
            raise InputError(error.what, remedy=error.remedy, file=path, line=line) from None
        values = {}
        for target, names in COLUMNS.items():
            text = next((row[name] for name in names if row.get(name)), "")
            if text:
                values[target] = _number(text, path, line)
        found.append(Truth(file, metal, row.get("compound") or file, row.get("kind") or "oxide", values))
    return found


Reader = Callable[[str, str], Reading]
"""Reads a file of a metal."""


def answer_standards(
    truths: Sequence[Truth], folder: Path, models: Models, how: str | float = "auto", read: Reader | None = None
) -> list[Scored]:
    """Answer for every standard.

    Parameters
    ----------
    truths
        The standards.
    folder
        Where their files are.
    models
        The models that answer; see `answer_all`.
    how
        How energies are calibrated; see `align`.
    read
        Reads a file of a metal; `read_samples` by default.

    """
    read = read or (lambda file, metal: read_samples([file], metal, pair=False))
    results: dict[int, Scored] = {}
    for metal in dict.fromkeys(truth.metal for truth in truths):
        samples, places = [], []
        for i, truth in enumerate(truths):
            if truth.metal != metal:
                continue
            try:
                found = read(str(folder / truth.file), metal).samples
                if len(found) != 1:
                    raise InputError(f"it holds {len(found)} spectra", remedy="Name one, as in my.prj#CuO")
            except InputError as error:
                results[i] = Scored(truth, None, reason(error))
                continue
            samples.append(found[0])
            places.append(i)
        if not samples:
            continue
        answers = answer_all(Reading(samples), metal, models, how)
        said = {id(answer.sample): answer for answer in answers}
        why = dict(answers.refused)
        for i, sample in zip(places, samples, strict=True):
            results[i] = Scored(truths[i], said.get(id(sample)), why.get(sample.name, ""))
    return [results[i] for i in range(len(truths))]


@dataclass(frozen=True)
class Score:
    """How good the answers for some standards and one target are.

    Attributes
    ----------
    files, compounds
        Numbers of standards.
    right, covered
        Numbers of files that are answered within `TOLERANCE`, and whose interval holds the truth.
    by_compound
        Share answered rightly where each compound counts once.
    width, error, bias
        Means of the interval's width, of the absolute error, and of the error.
    constant, constant_right
        The best constant answer, for each metal its own, and the number of files for which it is right.
    recalls
        By true class: (right, of how many), and (right by the constant).

    """

    files: int
    compounds: int
    right: int
    covered: int
    by_compound: float
    width: float
    error: float
    bias: float
    constant: dict[str, float]
    constant_right: int
    recalls: dict[str, tuple[int, int, int]]

    @property
    def mean_recall(self) -> float:
        """Return the mean of the recalls of all classes."""
        return sum(right / of for right, of, _ in self.recalls.values()) / max(len(self.recalls), 1)

    @property
    def constant_recall(self) -> float:
        """Return the mean of the recalls of all classes by the constant."""
        return sum(by / of for _, of, by in self.recalls.values()) / max(len(self.recalls), 1)

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain numbers."""
        return {
            **self.__dict__,
            "recalls": {name: list(each) for name, each in self.recalls.items()},
            "mean_recall": self.mean_recall,
            "constant_recall": self.constant_recall,
        }


def score(scored: Sequence[Scored], target: Target) -> Score | None:
    """Return how good the answers for oxides are whose truth is known; None when there are none."""
    chosen = [each for each in scored if each.answer and each.truth.is_oxide and target in each.truth.values]
    if not chosen:
        return None
    constant = {
        metal: _constant([e.truth.values[target] for e in chosen if e.truth.metal == metal], target)
        for metal in dict.fromkeys(each.truth.metal for each in chosen)
    }
    rights = [each.right(target) for each in chosen]
    by_constant = [
        abs(constant[e.truth.metal] - e.truth.values[target]) <= TOLERANCE[target] + ROUNDING for e in chosen
    ]
    names = [(each.truth.metal, each.truth.compound) for each in chosen]
    often = Counter(names)
    classes = [each.truth.class_of(target) if target.is_class else "" for each in chosen]
    recalls = {
        name: (
            sum(right for right, own in zip(rights, classes, strict=True) if own == name),
            classes.count(name),
            sum(right for right, own in zip(by_constant, classes, strict=True) if own == name),
        )
        for name in sorted(set(classes))
        if target.is_class
    }
    return Score(
        len(chosen),
        len(often),
        sum(rights),
        sum(each.covered(target) for each in chosen),
        sum(right / often[name] for right, name in zip(rights, names, strict=True)) / len(often),
        sum(high - low for low, high in (each.interval(target) for each in chosen)) / len(chosen),
        sum(abs(each.error(target)) for each in chosen) / len(chosen),
        sum(each.error(target) for each in chosen) / len(chosen),
        constant,
        sum(by_constant),
        recalls,
    )


def _constant(values: Sequence[float], target: Target) -> float:
    """Return the commonest class, or the mean length."""
    if not target.is_class:
        return sum(values) / len(values)
    return float(Counter(int(value + 0.5) for value in values).most_common(1)[0][0])


def _number(text: str, path: Path, line: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not isfinite(value):
        raise InputError(f"{text!r} is not a number", remedy="Correct it, or leave it empty", file=path, line=line)
    return value
