"""Scores on standards whose answers are known here, so that every count can be checked by hand."""

from types import SimpleNamespace

import pytest

from firstshell.errors import InputError
from firstshell.prediction.scoring import Scored, Truth, answer_standards, read_truth, score
from firstshell.report.score_table import tables, to_json, write_score
from firstshell.types import Prediction, Target
from quick import write_scan


def scored(truth, answer, *, compound="a", metal="Fe", kind="oxide", inside=True, width=0.2):
    """A standard with a coordination number, and the answer to it."""
    number = Target.COORDINATION_NUMBER
    said = {
        target: Prediction(metal, target, "xanes", value, (value - width / 2, value + width / 2), {})
        for target, value in ((Target.OXIDATION_STATE, 3.0), (number, answer), (Target.BOND_LENGTH, 2.0))
    }
    answered = SimpleNamespace(predictions=said, in_domain=inside, alignment=None)
    return Scored(Truth(f"{compound}.xdi", metal, compound, kind, {number: truth}), answered)


def test_counts_of_right_answers_and_of_the_constant():
    found = score(
        [
            scored(6.0, 6.4),
            scored(6.0, 5.0),
            scored(6.0, 6.0, compound="b"),
            scored(4.0, 4.05, compound="c"),
            scored(5.333, 6.0, compound="d"),
            scored(4.0, 6.0, compound="e", kind="metal"),
        ],
        Target.COORDINATION_NUMBER,
    )
    assert (found.files, found.compounds, found.right, found.covered) == (5, 4, 3, 2)
    assert found.by_compound == pytest.approx((0.5 + 1 + 1 + 0) / 4)
    assert (found.constant, found.constant_right) == ({"Fe": 6.0}, 3)
    assert found.recalls == {"4": (1, 1, 0), "6": (2, 3, 3), "mixed": (0, 1, 0)}
    assert found.mean_recall == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert found.constant_recall == pytest.approx(1 / 3)
    assert found.error == pytest.approx((0.4 + 1.0 + 0.0 + 0.05 + 0.667) / 5)
    assert found.width == pytest.approx(0.2)
    assert score([], Target.COORDINATION_NUMBER) is None
    assert score([scored(6.0, 6.0)], Target.BOND_LENGTH) is None


def test_the_constant_is_each_metals_own():
    found = score([scored(6.0, 6.0), scored(4.0, 4.0, metal="Cu")], Target.COORDINATION_NUMBER)
    assert found.constant == {"Fe": 6.0, "Cu": 4.0}
    assert found.constant_right == 2


def test_tables_name_misses_and_what_is_not_answered(tmp_path):
    every = [
        scored(6.0, 6.0),
        scored(4.0, 6.0, compound="b"),
        scored(4.0, 6.0, compound="c", kind="metal", inside=False),
    ]
    every.append(Scored(every[0].truth, None, "too short"))
    text = tables(every)
    assert "not answered: a.xdi: too short" in text
    assert "| b.xdi | b |" in text
    assert "outside the domain: 1/1" in text
    assert "| Fe | 2 (2) | 1/2 (50 %) |" in text
    assert to_json(every)["scores"]["coordination_number"]["Fe"]["right"] == 1
    written = write_score(every, tmp_path / "out")
    assert [path.name for path in written] == ["score.md", "score.json", "answers.csv"]
    assert len(written[2].read_text().splitlines()) == 5


def test_files_are_answered_or_named(tmp_path, xanes_model):
    write_scan(tmp_path / "a.dat", charge=3, number=6)
    truth = tmp_path / "truth.csv"
    truth.write_text(
        "metal,compound,file,oxidation_state,coordination_number,mean_bond_length_A\nCu,x,a.dat,3,6,\nCu,y,no.dat,2,4,\n"
    )
    one, two = answer_standards(read_truth(truth), tmp_path, lambda *_: xanes_model)
    assert one.answer is not None
    assert one.right(Target.OXIDATION_STATE)
    assert two.answer is None
    assert "no.dat" in two.refused or two.refused
    assert set(one.truth.values) == {Target.OXIDATION_STATE, Target.COORDINATION_NUMBER}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("metal,oxidation_state\nFe,3\n", "no column file"),
        ("file,metal\n", "0 standards"),
        ("file,metal\n,Fe\n", "no file is named"),
        ("file,metal\na.dat,Xx\n", "Xx"),
        ("file,metal,oxidation_state\na.dat,Fe,three\n", "'three' is not a number"),
        ("file,metal,oxidation_state\na.dat,Fe,nan\n", "'nan' is not a number"),
    ],
)
def test_bad_tables_are_refused(tmp_path, text, message):
    path = tmp_path / "truth.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_truth(path)
    with pytest.raises(InputError, match="cannot read the list"):
        read_truth(tmp_path / "missing.csv")
