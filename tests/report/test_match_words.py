from types import SimpleNamespace

import pytest

from firstshell.match.parameter import Parameter
from firstshell.match.rank import NONE_NAME, Ranked, Ranking
from firstshell.match.simulations import Cost
from firstshell.report.words.match import LINES, _parameter, cost, percent, ranking_lines


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
