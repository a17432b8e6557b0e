"""Tables that set things side by side say what the study holds, cell by cell."""

import pandas as pd
import pytest
from fake_study import fake_study

from firstshell.report import tables, tables_overview, text
from firstshell.report.style import number
from firstshell.types import Metric, Target
from synthetic import synthetic_dataset

METALS = ("Mn", "Cu")


@pytest.fixture(scope="module")
def data():
    return synthetic_dataset(45, METALS, derived=True)


@pytest.fixture(scope="module")
def study(data):
    return fake_study(data, repeats=3)


def test_verdicts_stand_under_their_metal(study):
    table = tables_overview.verdicts(study)
    row = table.shown.set_index("Claim").loc["XANES is at least as good as PDF"]
    expected = study.findings.query("split == 'grouped'").set_index("metal")["verdict"]
    assert {metal: row[metal] for metal in METALS} == expected.to_dict()
    assert "sentence" not in table.frame


def test_grouped_and_random_stand_side_by_side(study):
    table = tables_overview.split_scores(study, Target.BOND_LENGTH)
    assert len(table.shown) == len(METALS) * 7
    means = study.frame().query("target == 'bond_length' and metric == 'rmse_percent'")
    means = means.set_index(["metal", "inputs", "split"])["mean"]
    for row, shown in zip(table.frame.to_dict("records"), table.shown.to_dict("records"), strict=True):
        grouped, random = (means[row["metal"], row["inputs"], split] for split in ("grouped", "random"))
        assert row["difference"] == pytest.approx(random - grouped)
        assert shown["Grouped"].startswith(number(Metric.RMSE_PERCENT, grouped))
        assert shown["Random"].startswith(number(Metric.RMSE_PERCENT, random))


def test_without_a_random_split_nothing_is_set_side_by_side(data):
    study = fake_study(data, repeats=3, splits=("grouped",), targets=("bond_length",))
    assert tables_overview.split_scores(study, Target.BOND_LENGTH).shown.empty


def test_classes_add_up_to_the_samples(study, data):
    table = tables_overview.classes(study, data)
    counts = table.frame
    assert (counts[["natural", "derived", "given"]].sum(axis=1) == counts["samples"]).all()
    assert "Given" not in table.shown  # no sample here is of unknown origin
    whole = counts.groupby(["metal", "target"])["samples"].sum()
    for metal in METALS:
        for target, held in study.provenance["counts"][metal].items():
            assert whole[metal, target] == held["samples"]
    charges = data.frame.query("metal == 'Cu'")["oxidation_state"].value_counts()
    row = table.shown.query("Metal == 'Cu' and Target == 'Oxidation state' and Class == '+2'")
    assert row["All"].item() == str(charges[2])


def test_regions_share_out_the_whole_importance(study, data):
    frame = tables_overview.importance_regions(study, data).frame
    whole = frame.groupby(["metal", "target", "inputs"])["share"].sum()
    assert len(whole) == len(METALS) * 3 * 3
    assert whole.to_numpy() == pytest.approx(1.0)


def test_a_card_says_which_input_wins_whether_another_helps_and_what_a_guess_does(study):
    found = text.test_words(study, "Cu", Target.OXIDATION_STATE)
    head = study.comparisons.query("metal == 'Cu' and target == 'oxidation_state' and split == 'grouped'")
    versus = head.query("without == 'xanes' and `with` == 'pdf'")
    assert found[0] == (versus["verdict"].item(), f"{versus['sentence'].item()}.")
    assert all("+" in words for _, words in found[1:])
    guess = head.iloc[:2].assign(**{"without": ["composition", "modal"], "with": "xanes", "sentence": ["A", "B"]})
    for verdicts, cautioned in ((["helps", "undecided"], True), (["helps", "helps"], False)):
        rows = pd.concat([guess.assign(verdict=verdicts), study.comparisons], ignore_index=True)
        asked = type(study)(**{**vars(study), "comparisons": rows})
        assert text.test_words(asked, "Cu", Target.OXIDATION_STATE)[-2:] == list(
            zip(verdicts, ["A.", "B."], strict=True)
        )
        caution = text.caution_words(asked, "Cu", Target.OXIDATION_STATE)
        assert bool(caution) == cautioned
        assert not caution or ("guess" in caution[0] and "composition" not in caution[0])


def test_why_derived_samples_were_not_asked_about_is_said(study):
    check = ("FS108", "note", "Cu", "bond_length", "", "it was not asked: 4 derived samples", "Give more")
    checks = pd.concat([study.checks, pd.DataFrame([check], columns=study.checks.columns)], ignore_index=True)
    shown = tables.origins(type(study)(**{**vars(study), "checks": checks})).shown
    assert shown["Verdict"].tolist().count("not asked") == 1
    assert shown.iloc[-1]["In words"] == "It was not asked: 4 derived samples."
