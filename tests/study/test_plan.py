import pytest

from firstshell.config import from_dict, to_dict
from firstshell.errors import InputError
from firstshell.study.plan import ForestParams, StudyPlan


def test_plan_survives_toml():
    plan = StudyPlan.preset("paper", metals=("Ti", "Cu"))
    assert from_dict(StudyPlan, to_dict(plan)) == plan


def test_paper_preset():
    plan = StudyPlan.preset("paper")
    assert (plan.splits, plan.repeat_over, plan.repeats, plan.test_fraction) == (("random",), "seeds", 10, 0.25)
    assert (min(plan.forest.trees), max(plan.forest.trees)) == (25, 300)
    assert (min(plan.forest.max_features), max(plan.forest.max_features)) == (10, 35)
    assert (plan.forest.folds, plan.permutations) == (5, 0)


def test_inputs_are_normalised():
    assert StudyPlan(inputs=("XANES + pdf",)).inputs == ("xanes+pdf",)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"targets": ("oxidation",)}, r"targets: there is no 'oxidation'. Did you mean 'oxidation_state'\?"),
        ({"targets": ()}, "targets is empty"),
        ({"inputs": ()}, "inputs is empty"),
        ({"inputs": ("xanes+xrf",)}, "there is no modality 'xrf'"),
        ({"inputs": ("xanes+pdf", "pdf+xanes")}, "inputs names one thing twice"),
        ({"origins": ("xrf",)}, "there is no modality 'xrf'"),
        ({"origins": ("pdf", "pdf")}, "origins names one thing twice"),
        ({"splits": ("group",)}, r"Did you mean 'grouped'\?"),
        ({"splits": ("random", "random")}, "splits names one thing twice"),
        ({"metals": ("Cu", "Cu")}, "metals names one thing twice"),
        ({"repeat_over": "seed"}, r"Did you mean 'seeds'\?"),
        ({"group_by": "formulas"}, r"Did you mean 'formula'\?"),
        ({"level": "atom"}, "level: there is no 'atom'"),
        ({"repeats": 1}, "repeats = 1 is out of range. Give 2 to 1000"),
        ({"test_fraction": 0.9}, "test_fraction = 0.9 is out of range"),
        ({"min_class": 1}, "min_class = 1 is out of range"),
        ({"windows": 0}, "windows = 0 is out of range"),
        ({"permutations": -1}, "permutations = -1 is out of range"),
        ({"seed": -1}, "seed = -1 is out of range"),
    ],
)
def test_wrong_settings_are_named(settings, message):
    with pytest.raises(InputError, match=message):
        StudyPlan(**settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"trees": ()}, r"forest.trees = \[\]"),
        ({"max_features": (0,)}, r"forest.max_features = \[0\]"),
        ({"min_samples_leaf": 0}, "forest.min_samples_leaf = 0"),
        ({"folds": 1}, "forest.folds = 1"),
    ],
)
def test_wrong_forests_are_named(settings, message):
    with pytest.raises(InputError, match=message):
        ForestParams(**settings)


def test_unknown_preset():
    with pytest.raises(InputError, match=r"preset: there is no 'papr'. Did you mean 'paper'\?"):
        StudyPlan.preset("papr")
