"""A made-up study with every table of a real one, in no time: numbers follow from names, and all are finite."""

import numpy as np
import pandas as pd

from firstshell.config import from_dict, to_dict
from firstshell.dataset.table import Dataset
from firstshell.study.features import blocks
from firstshell.study.findings import Finding, findings_frame
from firstshell.study.origins import COLUMNS as ORIGINS
from firstshell.study.origins import NATURAL_COLUMNS
from firstshell.study.plan import StudyPlan
from firstshell.study.result import Study
from firstshell.study.samples import choose_samples
from firstshell.study.tables import IMPURITY, PERMUTATION, PREDICTIONS, SCORES
from firstshell.study.verdicts import COLUMNS as COMPARISONS
from firstshell.study.verdicts import RANKING, REFERENCE
from firstshell.types import Metric, Target, main_metric

SKILL = {
    "modal": 0.0,
    "composition": 0.5,
    "xanes": 0.8,
    "pdf": 0.65,
    "dpdf": 0.75,
    "exafs": 0.7,
    "xanes+exafs": 0.85,
    "xanes+pdf": 0.82,
    "xanes+dpdf": 0.9,
}


def fake_study(data: Dataset, **plan) -> Study:
    """Return a study of `data` under `StudyPlan(**plan)` without training anything."""
    settings = to_dict(StudyPlan(**plan))
    plan, rng = from_dict(StudyPlan, settings), np.random.default_rng(1)
    tables = {name: [] for name in ("scores", "predictions", "impurity", "permutation", "comparisons", "ranking")}
    counts = {}
    for metal in plan.metals or data.metals:
        for target in map(Target, plan.targets):
            samples = choose_samples(data, plan, metal, target)
            counts.setdefault(metal, {})[target.value] = {
                "samples": len(samples.rows),
                "groups": len(np.unique(samples.groups)),
                "classes": {str(label): count for label, count in samples.classes.items()},
                "mean": None if target.is_class else float(np.mean(samples.labels)),
                "dropped": {"a site has no spectrum": 3},
                "origins": {"given": len(samples.rows)},
            }
            for split in plan.splits:
                head = (metal, target.value, split)
                for inputs in (*plan.inputs, "composition", "modal"):
                    _one_input(tables, data, plan, samples, head, inputs, rng)
                tables["comparisons"] += _comparisons(head, target, plan.inputs, rng)
                tables["ranking"] += _ranking(head, target, plan.inputs)
    checks = [
        (
            "FS101",
            "warning",
            "Cu",
            "bond_length",
            "random",
            '{"relatives": 0.64, "twins": 0.1, "by": "formula"}',
        ),
        ("FS102", "ok", "Cu", "oxidation_state", "", '{"few": 20}'),
    ]
    return Study(
        scores=pd.DataFrame(tables["scores"], columns=list(SCORES)),
        predictions=pd.concat(tables["predictions"], ignore_index=True),
        impurity=pd.DataFrame(tables["impurity"], columns=list(IMPURITY)),
        permutation=pd.DataFrame(tables["permutation"], columns=list(PERMUTATION)),
        comparisons=pd.DataFrame(tables["comparisons"], columns=list(COMPARISONS)),
        ranking=pd.DataFrame(tables["ranking"], columns=list(RANKING)),
        natural=pd.DataFrame(_natural(plan, plan.metals or data.metals), columns=list(NATURAL_COLUMNS)),
        reference=pd.DataFrame(_reference(plan, plan.metals or data.metals), columns=list(REFERENCE)),
        findings=findings_frame(_paper_findings(plan, plan.metals or data.metals)),
        origins=pd.DataFrame(_origins(plan.metals or data.metals), columns=list(ORIGINS)),
        checks=pd.DataFrame(checks, columns=["code", "severity", "metal", "target", "split", "facts"]),
        settings=settings,
        provenance={"dataset_hash": data.hash, "seconds": 1.5, "versions": {"firstshell": "0"}, "counts": counts},
    )


def _paper_findings(plan, metals):
    cases = (
        ("confirmed", "better"),
        ("refuted", "worse"),
        ("undecided", "may_be_worse"),
        ("confirmed", "within_margin"),
    )
    for metal, (verdict, reason) in zip(metals, cases, strict=False):
        head = ("xanes_not_worse", metal, plan.targets[0], plan.splits[0], "xanes", "score")
        yield Finding(*head, verdict, reason, 0.1, 0.05, 0.15, 0.01, 0.02)


def _origins(metals):
    for metal in metals:
        head = (metal, "oxidation_state", "xanes", "grouped", "f1_weighted", "natural", "derived")
        yield (*head, 30.0, 60.0, 10.0, 0.8, 0.82, 0.02, -0.05, 0.09, 0.4, 10, "undecided")


def _natural(plan, metals):
    for metal in metals:
        metric = main_metric(Target(plan.targets[0])).value
        yield (metal, plan.targets[0], plan.inputs[0], plan.splits[0], metric, 0.8, 0.7, 12.0)


def _reference(plan, metals):
    for metal in metals:
        metric = main_metric(Target(plan.targets[0])).value
        head = (metal, plan.targets[0], plan.inputs[0], plan.splits[0], metric)
        yield (*head, 0.8, 0.75, 0.05, -0.01, 0.11, 0.07, 3, "undecided")


def _ranking(head, target, inputs):
    """The most skilful input is shown to be best for classes, and leads only for lengths; PDF beats no baseline."""
    metal, name, split = head
    order = sorted(inputs, key=lambda each: -SKILL[each])
    for each in inputs:
        lead = "best" if target.is_class else "leading"
        place = lead if each == order[0] else "behind" if target.is_class else "tied"
        best = ("helps" if place == "behind" else "undecided",)
        over = ("undecided" if each == "pdf" else "helps",)
        score = 0.4 + 0.55 * SKILL[each] if target.is_class else 4.5 - 3 * SKILL[each]
        numbers = (0.1, 0.05, 0.15)
        row = (*numbers, *best, *numbers, *over, *numbers, *over)
        yield (metal, name, split, main_metric(target).value, each, score, score - 0.02, score + 0.02, place, *row)


def _one_input(tables, data, plan, samples, head, inputs, rng):
    metal, target, split = head
    skill = SKILL[inputs] + (0.05 if split == "random" and inputs != "modal" else 0)
    for repeat in range(plan.repeats):
        chosen = rng.permutation(len(samples.rows))[: max(4, len(samples.rows) // 4)]
        true = samples.labels[chosen].astype(float)
        hit = rng.random(len(true)) < skill
        if samples.target.is_class:
            predicted = np.where(hit, true, rng.permutation(true))
        else:
            predicted = true + rng.normal(0, 0.08 * (1.1 - skill), len(true))
        row = (metal, target, inputs, split, repeat, "forest")
        tables["scores"] += [(*row, name, value) for name, value in _scores(samples.target, skill, rng).items()]
        part = data.frame.iloc[samples.rows[chosen]][["id", "site"]].reset_index(drop=True)
        part = part.assign(true=true, predicted=predicted)
        for name, value in zip(PREDICTIONS[:5], row[:5], strict=True):
            part[name] = value
        tables["predictions"].append(part[list(PREDICTIONS)])
    if inputs in ("modal", "composition"):
        return
    for modality in inputs.split("+"):
        x = data.grids[modality].values
        bump = np.exp(-(((x - x[-1] * 0.22) / (0.04 * x[-1])) ** 2)) + 0.5 * np.exp(-(((x - x[-1] * 0.6) / 3) ** 2))
        curve = (bump + rng.random(len(x)) * 0.1) / bump.sum() / (1 + inputs.count("+"))
        tables["impurity"] += [
            (metal, target, inputs, split, modality, float(a), float(b), float(b) / 8)
            for a, b in zip(x, curve, strict=True)
        ]
    if plan.permutations:
        tables["permutation"] += [
            (
                metal,
                target,
                inputs,
                split,
                b.modality,
                b.low,
                b.high,
                0.2 if b.low != b.low else rng.normal(0.02, 0.02),
                0.01,
            )
            for b in blocks(data.grids, inputs, plan.windows)
        ]


def _scores(target, skill, rng):
    noise = rng.normal(0, 0.02)
    if target.is_class:
        main = 0.4 + 0.55 * skill + noise
        classes = (2, 3) if target is Target.OXIDATION_STATE else (4, 5, 6)
        names = ("f1_weighted", "balanced_accuracy", "accuracy", *(f"f1_{label}" for label in classes))
        return dict.fromkeys(names, main)
    main = 4.5 - 3 * skill + noise
    return {Metric.RMSE_PERCENT.value: main, "rmse": main / 50, "mae": main / 70, "r2": 1 - main / 5}


def _comparisons(head, target, inputs, rng):
    metal, name, split = head
    pairs = [("xanes", "xanes+pdf"), ("pdf", "xanes+pdf"), ("xanes", "xanes+dpdf"), ("xanes", "pdf")]
    pairs += [("xanes", "xanes+exafs"), ("exafs", "xanes+exafs")]
    pairs = [pair for pair in pairs if set(pair) <= set(inputs)]
    rows = []
    verdicts = ("undecided", "helps", "helps", "hurts", "helps", "undecided")
    for (without, with_), verdict in zip(pairs, verdicts, strict=False):
        middle = {"undecided": 0.01, "helps": 0.2, "hurts": -0.2}[verdict] * (1 if target.is_class else 2)
        low, high = middle - 0.05, middle + 0.05
        metric = main_metric(target).value
        rows.append((metal, name, split, metric, without, with_, middle, low, high, 0.03, 10, verdict, 0.3))
    return rows
