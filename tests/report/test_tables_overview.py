"""Tables say what the study holds, cell by cell."""

import pandas as pd
import pytest
from fake_study import fake_study

from firstshell.report import tables, tables_overview
from firstshell.report.style import number
from firstshell.report.tables import Mark
from firstshell.types import Metric
from synthetic import synthetic_dataset

METALS = ("Mn", "Cu")


@pytest.fixture(scope="module")
def data():
    return synthetic_dataset(45, METALS, derived=True)


@pytest.fixture(scope="module")
def study(data):
    return fake_study(data, repeats=3)


@pytest.mark.slow
def test_the_overview_has_each_metal_and_target_with_gains_and_verdicts(study):
    table = tables.overview(study)
    assert len(table.shown) == len(METALS) * 3
    rows = study.comparisons.query("metal == 'Cu' and target == 'bond_length' and split == 'grouped'")
    for inputs, head in (("xanes+pdf", "+ PDF"), ("xanes+dpdf", "+ dPDF")):
        row = rows[(rows["without"] == "xanes") & (rows["with"] == inputs)].iloc[0]
        cell = table.shown.query("Metal == 'Cu' and Target == 'bond length, RMSE %'")[head].item()
        assert cell.verdict == row["verdict"]
        interval = f"[{number(Metric.RMSE_PERCENT, row['low'])}, {number(Metric.RMSE_PERCENT, row['high'])}]"
        assert cell.text == f"{number(Metric.RMSE_PERCENT, row['difference'], sign=True)} {interval}"


def test_a_best_input_is_named_only_where_it_is_shown(study):
    shown = tables.overview(study).shown
    charge = shown[shown["Target"] == "oxidation state, F1"]["Best input"]
    assert set(charge) == {"XANES+dPDF"}  # the fake ranking shows it for classes
    length = shown[shown["Target"] == "bond length, RMSE %"]["Best input"]
    assert set(length) == {"undecided between 5"}


def test_a_baseline_that_is_not_beaten_stands_in_the_same_line(study):
    weak = study.ranking.assign(composition_verdict="undecided")
    shown = tables.overview(type(study)(**{**vars(study), "ranking": weak})).shown
    assert all(words.endswith("; not shown to beat the composition") for words in shown["Best input"])
    assert not any("beat" in words for words in tables.overview(study).shown["Best input"])


def test_scores_of_natural_samples_stand_beside_those_of_all(study):
    shown = tables.overview(study).shown
    cell = shown.query("Metal == 'Cu' and Target == 'oxidation state, F1'")["XANES; natural"].item()
    assert cell.text.endswith("]; 0.700")


def test_verdicts_stand_under_their_metal(study):
    table = tables.claims(study)
    row = table.shown.set_index("Claim").loc["XANES is at least as good as PDF"]
    expected = study.findings.query("split == 'grouped'").set_index("metal")["verdict"]
    assert {metal: row[metal] for metal in METALS} == {m: Mark("", expected[m]) for m in METALS}
    assert "Mn, oxidation state: XANES instead of PDF" in table.caption  # the refuted one, with its numbers


def test_stars_follow_the_pvalues(study):
    rows = study.comparisons.assign(p_value=0.01, p_holm=0.2)
    one = tables.tests(type(study)(**{**vars(study), "comparisons": rows})).shown
    two = tables.tests(type(study)(**{**vars(study), "comparisons": rows.assign(p_holm=0.04)})).shown
    none = tables.tests(type(study)(**{**vars(study), "comparisons": rows.assign(p_value=0.06)})).shown
    cells = [table["XANES+PDF − XANES"].iloc[0] for table in (one, two, none)]
    assert [cell.count("*") for cell in cells] == [1, 2, 0]


def test_grouped_and_random_scores_are_all_in_the_csv(study):
    frame = tables_overview.split_scores(study).frame
    assert len(frame) == len(METALS) * 7 * 3 * 2
    means = study.frame().query("target == 'bond_length' and metric == 'rmse_percent'")
    means = means.set_index(["metal", "inputs", "split"])["mean"]
    for row in frame[frame["target"] == "bond_length"].to_dict("records"):
        assert row["mean"] == pytest.approx(means[row["metal"], row["inputs"], row["split"]])


def test_classes_add_up_to_the_samples(study, data):
    counts = tables_overview.classes(study, data).frame
    whole = counts.groupby(["metal", "target"])["samples"].sum()
    for metal in METALS:
        for target, held in study.provenance["counts"][metal].items():
            assert whole[metal, target] == held["samples"]
    charges = data.frame.query("metal == 'Cu'").groupby(["oxidation_state", "origin"]).size()
    rows = counts.query("metal == 'Cu' and target == 'oxidation_state'").set_index(["class", "origin"])["samples"]
    assert rows.to_dict() == charges.to_dict()


def test_regions_share_out_the_whole_importance(study, data):
    table = tables_overview.importance_regions(study, data)
    whole = table.frame.groupby(["metal", "target", "inputs"])["share"].sum()
    assert len(whole) == len(METALS) * 3 * 3
    assert whole.to_numpy() == pytest.approx(1.0)


def test_the_share_near_the_edge_is_that_of_the_curve(study, data):
    frame = tables_overview.importance_regions(study, data).frame
    row = frame.query("metal == 'Cu' and target == 'bond_length' and inputs == 'xanes'").iloc[0]
    curve = study.impurity.query(
        "metal == 'Cu' and target == 'bond_length' and inputs == 'xanes' and split == 'grouped'"
    )
    inside = (curve["position"] - row["origin"]).abs() <= tables_overview.NEAR_EDGE
    assert 0 < row["near_edge"] < 1
    assert row["near_edge"] == pytest.approx(curve.loc[inside, "mean"].sum() / curve["mean"].sum())
    pdf = frame.query("metal == 'Cu' and target == 'bond_length' and inputs == 'pdf'")
    assert pdf["near_edge"].isna().all()


def test_the_slope_below_the_first_pair_is_called_what_it_is(study, data):
    said = tables_overview.importance_regions(study, data).caption
    assert "from their first possible pair on" in said
    paper = type(study)(**{**vars(study), "settings": study.settings | {"r_from": "zero"}})
    assert "a measured G(r) does not carry" in tables_overview.importance_regions(paper, data).caption


def test_checks_are_gathered_by_kind_and_all_are_in_the_csv(study):
    more = pd.concat([study.checks, study.checks.iloc[:1].assign(metal="Mn")], ignore_index=True)
    table = tables.checks(type(study)(**{**vars(study), "checks": more}))
    (row,) = table.shown.to_dict("records")
    assert (row["Times"], row["Severity"]) == ("2", Mark("", "warning"))
    assert row["What to do"] == "Trust the grouped splits"
    assert len(table.frame) == 3
    assert table.frame["message"].str.len().min() > 10
