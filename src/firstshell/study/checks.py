"""Coded checks of the method: what a reader should know before believing a score.

FS101 leak across a split; FS102 rare class; FS103 no better than a baseline; FS104 correlated inputs; FS105 error bars
from seeds; FS106 target left out; FS107 one group too large to hold out; FS108 natural samples alone not asked about.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist

from firstshell.study.compare import Comparison
from firstshell.study.features import design_matrix
from firstshell.study.samples import Samples, held_out, trained_on
from firstshell.study.trainer import Shared
from firstshell.types import Array

COLUMNS = ("code", "severity", "metal", "target", "split", "facts")
FEW = 20
TWIN = 0.02
SHARED_VARIANCE = 0.5


@dataclass(frozen=True)
class Check:
    """One finding; `severity` is "ok", "note", "warning" or "error", `facts` what its words need."""

    code: str
    severity: str
    metal: str
    target: str
    split: str
    facts: dict[str, Any] = field(default_factory=dict)


def checks_frame(checks: Iterable[Check]) -> pd.DataFrame:
    """Return the checks as a table, ordered by code and otherwise as given; `facts` as a JSON object."""
    rows = [asdict(check) | {"facts": json.dumps(check.facts)} for check in checks]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.sort_values("code", kind="stable", ignore_index=True)


def check_leak(shared: Shared, samples: Samples, split: str) -> Check:
    """FS101: held-out samples whose group, or whose very spectra, the forest was trained on.

    Spectra count as the same when, in every modality, their RMS difference is below `TWIN` of that modality's spread
    over all samples. The first split is looked at.
    """
    held = held_out(samples, shared.plan, split, 0)
    trained = trained_on(samples, held, split)
    groups = float(np.mean(np.isin(samples.groups[held], samples.groups[trained])))
    distance = np.zeros((int(held.sum()), int(trained.sum())))
    for name in shared.grids:
        spectra = shared.matrices[name][samples.rows]
        spread = float(np.sqrt(np.mean((spectra - spectra.mean(axis=0)) ** 2)))
        rms = cdist(spectra[held], spectra[trained]) / np.sqrt(spectra.shape[1])
        distance = np.maximum(distance, rms / spread if spread > 0 else rms)
    twins = float(np.mean(distance.min(axis=1) < TWIN))
    worst = max(groups, twins)
    severity = "ok" if worst == 0 else "note" if worst <= 0.05 else "warning"
    facts = {"relatives": groups, "twins": twins, "by": shared.plan.group_by}
    return Check("FS101", severity, samples.metal, samples.target.value, split, facts)


def check_group(shared: Shared, samples: Samples) -> Check:
    """FS107: a group of more samples than a split holds out stays in training, and is never tested."""
    largest = int(np.bincount(samples.groups).max())
    share = largest / len(samples.rows)
    severity = "warning" if share > shared.plan.test_fraction else "ok"
    facts = {"largest": largest, "samples": len(samples.rows), "by": shared.plan.group_by}
    return Check("FS107", severity, samples.metal, samples.target.value, "grouped", facts)


def check_rare(samples: Samples) -> Iterator[Check]:
    """FS102: classes left out, and classes with fewer than `FEW` samples."""
    metal, target = samples.metal, samples.target.value
    for reason, count in samples.dropped.items():
        if reason.startswith("class "):
            yield Check("FS102", "note", metal, target, "", {"reason": reason, "samples": count})
    few = {label: count for label, count in samples.classes.items() if count < FEW}
    for label, count in few.items():
        yield Check("FS102", "warning", metal, target, "", {"class": label, "samples": count})
    if samples.classes and not few:
        yield Check("FS102", "ok", metal, target, "", {"few": FEW})


def check_baseline(samples: Samples, split: str, inputs: str, answers: dict[str, Comparison]) -> Check:
    """FS103: an input that the paired test cannot distinguish from a baseline; `answers` by baseline."""
    beaten_by = [name for name, answer in answers.items() if answer.difference <= 0]
    undecided = [n for n, answer in answers.items() if n not in beaten_by and answer.verdict != "helps"]
    metal, target = samples.metal, samples.target.value
    severity = "warning" if beaten_by else "note" if undecided else "ok"
    facts = {"inputs": inputs, "no_better": beaten_by, "undecided": undecided}
    return Check("FS103", severity, metal, target, split, facts)


def check_correlated(shared: Shared, samples: Samples, inputs: str) -> Check:
    """FS104: correlated modalities: impurity importance divides between them arbitrarily.

    Measured as the share of one modality's variance, in its first five principal components, that is linear in
    those of the other; the larger of both directions.
    """
    names = inputs.split("+")
    parts = [_components(design_matrix(shared.matrices, name, samples.rows)) for name in names]
    share = max(explained(a, b) for i, a in enumerate(parts) for j, b in enumerate(parts) if i != j)
    severity = "warning" if share > SHARED_VARIANCE else "ok"
    return Check("FS104", severity, samples.metal, samples.target.value, "", {"inputs": inputs, "share": share})


def explained(known: Array, asked: Array) -> float:
    """Return the share (adjusted R², at least 0) of the variance of (n, q) `asked` that is linear in (n, k) `known`."""
    x, y = known - known.mean(axis=0), asked - asked.mean(axis=0)
    total = float(np.sum(y**2))
    if total == 0 or len(x) <= x.shape[1] + 1:
        return 0.0
    left = float(np.sum((y - x @ np.linalg.lstsq(x, y, rcond=None)[0]) ** 2))
    adjusted = 1.0 - left / total * (len(x) - 1) / (len(x) - x.shape[1] - 1)
    return max(0.0, float(adjusted))


def _components(spectra: Array, count: int = 5) -> Array:
    u, s, _ = np.linalg.svd(spectra - spectra.mean(axis=0), full_matrices=False)
    return np.asarray((u * s)[:, :count])
