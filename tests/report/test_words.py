"""Every default sentence, with numbers on both sides of the threshold that it follows from."""

import numpy as np
import pandas as pd
import pytest
from fake_study import fake_study

from firstshell.report.words import checks, study, terms
from firstshell.study.checks import Check, checks_frame
from firstshell.study.compare import Paired
from firstshell.study.findings import Finding, find
from firstshell.study.verdicts import RANKING
from firstshell.types import Metric, Target
from synthetic import synthetic_dataset

NOISE = np.array([0.004, -0.004, 0.002, -0.002, 0.001, -0.001])
HEAD = ("Cu", "coordination_number", "grouped")


def claims(noise=1.0, **means):
    """Findings of paired scores with these means; inputs are spelt with an underscore for the plus."""
    values = {name.replace("_", "+"): mean + noise * k * NOISE for k, (name, mean) in enumerate(means.items())}
    paired = Paired(Target.COORDINATION_NUMBER, values, 1 / 3)
    return {f.code: study.finding(vars(f)) for f in find(HEAD, paired, {})}


@pytest.mark.parametrize(
    ("means", "noise", "words"),
    [
        ({"xanes": 0.9, "pdf": 0.8}, 1.0, "XANES instead of PDF raises weighted F1 by 0.100 ("),
        ({"xanes": 0.7, "pdf": 0.8}, 1.0, "XANES instead of PDF lowers weighted F1 by 0.100 ("),
        ({"xanes": 0.8, "pdf": 0.8}, 0.1, "XANES is worse than PDF by less than 0.02 at most ("),
        ({"xanes": 0.8, "pdf": 0.8}, 10.0, "XANES may be worse than PDF by more than 0.02 ("),
    ],
)
def test_xanes_against_pdf(means, noise, words):
    assert claims(noise, **means)["xanes_not_worse"].startswith(words)


@pytest.mark.parametrize(
    ("pdf", "dpdf", "noise", "words"),
    [
        (0.7, 0.9, 1.0, "XANES is better than PDF, dPDF is better than PDF and not worse than XANES by more than 0.02"),
        (0.7, 0.8, 1.0, "dPDF is better than PDF, but may be worse than XANES by more than 0.02"),
        (0.7, 0.7, 1.0, "XANES is still better than dPDF"),
        (0.7, 0.6, 1.0, "dPDF is worse than PDF"),
        (0.95, 0.97, 1.0, "PDF is better than XANES to begin with"),
        (0.9, 0.95, 1.0, "XANES is not shown to be better than PDF"),
        (0.85, 0.87, 6.0, "dPDF can be distinguished neither from PDF nor from XANES"),
    ],
)
def test_the_gap(pdf, dpdf, noise, words):
    assert claims(noise, xanes=0.9, pdf=pdf, dpdf=dpdf)["dpdf_closes_gap"].startswith(words)


def test_one_split_leaves_the_gap_open():
    values = {name: np.array([mean]) for name, mean in (("xanes", 0.9), ("pdf", 0.7), ("dpdf", 0.9))}
    found = {f.code: study.finding(vars(f)) for f in find(HEAD, Paired(Target.COORDINATION_NUMBER, values, None), {})}
    assert found["dpdf_closes_gap"] == "one split allows no test."
    assert found["xanes_not_worse"].endswith("on one split, which allows no test.")


@pytest.mark.parametrize(
    ("share", "ratio", "verdict", "words"),
    [
        (0.8, 1 / 3, "confirmed", "80 % (79 % to 81 %) of the permutation loss in XANES+PDF is of XANES."),
        (0.2, 1 / 3, "refuted", "20 % (19 % to 21 %) of the permutation loss in XANES+PDF is of XANES."),
        (0.5, 1 / 3, "undecided", "50 % (49 % to 51 %) of the permutation loss in XANES+PDF is of XANES."),
        (0.8, None, "undecided", "80 % of the permutation loss in XANES+PDF is of XANES."),
    ],
)
def test_the_share_of_xanes(share, ratio, verdict, words):
    scores = Paired(Target.COORDINATION_NUMBER, {"xanes+pdf": np.full(6, 0.9)}, ratio)
    (found,) = find(HEAD, scores, {("xanes+pdf", "permutation"): share + 2 * NOISE})
    assert (found.verdict, study.finding(vars(found))) == (verdict, words)


@pytest.mark.parametrize(
    ("error", "verdict", "words"),
    [
        (2.4, "confirmed", "Adding dPDF to XANES lowers the RMSE by 0.10 % of the mean bond length ("),
        (2.6, "refuted", "Adding dPDF to XANES raises the RMSE by 0.10 % of the mean bond length ("),
        (2.5, "undecided", "Adding dPDF to XANES cannot be decided ("),
    ],
)
def test_adding_dpdf_to_bond_lengths(error, verdict, words):
    values = {"xanes": np.full(6, 2.5), "xanes+dpdf": error + NOISE}
    (found,) = find(("Cu", "bond_length", "grouped"), Paired(Target.BOND_LENGTH, values, 1 / 3), {})
    assert found.verdict == verdict
    assert study.finding(vars(found)).startswith(words)


def row(**changes):
    base = {"without": "xanes", "with": "xanes+pdf", "metric": "rmse_percent", "difference": 0.12, "low": 0.02}
    return base | {"high": 0.22, "p_value": 0.03, "repeats": 10, "verdict": "helps"} | changes


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {},
            "Adding PDF to XANES lowers the RMSE by 0.12 % of the mean bond length (0.02 to 0.22, p = 0.030)",
        ),
        ({"difference": -0.12, "verdict": "hurts"}, "Adding PDF to XANES raises the RMSE by 0.12 %"),
        ({"low": -0.02, "verdict": "undecided"}, "Adding PDF to XANES cannot be decided (−0.02 to 0.22, p = 0.030)"),
        (
            {"p_value": float("nan")},
            "Adding PDF to XANES lowers the RMSE by 0.12 % of the mean bond length on one split",
        ),
        (
            {"p_value": 0.0009},
            "Adding PDF to XANES lowers the RMSE by 0.12 % of the mean bond length (0.02 to 0.22, p < 0.001)",
        ),
        (
            {"p_value": 0.001},
            "Adding PDF to XANES lowers the RMSE by 0.12 % of the mean bond length (0.02 to 0.22, p = 0.001)",
        ),
        (
            {"without": "pdf", "with": "dpdf", "metric": "f1_weighted"},
            "dPDF instead of PDF raises weighted F1 by 0.120",
        ),
        ({"without": "composition", "with": "pdf"}, "PDF instead of the composition alone lowers"),
    ],
)
def test_a_comparison(changes, words):
    tested = row(**changes)
    change = terms.change(tested["without"], tested["with"])
    assert f"{change} {terms.effect(Metric(tested['metric']), tested)}".startswith(words)


@pytest.fixture(scope="module")
def fake():
    return fake_study(synthetic_dataset(45, ("Mn", "Cu")), repeats=3)


def changed(fake, **tables):
    return type(fake)(**{**vars(fake), **tables})


@pytest.mark.slow
def test_failures_come_before_confirmations(fake):
    lines = study.lead(fake)
    assert len(lines) <= 5
    assert lines[0] == (
        "XANES is at least as good as PDF: does not hold for the oxidation state of Mn; holds for 1 of 2."
    )
    confirmed = fake.findings.assign(verdict="confirmed")
    assert "XANES is at least as good as PDF: holds for all 2." in study.lead(changed(fake, findings=confirmed))
    open_ = fake.findings.assign(verdict="undecided")
    assert any(line.endswith("cannot be decided for any of 2.") for line in study.lead(changed(fake, findings=open_)))


def claim(fake, code, *verdicts):
    """The sentence on a claim that has these verdicts in as many cells, in the order of metals and targets."""
    cells = [(metal, target.value) for metal in ("Mn", "Cu") for target in Target] * 2
    rows = [
        vars(Finding(code, *cell, "grouped", "xanes", "score", verdict, "", 0.1, 0.05, 0.15, 0.01, 0.02))
        for cell, verdict in zip(cells, verdicts, strict=False)
    ]
    lines = study.lead(changed(fake, findings=pd.DataFrame(rows, columns=fake.findings.columns)))
    return next(line for line in lines if line.startswith(terms.CLAIMS[code])).partition(": ")[2]


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        (["confirmed"], "holds."),
        (["undecided"], "cannot be decided."),
        (["confirmed", "confirmed"], "holds for all 2."),
        (["confirmed", "undecided"], "holds for 1 of 2; cannot be decided for 1 of 2."),
        (["undecided", "undecided"], "cannot be decided for any of 2."),
        (["narrowed", "confirmed"], "holds for 1 of 2; the gap is narrowed for the oxidation state of Mn."),
        (["refuted", "confirmed"], "does not hold for the oxidation state of Mn; holds for 1 of 2."),
        (
            ["refuted"] * 6,
            "does not hold for the oxidation state of Mn and Cu, the coordination number of Mn and Cu and "
            "the bond length of Mn and Cu.",
        ),
        (["refuted"] * 7, "does not hold for 7 pairs of metal and target."),
    ],
)
def test_how_widely_a_claim_holds(fake, verdicts, words):
    assert claim(fake, "dpdf_closes_gap", *verdicts) == words


def test_a_baseline_that_is_not_beaten_leads(fake):
    weak = fake.ranking.assign(composition_verdict="undecided")
    first = study.lead(changed(fake, ranking=weak))[0]
    assert first.startswith("The best input: no input is shown to beat the baselines for")
    assert not any("beat the baselines" in line for line in study.lead(fake))
    leaders = fake.ranking["place"].isin(["best", "leading"])
    others = weak.assign(composition_verdict=fake.ranking["composition_verdict"].mask(leaders, "undecided"))
    assert not any("beat the baselines" in line for line in study.lead(changed(fake, ranking=others)))


def test_the_best_input_is_named_only_where_it_is_shown(fake):
    line = next(line for line in study.lead(fake) if line.startswith("The best input"))
    assert "XANES+dPDF for the oxidation state of Mn and Cu and the coordination number of Mn and Cu" in line
    assert "elsewhere (2 of 6) several inputs cannot be told apart" in line
    ranking = fake.ranking.replace({"place": {"best": "leading"}})
    line = next(line for line in study.lead(changed(fake, ranking=ranking)) if line.startswith("The best input"))
    assert line == "The best input: no input is shown to be best for any of the 6 pairs of metal and target."


@pytest.mark.parametrize(
    ("place", "verdict", "words"),
    [
        ("best", "helps", "XANES"),
        ("leading", "helps", "undecided between 4"),
        ("best", "undecided", "XANES; not shown to beat the composition or a guess"),
        ("leading", "hurts", "undecided between 4; not shown to beat the composition or a guess"),
    ],
)
def test_the_place_of_an_input(place, verdict, words):
    entry = dict.fromkeys(RANKING) | {"inputs": "xanes", "place": place}
    assert study.place(entry | {"composition_verdict": verdict, "modal_verdict": verdict}, 3) == words
    only = study.place(entry | {"composition_verdict": verdict, "modal_verdict": "helps"}, 3)
    assert only == words.replace(" or a guess", "")


def test_the_number_of_tests_is_told_with_what_survives(fake):
    n = len(fake.comparisons.query("split == 'grouped'"))
    rows = fake.comparisons.assign(p_value=0.04, p_holm=0.06)
    assert study.multiplicity(changed(fake, comparisons=rows)).startswith(f"{n} paired tests: {n} have p < 0.05")
    assert "; 0 remain after Holm" in study.multiplicity(changed(fake, comparisons=rows))
    assert f"; {n} remain after" in study.multiplicity(changed(fake, comparisons=rows.assign(p_holm=0.04)))
    one = rows.assign(p_holm=[0.04, *[0.05] * (len(rows) - 1)])
    assert "; 1 remains after" in study.multiplicity(changed(fake, comparisons=one))
    raw = study.multiplicity(changed(fake, comparisons=rows.assign(p_value=0.05)))
    assert raw.startswith(f"{n} paired tests: 0 have p < 0.05, where chance alone would give about {n / 20:.0f};")
    none = changed(fake, comparisons=rows.assign(p_value=np.nan))
    assert study.multiplicity(none) == "No test was made: the repeats are of one split."


def test_the_console_ends_in_fifteen_lines_and_marks_what_helps(fake):
    lines = study.console(fake).splitlines()
    assert len(lines) + 1 <= 15  # and where the report was written
    cell = "0.840" + " +dPDF"  # adding PDF is undecided in the made-up study, adding dPDF helps
    assert cell in next(line for line in lines if line.startswith("Cu"))
    weak = changed(fake, ranking=fake.ranking.assign(modal_verdict="undecided"))
    assert "0.840! +dPDF" in study.console(weak)


@pytest.mark.parametrize(("most", "told"), [(2, False), (1, True)])
def test_metals_beyond_those_of_the_console_are_in_the_report(fake, monkeypatch, most, told):
    monkeypatch.setattr(study, "CONSOLE_METALS", most)
    assert ("; Cu in the report" in study.console(fake)) == told


@pytest.mark.slow
def test_many_metals_leave_the_console_short():
    metals = ("Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu")
    many = fake_study(synthetic_dataset(36, metals), repeats=3, splits=("grouped",), inputs=("xanes", "pdf"))
    lines = study.console(many).splitlines()
    assert len(lines) + 1 <= 15
    assert any("Ni and Cu in the report" in line for line in lines)


def test_the_header_counts_samples_by_origin(fake):
    counts = fake.provenance["counts"] | {
        "Cu": {"bond_length": {"samples": 30, "origins": {"natural": 9, "decorated": 6, "distorted": 15}}}
    }
    line = study.data_line(changed(fake, provenance=fake.provenance | {"counts": counts}))
    assert "Cu 30 (15 distorted, 9 natural, 6 decorated)" in line
    assert "Mn 45;" in line  # of one unknown origin: nothing to tell
    assert "First shells of O only." in line
    assert "; relatives (formula, parent or series) stay on one side" in line
    counts = {"Mn": {"bond_length": {"samples": 9, "origins": {"natural": 9}, "added": 4}}, "Cu": counts["Mn"]}
    settings = fake.settings | {"splits": ["random"], "ligands": []}
    line = study.data_line(changed(fake, provenance=fake.provenance | {"counts": counts}, settings=settings))
    assert "Mn 9 natural, 4 added ones in training only;" in line
    assert "First shells" not in line


@pytest.mark.parametrize(
    ("check", "message", "remedy"),
    [
        (
            Check("FS101", "warning", "", "", "random", {"relatives": 0.5, "twins": 0.0, "by": "formula"}),
            "50 % of",
            "Trust",
        ),
        (Check("FS101", "ok", "", "", "grouped", {"relatives": 0.0, "twins": 0.0, "by": "formula"}), "0 % of", ""),
        (Check("FS102", "warning", "", "", "", {"class": 5, "samples": 15}), "class 5 has 15 samples", "Add samples"),
        (
            Check("FS102", "note", "", "", "", {"reason": "class 6 in few groups", "samples": 3}),
            "class 6 in few",
            "Add",
        ),
        (Check("FS102", "ok", "", "", "", {"few": 20}), "every class has 20 samples or more", ""),
        (
            Check(
                "FS103", "warning", "", "", "", {"inputs": "pdf", "no_better": ["composition"], "undecided": ["modal"]}
            ),
            "PDF is no better than the composition alone, not shown to be better than a guess",
            "Do not read",
        ),
        (
            Check("FS103", "ok", "", "", "", {"inputs": "pdf", "no_better": [], "undecided": []}),
            "PDF is better than every baseline",
            "",
        ),
        (Check("FS104", "warning", "", "", "", {"inputs": "xanes+pdf", "share": 0.6}), "XANES+PDF: up to 60 %", "Read"),
        (Check("FS104", "ok", "", "", "", {"inputs": "xanes+pdf", "share": 0.5}), "XANES+PDF: up to 50 %", ""),
        (Check("FS105", "warning", "", "", ""), "the repeats change the forest's seed", "Set repeat_over"),
        (Check("FS106", "error", "", "", "", {"why": "one class", "remedy": "More"}), "left out: one class", "More"),
        (
            Check("FS107", "ok", "", "", "", {"largest": 3, "samples": 9, "by": "chemical_system"}),
            "the largest group (equal chemical system, parent or series) holds 3 of 9",
            "",
        ),
        (
            Check("FS107", "warning", "", "", "", {"largest": 4, "samples": 9, "by": "formula"}),
            "the largest group (equal formula, parent or series) holds 4 of 9",
            "Read the grouped scores",
        ),
        (
            Check("FS101", "warning", "", "", "grouped", {"relatives": 0.0, "twins": 0.06, "by": "formula"}),
            "0 % of the held-out samples have a relative (equal formula, parent or series) in training, 6 % a near",
            "Group by prototype",
        ),
        (Check("FS108", "note", "", "", "", {"why": "few"}), "whether made samples help", "Give more"),
    ],
    ids=lambda value: getattr(value, "code", None),
)
def test_checks(check, message, remedy):
    (entry,) = checks_frame([check]).to_dict("records")
    found = checks.check(entry)
    assert found[0].startswith(message)
    assert found[1].startswith(remedy)
    assert bool(found[1]) == bool(remedy)


def test_terms():
    assert terms.listed([]) == ""
    assert terms.listed(["a", "b", "c"]) == "a, b and c"
    assert terms.span(Metric.RMSE_PERCENT, -0.104, 0.2) == "−0.10 to 0.20"
    cells = [("Ti", Target.BOND_LENGTH), ("Cu", Target.BOND_LENGTH), ("Fe", Target.OXIDATION_STATE)]
    assert terms.places(cells) == "the bond length of Ti and Cu and the oxidation state of Fe"
    assert set(terms.VERDICTS) >= set(pd.unique(np.array(["helps", "hurts", "undecided", "confirmed", "refuted"])))
