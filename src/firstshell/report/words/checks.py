"""What the coded checks of a study say, and what to do about it."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from firstshell.report.words.terms import BASELINES, listed
from firstshell.simulation import show

Facts = Mapping[str, Any]


def check(row: Mapping[Any, Any]) -> tuple[str, str]:
    """Return the message and the remedy ("" where nothing is to be done) of one row of `Study.checks`."""
    return WORDS[row["code"]](json.loads(row["facts"]), str(row["severity"]), str(row["split"]))


def _relation(facts: Facts) -> str:
    return f"equal {str(facts['by']).replace('_', ' ')}, parent or series"


def _leak(facts: Facts, severity: str, split: str) -> tuple[str, str]:
    message = (
        f"{100 * facts['relatives']:.0f} % of the held-out samples have a relative ({_relation(facts)}) in training, "
        f"{100 * facts['twins']:.0f} % a near-identical twin (first of the splits)"
    )
    remedy = "Trust the grouped splits" if split == "random" else "Group by prototype"
    return message, "" if severity == "ok" else remedy


def _rare(facts: Facts, severity: str, _: str) -> tuple[str, str]:
    more = "Add samples of that class"
    if severity == "ok":
        return f"every class has {facts['few']} samples or more", ""
    if "reason" in facts:
        return f"{facts['reason']}: {facts['samples']} samples left out", more
    return (
        f"class {facts['class']} has {facts['samples']} samples: its F1 and the balanced accuracy are uncertain",
        more,
    )


def _baseline(facts: Facts, severity: str, _: str) -> tuple[str, str]:
    if severity == "ok":
        return f"{show(facts['inputs'])} is better than every baseline", ""
    words = [f"no better than {BASELINES[name]}" for name in facts["no_better"]]
    words += [f"not shown to be better than {BASELINES[name]}" for name in facts["undecided"]]
    return f"{show(facts['inputs'])} is {', '.join(words)}", "Do not read a first shell from its importances"


def _correlated(facts: Facts, severity: str, _: str) -> tuple[str, str]:
    share = 100 * facts["share"]
    message = f"{show(facts['inputs'])}: up to {share:.0f} % of one input's variance is linear in the other"
    return message, "" if severity == "ok" else "Read the permutation importance of whole inputs"


def _seeds(*_: object) -> tuple[str, str]:
    message = "the repeats change the forest's seed on one split: the error bars leave out the spread over splits"
    return message, 'Set repeat_over = "splits"'


def _left_out(facts: Facts, *_: object) -> tuple[str, str]:
    return f"left out: {facts['why']}", str(facts["remedy"] or "")


def _large_group(facts: Facts, severity: str, _: str) -> tuple[str, str]:
    message = f"the largest group ({_relation(facts)}) holds {facts['largest']} of {facts['samples']} samples"
    return message, "" if severity == "ok" else "Read the grouped scores as those of the other samples"


def _natural(facts: Facts, *_: object) -> tuple[str, str]:
    message = f"whether made samples help to predict natural ones was not tested: {facts['why']}"
    return message, "Give more samples, and grouped splits"


WORDS: dict[str, Callable[..., tuple[str, str]]] = {
    "FS101": _leak,
    "FS102": _rare,
    "FS103": _baseline,
    "FS104": _correlated,
    "FS105": _seeds,
    "FS106": _left_out,
    "FS107": _large_group,
    "FS108": _natural,
}
SUBJECTS = {
    "FS101": "leak across a split",
    "FS102": "rare classes",
    "FS103": "baselines not beaten",
    "FS104": "correlated inputs",
    "FS105": "error bars from seeds",
    "FS106": "targets left out",
    "FS107": "one large group",
    "FS108": "natural samples alone",
}


def subjects(codes: list[str]) -> str:
    """Return what checks are about: "rare classes and correlated inputs"."""
    return listed(SUBJECTS[code] for code in dict.fromkeys(codes))
