from types import SimpleNamespace

import pytest

from firstshell.match.parameter import Parameter
from firstshell.match.rank import NONE_NAME, Ranked, Ranking
from firstshell.match.simulations import Cost
from firstshell.report.words.match import (
    LINES,
    _parameter,
    alone,
    cost,
    doubt,
    number,
    percent,
    ranking_answer,
    ranking_lines,
)


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0.5, "50.0 %"),
        (0.9989, "99.9 %"),
        (0.9991, ">99.9 %"),
        (0.0011, "0.1 %"),
        (0.0009, "<0.1 %"),
        (float("nan"), "–"),
    ],
)
def test_no_probability_is_shown_as_certain(share, shown):
    assert percent(share) == shown


def test_the_cost_is_shared_by_processors():
    assert cost(Cost(20, 30), 2).startswith("XANES of 20 structures, 30 sites: about 3 min with 2 processors")
    assert cost(Cost(1, 1, 0.4, "scattering paths"), 1).startswith(
        "scattering paths of 1 structure, 1 site: about 1 min"
    )


def test_a_parameter_at_its_limit_is_told():
    free, ended = (_parameter(Parameter("pdf", "scale", 1.0, 0.9, 1.1, end, "")) for end in (False, True))
    assert "at the limit" not in free
    assert ended == f"{free}; at the limit of its range"


@pytest.mark.parametrize(("count", "rest"), [(LINES, 0), (LINES + 1, 1), (LINES + 3, 3)])
def test_candidates_beyond_those_printed_are_summed(count, rest):
    kinds = [SimpleNamespace(name=f"structure {i}", formula="FeO") for i in range(count)]
    ranked = tuple(Ranked(kind, 0.05, {"xanes": 0.05}, "") for kind in kinds)
    lines = ranking_lines(Ranking(None, ranked, 1 - 0.05 * count, {"xanes": 1 - 0.05 * count}))
    assert (f"{rest} more, together {5 * rest:.1f} %" in lines) == bool(rest)
    assert len(lines) == 1 + LINES + bool(rest) + 1
    assert lines[-1].startswith(NONE_NAME)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0.00"), (-2.0034, "−2.00"), (0.0003011, "0.000301"), (558.4, "558"), (1.2e-7, "1.20e−07")],
)
def test_fitted_numbers_have_three_digits(value, shown):
    assert number(value) == shown


@pytest.mark.parametrize(
    ("nearness", "far"),
    [({"xanes": 0.5, "pdf": 0.1}, ""), ({"xanes": 0.02, "pdf": 0.3}, "XANES"), ({"pdf": 0.0}, "PDF")],
)
def test_a_structure_with_residuals_that_correct_ones_seldom_have_is_doubted(nearness, far):
    said = doubt(SimpleNamespace(nearness=nearness))
    assert said == (f"Correct structures are seldom so far from the {far}: this one may be wrong" if far else "")


def ranking(*compared):
    """Three candidates compared by PDF, and those that `compared` names by XANES as well."""
    kinds = [SimpleNamespace(name=name, formula="FeO") for name in ("one", "other", "third")]
    xanes = SimpleNamespace(fit=None, distance=0.05)
    ranked = [
        Ranked(
            kind,
            0.6 - 0.2 * i,
            {"pdf": 0.4, "xanes": 0.2},
            "",
            xanes=xanes if kind.name in compared else None,
            pdf=SimpleNamespace(rw=0.2),
        )
        for i, kind in enumerate(kinds)
    ]
    return Ranking(None, tuple(ranked), 0.1, {"pdf": 0.1, "xanes": 0.4})


def test_a_candidate_that_was_not_compared_has_no_probability_by_that_measurement():
    found = ranking("one", "other")
    assert [percent(alone(each, "xanes")) for each in found.ranked] == ["20.0 %", "20.0 %", "–"]
    assert ranking_lines(found)[3].split()[-3:] == ["–", "Rw", "0.20"]
    assert [line.split(" alone")[0] for line in ranking_answer(found)[1:]] == ["By PDF", "By XANES"]


def test_a_measurement_that_one_candidate_was_compared_by_says_nothing_alone():
    found = ranking("one")
    assert "XANES alone" not in ranking_lines(found)[0]
    assert "PDF alone" in ranking_lines(found)[0]
    assert [line.split(" alone")[0] for line in ranking_answer(found)[1:]] == ["By PDF"]
