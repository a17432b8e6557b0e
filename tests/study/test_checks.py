from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from firstshell.study import checks
from firstshell.study.compare import corrected_test
from firstshell.study.features import source_matrices
from firstshell.study.plan import StudyPlan
from firstshell.study.samples import choose_samples
from firstshell.study.trainer import Shared
from firstshell.types import Target
from synthetic import synthetic_dataset

PLAN = StudyPlan(repeats=4)


def shared(data):
    samples = choose_samples(data, PLAN, "Cu", Target.COORDINATION_NUMBER)
    made = Shared(PLAN, {("Cu", "coordination_number"): samples}, source_matrices(data, PLAN), data.grids, "sklearn")
    return made, samples


def test_leak_across_groups_fires_for_random_splits_only():
    made, samples = shared(synthetic_dataset(90))  # three materials a formula
    random, grouped = (checks.check_leak(made, samples, split) for split in ("random", "grouped"))
    assert [check.severity for check in (random, grouped)] == ["warning", "ok"]
    assert grouped.facts == {"relatives": 0.0, "twins": 0.0, "by": "formula"}


def test_a_series_across_formulas_is_a_leak_of_random_splits_and_none_of_grouped_ones():
    data = synthetic_dataset(90)
    frame = data.frame.assign(formula=[f"X{i}" for i in range(90)], group=[f"series {i // 3}" for i in range(90)])
    made, samples = shared(replace(data, frame=frame))
    assert [checks.check_leak(made, samples, split).severity for split in ("random", "grouped")] == ["warning", "ok"]
    alone, unrelated = shared(replace(data, frame=frame.assign(group="")))
    assert checks.check_leak(alone, unrelated, "random").severity == "ok"


def test_a_group_too_large_to_hold_out_is_named():
    data = synthetic_dataset(90)
    assert checks.check_group(*shared(data)).severity == "ok"
    frame = data.frame.assign(group=["one parent"] * 30 + [""] * 60)
    found = checks.check_group(*shared(replace(data, frame=frame)))
    assert found.severity == "warning"
    assert (found.facts["largest"], found.facts["samples"]) == (30, 90)


def test_twins_in_other_groups_fire_for_grouped_splits():
    data = synthetic_dataset(90)
    twins = {name: np.vstack([spectra[:45], spectra[:45] * (1 + 1e-6)]) for name, spectra in data.spectra.items()}
    made, samples = shared(replace(data, spectra=twins))
    found = checks.check_leak(made, samples, "grouped")
    assert found.severity == "warning"
    assert found.facts["twins"] > 0.1
    one_apart = replace(data, spectra=twins | {"pdf": data.spectra["pdf"]})
    assert checks.check_leak(*shared(one_apart), "grouped").severity == "ok"


def test_rare_classes():
    frame = synthetic_dataset(90).frame.copy()
    _, samples = shared(synthetic_dataset(90))
    assert [check.severity for check in checks.check_rare(samples)] == ["ok"]
    frame["coordination_number"] = pd.array([4] * 70 + [5] * 15 + [6] * 5, dtype="Int64")
    _, samples = shared(replace(synthetic_dataset(90), frame=frame))
    note, warning = checks.check_rare(samples)
    assert (note.severity, note.facts) == ("note", {"reason": "class 6 in fewer than 4 groups", "samples": 5})
    assert (warning.severity, warning.facts) == ("warning", {"class": 5, "samples": 15})


@pytest.mark.parametrize(("shift", "severity"), [(0.5, "ok"), (0.01, "note"), (-0.01, "warning")])
def test_no_better_than_a_baseline(shift, severity):
    _, samples = shared(synthetic_dataset(90))
    noise = np.array([0.05, -0.05, 0.02, -0.02])
    answers = {"composition": corrected_test(noise + shift, 1 / 3), "modal": corrected_test(noise + 0.5, 1 / 3)}
    found = checks.check_baseline(samples, "grouped", "xanes+pdf", answers)
    assert found.severity == severity
    named = {"ok": ([], []), "note": ([], ["composition"]), "warning": (["composition"], [])}[severity]
    assert (found.facts["no_better"], found.facts["undecided"]) == named


@pytest.mark.slow
def test_correlated_inputs():
    data = synthetic_dataset(90)
    rng = np.random.default_rng(0)
    independent = replace(data, spectra=data.spectra | {"pdf": rng.normal(size=(90, 100))})
    assert checks.check_correlated(*shared(independent), "xanes+pdf").severity == "ok"
    mixed = data.spectra["xanes"] @ rng.normal(size=(100, 100))
    dependent = replace(data, spectra=data.spectra | {"pdf": mixed})
    assert checks.check_correlated(*shared(dependent), "xanes+pdf").severity == "warning"


def test_explained_variance_of_known_cases():
    rng = np.random.default_rng(0)
    known, noise = rng.normal(size=(2000, 3)), rng.normal(size=(2000, 3))
    assert checks.explained(known, known @ rng.normal(size=(3, 3))) == pytest.approx(1.0)
    assert checks.explained(known, noise) == pytest.approx(0.0, abs=0.01)
    assert checks.explained(known, known + noise) == pytest.approx(0.5, abs=0.03)
    assert checks.explained(known, np.ones((2000, 2))) == 0.0
