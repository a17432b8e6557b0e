"""What the records of a study answer: the paired comparisons, the findings and the checks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from itertools import product

import numpy as np
import pandas as pd

from firstshell.runtime.store import Record
from firstshell.study import checks
from firstshell.study import findings as found
from firstshell.study.compare import (
    BASELINES,
    Paired,
    questions,
    sentence,
)
from firstshell.study.features import blocks
from firstshell.study.origins import check_origins
from firstshell.study.plan import StudyPlan
from firstshell.study.tables import Results, by_input, main_values
from firstshell.study.tasks import Shared
from firstshell.types import Array, Target, main_metric

COLUMNS = (
    *("metal", "target", "split", "metric", "without", "with"),
    *("difference", "low", "high", "p_value", "repeats", "verdict", "sentence"),
)


def paired(shared: Shared, results: Results) -> dict[tuple[str, str, str], Paired]:
    """Return the paired scores by metal, target and split kind."""
    plan, values, found = shared.plan, main_values(results), {}
    for (metal, target), split in product(shared.samples, plan.splits):
        ratios = [
            record.meta["test"] / record.meta["train"]
            for task, record in results.items()
            if (task.metal, task.target, task.inputs, task.split) == (metal, target, "modal", split)
        ]
        scores = {name: values[metal, target, name, split] for name in (*plan.inputs, *BASELINES)}
        ratio = float(np.mean(ratios)) if plan.repeat_over == "splits" else None
        found[metal, target, split] = Paired(Target(target), scores, ratio)
    return found


def comparisons_frame(plan: StudyPlan, pairs: dict[tuple[str, str, str], Paired]) -> pd.DataFrame:
    """Return the answer to every question the plan's inputs allow, the best input against the baselines last."""
    rows = []
    for (metal, target, split), scores in pairs.items():
        best = scores.best(plan.inputs)
        for without, with_ in questions(plan.inputs) + [(baseline, best) for baseline in BASELINES]:
            answer = scores.compare(without, with_)
            head = (metal, target, split, main_metric(scores.target).value, without, with_)
            rows.append((*head, *asdict(answer).values(), sentence(scores.target, without, with_, answer)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def findings_frame(shared: Shared, results: Results, pairs: dict[tuple[str, str, str], Paired]) -> pd.DataFrame:
    """Return what the paper found, asked of every metal, target and split kind."""
    shares: dict[tuple[str, str, str], dict[tuple[str, str], Array]] = {head: {} for head in pairs}
    for (metal, target, inputs, split), records in by_input(results):
        for measure, share in _xanes_shares(shared, inputs, records).items():
            shares[metal, target, split][inputs, measure] = share
    return found.findings_frame(
        finding for head, scores in pairs.items() for finding in found.find(head, scores, shares[head])
    )


def _xanes_shares(shared: Shared, inputs: str, records: list[Record]) -> dict[str, Array]:
    """Return the (repeats,) share of each importance of a combined input that falls to XANES; empty without XANES."""
    parts = inputs.split("+")
    if "xanes" not in parts or len(parts) == 1:
        return {}
    impurity = np.array([record.arrays["impurity"] for record in records])
    points = np.array([name for name in parts for _ in range(len(shared.grids[name]))])
    shares = {"impurity": found.xanes_share(impurity, points == "xanes")}
    if shared.plan.permutations:
        cut = blocks(shared.grids, inputs, shared.plan.windows)
        whole = [i for i, block in enumerate(cut) if np.isnan(block.low)]
        loss = np.array([record.arrays["permutation"][whole] for record in records])
        shares["permutation"] = found.xanes_share(loss, np.array([cut[i].modality == "xanes" for i in whole]))
    return shares


def all_checks(shared: Shared, pairs: dict[tuple[str, str, str], Paired]) -> Iterator[checks.Check]:
    """Yield every check of every metal and target."""
    plan = shared.plan
    for samples in shared.samples.values():
        yield from checks.check_rare(samples)
        yield from check_origins(samples, plan)
        if "grouped" in plan.splits:
            yield checks.check_group(shared, samples)
        yield from (checks.check_correlated(shared, samples, inputs) for inputs in plan.inputs if "+" in inputs)
        for split in plan.splits:
            yield checks.check_leak(shared, samples, split)
            scores = pairs[samples.metal, samples.target.value, split]
            for inputs in plan.inputs:
                answers = {baseline: scores.compare(baseline, inputs) for baseline in BASELINES}
                yield checks.check_baseline(samples, split, inputs, answers)
    if plan.repeat_over == "seeds":
        message = "the repeats change the forest's seed on one split: the error bars leave out the spread over splits"
        yield checks.Check("FS105", "warning", "", "", "", message, 'Set repeat_over = "splits"')
