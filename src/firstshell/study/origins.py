"""Whether derived structures, added to the natural ones, help to predict natural materials that were held out.

The split is the study's own grouped one. One forest sees the natural samples of its training side, the other, which is
the study's, all of it; whole groups are held out, so that no relative of a held-out sample is in training. Both are
scored on the held-out natural samples only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace

import numpy as np
import pandas as pd

from firstshell.runtime.store import Record
from firstshell.simulation import show
from firstshell.study.checks import Check
from firstshell.study.compare import corrected_test, improvement_of, phrase, untested
from firstshell.study.plan import StudyPlan
from firstshell.study.samples import Samples, held_out
from firstshell.study.scores import main_scores
from firstshell.study.tables import Results
from firstshell.study.tasks import Shared, Task, mean_length
from firstshell.types import Target, main_metric

COLUMNS = (
    *("metal", "target", "inputs", "split", "metric", "natural_train", "added_train", "natural_test"),
    *("natural_score", "all_score", "difference", "low", "high", "p_value", "repeats", "verdict", "sentence"),
)
NATURAL, DERIVED, SPLIT = "natural", "derived", "grouped"
FEWEST = 5


def origin_tasks(shared: Shared, tasks: list[Task]) -> Iterator[Task]:
    """Yield the trainings on natural samples alone that the plan asks for and the data allow."""
    able = {pair for pair, samples in shared.samples.items() if not objection(samples, shared.plan)}
    for task in tasks:
        if task.split == SPLIT and task.inputs in shared.plan.origins and (task.metal, task.target) in able:
            yield replace(task, origin=NATURAL)


def objection(samples: Samples, plan: StudyPlan) -> str:
    """Return why the question cannot be asked of these samples; empty when it can."""
    if SPLIT not in plan.splits:
        return "the splits are not grouped"
    natural, derived = samples.origins == NATURAL, samples.origins == DERIVED
    if min(natural.sum(), derived.sum()) < 2 * FEWEST:
        return f"{natural.sum()} natural and {derived.sum()} derived samples"
    for repeat in range(plan.repeats):
        held = held_out(samples, plan, SPLIT, repeat)
        train, test, added = np.sum(natural & ~held), np.sum(natural & held), np.sum(derived & ~held)
        if min(train, test, added) < FEWEST:
            return f"{train} natural and {added} derived samples to train on, {test} natural ones held out"
    return ""


def check_origins(samples: Samples, plan: StudyPlan) -> Iterator[Check]:
    """FS108: the data hold natural and derived samples, and yet it cannot be asked what the derived ones are worth."""
    if plan.origins and {NATURAL, DERIVED} <= set(samples.origins.tolist()) and (why := objection(samples, plan)):
        message = f"it was not asked whether derived samples help to predict natural ones: {why}"
        remedy = "Give more samples, and grouped splits"
        yield Check("FS108", "note", samples.metal, samples.target.value, "", message, remedy)


def origins_frame(shared: Shared, results: Results, alone: Results) -> pd.DataFrame:
    """Return the answer for every metal, target and input.

    results : the study's trainings, on all samples; alone : those on natural samples
    """
    pairs: dict[tuple[str, str, str], list[tuple[Task, Record]]] = {}
    for task, record in alone.items():
        pairs.setdefault((task.metal, task.target, task.inputs), []).append((task, record))
    whole = {(t.metal, t.target, t.inputs, t.split, t.repeat): record for t, record in results.items()}
    rows = []
    for head, trained in pairs.items():
        others = [whole[(*head, SPLIT, task.repeat)] for task, _ in trained]
        rows.append(_row(shared, head, [record for _, record in trained], others))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(shared: Shared, head: tuple[str, str, str], alone: list[Record], whole: list[Record]) -> tuple[object, ...]:
    metal, target, inputs = head
    samples, metric = shared.samples[metal, target], main_metric(Target(target))
    without = np.array([_natural_score(samples, record) for record in alone])
    with_ = np.array([_natural_score(samples, record) for record in whole])
    improvement = improvement_of(metric, without, with_)
    trained, tested = (float(np.mean([record.meta[side] for record in alone])) for side in ("train", "test"))
    added = float(np.mean([record.meta["train"] for record in whole])) - trained
    # Of both training sets the smaller: the larger correction.
    seeds = shared.plan.repeat_over == "seeds"
    answer = untested(improvement) if seeds else corrected_test(improvement, tested / trained)
    others = " and ".join(sorted(set(samples.origins.tolist()) - {NATURAL}))
    subject = f"Adding {added:.0f} {others} samples to the {trained:.0f} natural ones that train {show(inputs)}"
    words = f"On held-out natural samples: {phrase(metric, subject, answer)}"
    numbers = (trained, added, tested, float(without.mean()), float(with_.mean()))
    return (*head, SPLIT, metric.value, *numbers, *asdict(answer).values(), words)


def _natural_score(samples: Samples, record: Record) -> float:
    """Return the main metric on those held-out samples that are natural."""
    test, predicted = record.arrays["test"], record.arrays["predicted"]
    kept = samples.origins[test] == NATURAL
    labels = samples.labels[test][kept]
    return float(main_scores(samples.target, labels, predicted[kept][None], mean_length(samples))[0])
