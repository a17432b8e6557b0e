import pytest

from firstshell.match.simulations import Cost
from firstshell.report.words.match import _percent, cost


@pytest.mark.parametrize(
    ("share", "shown"), [(0.5, "50.0 %"), (0.9999, ">99.9 %"), (1e-5, "<0.1 %"), (float("nan"), "–")]
)
def test_no_probability_is_shown_as_certain(share, shown):
    assert _percent(share) == shown


def test_the_cost_is_shared_by_processors():
    assert cost(Cost(20, 30), 2).startswith("XANES of 20 structures, 30 sites: about 3 min with 2 processors")
    assert cost(Cost(1, 1, 0.4, "scattering paths"), 1).startswith(
        "scattering paths of 1 structure, 1 site: about 1 min"
    )
