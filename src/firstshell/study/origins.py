"""What other samples in training are worth: made ones for natural ones, added ones for one's own.

The split is the study's own grouped one. One forest sees the natural (or own) samples of its training side, the other,
which is the study's, all of it; whole groups are held out, so that no relative of a held-out sample is in training.
Both are scored on the same held-out natural (or own) samples.
"""

from collections.abc import Iterator
from dataclasses import asdict, replace

import numpy as np
import pandas as pd

from firstshell.runtime.store import Record
from firstshell.study.checks import Check
from firstshell.study.compare import corrected_test, improvement_of
from firstshell.study.plan import StudyPlan
from firstshell.study.samples import Samples, held_out, trained_on
from firstshell.study.scores import main_scores
from firstshell.study.splits import Mask
from firstshell.study.tables import Results
from firstshell.study.tasks import NATURAL, OWN, Task, mean_length
from firstshell.study.trainer import Shared
from firstshell.types import Target, main_metric

COLUMNS = (
    *("metal", "target", "inputs", "split", "metric", "alone", "added", "alone_train", "added_train", "tested"),
    *("alone_score", "all_score", "difference", "low", "high", "p_value", "repeats", "verdict"),
)
NATURAL_COLUMNS = ("metal", "target", "inputs", "split", "metric", "all", "natural", "tested")
SPLIT, GIVEN = "grouped", "given"
FEWEST = 5


def origin_tasks(shared: Shared, tasks: list[Task]) -> Iterator[Task]:
    """Yield the trainings on natural, and on own, samples alone that the plan asks for and the data allow."""
    able = {
        (pair, alone)
        for pair, samples in shared.samples.items()
        for alone in (NATURAL, OWN)
        if not objection(samples, shared.plan, alone)
    }
    for task in tasks:
        if task.split == SPLIT and task.inputs in shared.plan.origins:
            pair = task.metal, task.target
            yield from (replace(task, alone=alone) for alone in (NATURAL, OWN) if (pair, alone) in able)


def parts(samples: Samples, alone: str) -> tuple[Mask, Mask]:
    """Return the masks of the samples that are asked about, and of those whose worth is asked for."""
    if alone == OWN:
        return samples.own, ~samples.own
    natural = (samples.origins == NATURAL) & samples.own
    return natural, ~np.isin(samples.origins, (NATURAL, GIVEN)) & samples.own


def objection(samples: Samples, plan: StudyPlan, alone: str) -> str:
    """Return why the question cannot be asked of these samples; empty when it can."""
    if SPLIT not in plan.splits:
        return "the splits are not grouped"
    kept, more = parts(samples, alone)
    if min(kept.sum(), more.sum()) < 2 * FEWEST:
        return f"{kept.sum()} {alone} and {more.sum()} other samples"
    for repeat in range(plan.repeats_of(SPLIT)):
        held = held_out(samples, plan, SPLIT, repeat)
        trained = trained_on(samples, held, SPLIT)
        train, test, added = np.sum(kept & trained), np.sum(kept & held), np.sum(more & trained)
        if min(train, test, added) < FEWEST:
            return f"{train} {alone} and {added} other samples to train on, {test} {alone} ones held out"
    return ""


def check_origins(samples: Samples, plan: StudyPlan) -> Iterator[Check]:
    """FS108: the data hold natural and other samples, and yet it cannot be asked what the others are worth."""
    if plan.origins and all(mask.any() for mask in parts(samples, NATURAL)):
        why = objection(samples, plan, NATURAL)
        if why:
            yield Check("FS108", "note", samples.metal, samples.target.value, "", {"why": why})


def origins_frame(shared: Shared, results: Results, alone: Results) -> pd.DataFrame:
    """Return the answer for every metal, target, input and kind of sample.

    results : the study's trainings, on all samples; alone : those on natural or own samples
    """
    pairs: dict[tuple[str, str, str, str], list[tuple[Task, Record]]] = {}
    for task, record in alone.items():
        pairs.setdefault((task.metal, task.target, task.inputs, task.alone), []).append((task, record))
    whole = {(t.metal, t.target, t.inputs, t.split, t.repeat): record for t, record in results.items()}
    rows = []
    for (metal, target, inputs, kept), trained in pairs.items():
        head = metal, target, inputs
        others = [whole[(*head, SPLIT, task.repeat)] for task, _ in trained]
        rows.append(_row(shared, head, kept, [record for _, record in trained], others))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def natural_frame(shared: Shared, results: Results) -> pd.DataFrame:
    """Return main scores on the natural held-out samples beside those on all, where the data hold others, too.

    Columns metal, target, inputs, split, metric, all, natural, tested: means over the repeats; `tested` is the mean
    number of natural samples held out.
    """
    values: dict[tuple[str, str, str, str], list[tuple[float, float, float]]] = {}
    for task, record in results.items():
        samples = shared.samples[task.metal, task.target]
        natural, made = parts(samples, NATURAL)
        if natural.any() and made.any():
            metric = record.meta["scores"][main_metric(samples.target).value]
            count = float(natural[record.arrays["test"]].sum())
            row = (metric, score_of(samples, record, natural), count)
            values.setdefault((task.metal, task.target, task.inputs, task.split), []).append(row)
    rows = []
    for head, each in values.items():
        known = np.array([row for row in each if np.isfinite(row[1])])
        if len(known):
            rows.append((*head, main_metric(Target(head[1])).value, *map(float, known.mean(axis=0))))
    return pd.DataFrame(rows, columns=list(NATURAL_COLUMNS))


def _row(
    shared: Shared, head: tuple[str, str, str], kept: str, alone: list[Record], whole: list[Record]
) -> tuple[object, ...]:
    metal, target, _ = head
    samples, metric = shared.samples[metal, target], main_metric(Target(target))
    asked, others = parts(samples, kept)
    without = np.array([score_of(samples, record, asked) for record in alone])
    with_ = np.array([score_of(samples, record, asked) for record in whole])
    improvement = improvement_of(metric, without, with_)
    trained, tested = (float(np.mean([record.meta[side] for record in alone])) for side in ("train", "test"))
    added = float(np.mean([record.meta["train"] for record in whole])) - trained
    # Of both training sets the smaller: the larger correction.
    answer = corrected_test(improvement, None if shared.plan.repeat_over == "seeds" else tested / trained)
    names = "added" if kept == OWN else "+".join(sorted(set(samples.origins[others].tolist())))
    numbers = (trained, added, tested, float(without.mean()), float(with_.mean()))
    return (*head, SPLIT, metric.value, kept, names, *numbers, *asdict(answer).values())


def score_of(samples: Samples, record: Record, asked: Mask) -> float:
    """Return the main metric on those held-out samples that are asked about; NaN where there are none."""
    test, predicted = record.arrays["test"], record.arrays["predicted"]
    kept = asked[test]
    if not kept.any():
        return float("nan")
    labels = samples.labels[test][kept]
    return float(main_scores(samples.target, labels, predicted[kept][None], mean_length(samples))[0])
