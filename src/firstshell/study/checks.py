"""Coded checks of the method: what a reader should know before believing a score.

FS101 leak across a split; FS102 rare class; FS103 no better than a baseline; FS104 correlated inputs; FS105 error bars
from seeds; FS106 target left out; FS107 one group too large to hold out; FS108 natural samples alone not asked about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist

from firstshell.simulation import show
from firstshell.study.compare import BASELINE_NAMES, Comparison
from firstshell.study.features import design_matrix
from firstshell.study.samples import Samples, held_out
from firstshell.study.tasks import Shared
from firstshell.types import Array

COLUMNS = ("code", "severity", "metal", "target", "split", "message", "remedy")
FEW = 20
TWIN = 0.02
SHARED_VARIANCE = 0.5


@dataclass(frozen=True)
class Check:
    """One finding; `severity` is "ok", "note", "warning" or "error"."""

    code: str
    severity: str
    metal: str
    target: str
    split: str
    message: str
    remedy: str = ""


def checks_frame(checks: Iterable[Check]) -> pd.DataFrame:
    """Return the checks as a table, ordered by code and otherwise as given."""
    frame = pd.DataFrame([asdict(check) for check in checks], columns=list(COLUMNS))
    return frame.sort_values("code", kind="stable", ignore_index=True)


def check_leak(shared: Shared, samples: Samples, split: str) -> Check:
    """FS101: held-out samples whose group, or whose very spectra, the forest was trained on.

    Spectra count as the same when, in every modality, their RMS difference is below `TWIN` of that modality's spread
    over all samples. The first split is looked at.
    """
    held = held_out(samples, shared.plan, split, 0)
    groups = float(np.mean(np.isin(samples.groups[held], samples.groups[~held])))
    distance = np.zeros((int(held.sum()), int((~held).sum())))
    for name in shared.grids:
        spectra = shared.matrices[name][samples.rows]
        spread = float(np.sqrt(np.mean((spectra - spectra.mean(axis=0)) ** 2)))
        rms = cdist(spectra[held], spectra[~held]) / np.sqrt(spectra.shape[1])
        distance = np.maximum(distance, rms / spread if spread > 0 else rms)
    twins = float(np.mean(distance.min(axis=1) < TWIN))
    worst = max(groups, twins)
    severity = "ok" if worst == 0 else "note" if worst <= 0.05 else "warning"
    message = (
        f"{100 * groups:.0f} % of the held-out samples have a relative ({relation(shared)}) in training, "
        f"{100 * twins:.0f} % have a near-identical twin there (first of the splits)"
    )
    remedy = "" if worst == 0 else "Trust the grouped splits" if split == "random" else "Group by prototype"
    return Check("FS101", severity, samples.metal, samples.target.value, split, message, remedy)


def relation(shared: Shared) -> str:
    """Say what makes samples relatives: "equal formula, parent or series"."""
    return f"equal {shared.plan.group_by.replace('_', ' ')}, parent or series"


def check_group(shared: Shared, samples: Samples) -> Check:
    """FS107: a group of more samples than a split holds out stays in training, and nothing is learnt about it."""
    largest = int(np.bincount(samples.groups).max())
    share = largest / len(samples.rows)
    severity = "warning" if share > shared.plan.test_fraction else "ok"
    message = f"the largest group of relatives ({relation(shared)}) holds {largest} of {len(samples.rows)} samples"
    remedy = "Read the grouped scores as those of the other samples" if severity == "warning" else ""
    return Check("FS107", severity, samples.metal, samples.target.value, "grouped", message, remedy)


def check_rare(samples: Samples) -> Iterator[Check]:
    """FS102: classes left out, and classes with fewer than `FEW` samples."""
    metal, target, more = samples.metal, samples.target.value, "Add samples of that class"
    for reason, count in samples.dropped.items():
        if reason.startswith("class "):
            yield Check("FS102", "note", metal, target, "", f"{reason}: {count} samples left out", more)
    few = {label: count for label, count in samples.classes.items() if count < FEW}
    for label, count in few.items():
        message = f"class {label} has {count} samples: its own F1 says little, and balanced accuracy hangs on it"
        yield Check("FS102", "warning", metal, target, "", message, more)
    if samples.classes and not few:
        yield Check("FS102", "ok", metal, target, "", f"every class has {FEW} samples or more")


def check_baseline(samples: Samples, split: str, inputs: str, answers: dict[str, Comparison]) -> Check:
    """FS103: an input that the paired test cannot tell from a baseline; `answers` by baseline."""
    beaten_by = [name for name, answer in answers.items() if answer.difference <= 0]
    undecided = [n for n, answer in answers.items() if n not in beaten_by and answer.verdict != "helps"]
    metal, target = samples.metal, samples.target.value
    if not beaten_by and not undecided:
        return Check("FS103", "ok", metal, target, split, f"{show(inputs)} is better than every baseline")
    words = [f"no better than {BASELINE_NAMES[name]}" for name in beaten_by]
    words += [f"better than {BASELINE_NAMES[name]} by less than the splits can show" for name in undecided]
    severity = "warning" if beaten_by else "note"
    remedy = "Do not read a first shell from its importances"
    return Check("FS103", severity, metal, target, split, f"{show(inputs)} is {', '.join(words)}", remedy)


def check_correlated(shared: Shared, samples: Samples, inputs: str) -> Check:
    """FS104: modalities that tell the same: impurity importance divides between them at will.

    Measured as the share of one modality's variance, in its first five principal components, that is linear in
    those of the other; the larger of both directions.
    """
    names = inputs.split("+")
    parts = [_components(design_matrix(shared.matrices, name, samples.rows)) for name in names]
    share = max(explained(a, b) for i, a in enumerate(parts) for j, b in enumerate(parts) if i != j)
    message = f"{show(inputs)}: up to {100 * share:.0f} % of one input's variance is linear in the other"
    severity = "warning" if share > SHARED_VARIANCE else "ok"
    remedy = "Read the permutation importance of whole inputs" if severity == "warning" else ""
    return Check("FS104", severity, samples.metal, samples.target.value, "", message, remedy)


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
