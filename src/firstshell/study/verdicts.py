"""What the records of a study answer: comparisons, ranking, findings and checks."""

from collections.abc import Iterator
from dataclasses import asdict
from itertools import product

import numpy as np
import pandas as pd

from firstshell.runtime.store import Record
from firstshell.study import checks
from firstshell.study import findings as claims
from firstshell.study.compare import BASELINES, Paired, corrected_test, holm, improvement_of, questions
from firstshell.study.features import blocks
from firstshell.study.origins import check_origins
from firstshell.study.plan import StudyPlan
from firstshell.study.result import RANKING
from firstshell.study.tables import Results, by_input, main_values
from firstshell.study.trainer import Shared
from firstshell.types import Array, Target, main_metric

COLUMNS = (
    *("metal", "target", "split", "metric", "without", "with"),
    *("difference", "low", "high", "p_value", "repeats", "verdict", "p_holm"),
)
REFERENCE = (
    *("metal", "target", "inputs", "split", "metric", "score", "random_forest"),
    *("difference", "low", "high", "p_value", "repeats", "verdict"),
)


def paired(shared: Shared, results: Results) -> dict[tuple[str, str, str], Paired]:
    """Return the paired scores by metal, target and split kind."""
    plan, values, ratios, made = shared.plan, main_values(results), _ratios(shared, results), {}
    for (metal, target), split in product(shared.samples, plan.splits):
        scores = {name: values[metal, target, name, split] for name in (*plan.inputs, *BASELINES)}
        made[metal, target, split] = Paired(Target(target), scores, ratios[metal, target, split])
    return made


def _ratios(shared: Shared, results: Results) -> dict[tuple[str, str, str], float | None]:
    """Return held-out over training samples by metal, target and split; None where repeats are seeds on one split."""
    ratios: dict[tuple[str, str, str], list[float]] = {}
    for task, record in results.items():
        if task.inputs == "modal":
            ratio = record.meta["test"] / record.meta["train"]
            ratios.setdefault((task.metal, task.target, task.split), []).append(ratio)
    seeds = shared.plan.repeat_over == "seeds"
    return {head: None if seeds else float(np.mean(each)) for head, each in ratios.items()}


def comparisons_frame(plan: StudyPlan, pairs: dict[tuple[str, str, str], Paired]) -> pd.DataFrame:
    """Return the answer to every question the plan's inputs allow, the best input against the baselines last.

    p_holm : p-value adjusted for the number of tests in the same kind of split
    """
    rows = []
    for (metal, target, split), scores in pairs.items():
        best = scores.best(plan.inputs)
        for without, with_ in questions(plan.inputs) + [(baseline, best) for baseline in BASELINES]:
            answer = scores.compare(without, with_)
            head = (metal, target, split, main_metric(scores.target).value, without, with_)
            rows.append((*head, *asdict(answer).values()))
    frame = pd.DataFrame(rows, columns=list(COLUMNS[:-1]))
    adjusted = frame.groupby("split", sort=False)["p_value"].transform(lambda p: holm(p.to_numpy(np.float64)))
    return frame.assign(p_holm=adjusted.astype(np.float64))


def ranking_frame(plan: StudyPlan, pairs: dict[tuple[str, str, str], Paired]) -> pd.DataFrame:
    """Return every input's score with its interval, what the best is ahead by, and what it improves on the baselines.

    place : "best" where the input has the best mean and is shown to be better than every other one, "leading" where it
        has the best mean and is not, "tied" where it is not shown to be worse than the one with the best mean, "behind"
        where it is
    best_difference : improvement of the input with the best mean on this one
    """
    rows = []
    for (metal, target, split), scores in pairs.items():
        best = scores.best(plan.inputs)
        behind = {name: scores.compare(name, best) for name in plan.inputs if name != best}
        shown = all(answer.verdict == "helps" for answer in behind.values())
        for name in plan.inputs:
            mean, bounds = scores.mean(name), (0.0, 1.0 if scores.target.is_class else np.inf)
            low, high = np.clip([mean.low, mean.high], *bounds)
            place = "behind" if name in behind and behind[name].verdict == "helps" else "tied"
            if name == best:
                place = "best" if shown else "leading"
            answers = [scores.compare(name, best), *(scores.compare(baseline, name) for baseline in BASELINES)]
            numbers = [part for each in answers for part in (each.difference, each.low, each.high, each.verdict)]
            head = (metal, target, split, main_metric(scores.target).value, name)
            rows.append((*head, mean.difference, float(low), float(high), place, *numbers))
    return pd.DataFrame(rows, columns=list(RANKING))


def reference_frame(shared: Shared, results: Results, others: Results) -> pd.DataFrame:
    """Return what the plan's forest improves on the paper's random forest, trained on the same sides of each split."""
    values, against = main_values(results), main_values(others)
    ratios = _ratios(shared, results)
    rows = []
    for (metal, target, inputs, split), old in against.items():
        new, metric = values[metal, target, inputs, split][: len(old)], main_metric(Target(target))
        answer = corrected_test(improvement_of(metric, old, new), ratios[metal, target, split])
        means = (float(new.mean()), float(old.mean()))
        rows.append((metal, target, inputs, split, metric.value, *means, *asdict(answer).values()))
    return pd.DataFrame(rows, columns=list(REFERENCE))


def findings_frame(shared: Shared, results: Results, pairs: dict[tuple[str, str, str], Paired]) -> pd.DataFrame:
    """Return what the paper found, asked of every metal, target and split kind."""
    shares: dict[tuple[str, str, str], dict[tuple[str, str], Array]] = {head: {} for head in pairs}
    for (metal, target, inputs, split), records in by_input(results):
        for measure, share in _xanes_shares(shared, metal, inputs, records).items():
            shares[metal, target, split][inputs, measure] = share
    return claims.findings_frame(
        finding for head, scores in pairs.items() for finding in claims.find(head, scores, shares[head])
    )


def _xanes_shares(shared: Shared, metal: str, inputs: str, records: list[Record]) -> dict[str, Array]:
    """Return the (repeats,) share of each importance of a combined input that falls to XANES; empty without XANES."""
    parts = inputs.split("+")
    if "xanes" not in parts or len(parts) == 1:
        return {}
    axes = shared.axes(metal)
    impurity = np.array([record.arrays["impurity"] for record in records])
    points = np.array([name for name in parts for _ in range(len(axes[name]))])
    shares = {"impurity": claims.xanes_share(impurity, points == "xanes")}
    if "permutation" in records[0].arrays:
        cut = blocks(axes, inputs, shared.plan.windows)
        whole = [i for i, block in enumerate(cut) if np.isnan(block.low)]
        loss = np.array([record.arrays["permutation"][whole] for record in records])
        shares["permutation"] = claims.xanes_share(loss, np.array([cut[i].modality == "xanes" for i in whole]))
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
        yield checks.Check("FS105", "warning", "", "", "", {})
