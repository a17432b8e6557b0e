"""What is said of mixtures."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from firstshell.match.components import Components
from firstshell.match.mix import Mixture
from firstshell.match.mixture_errors import Errors, errors_of
from firstshell.report.words import mixture as wording

ERRORS = Errors(0.001, 1.8, (0.0005, 0.001, 0.002), 100, 0.02, 0.16, 0.906)


def test_what_to_expect_of_fractions():
    assert wording.expected(ERRORS).endswith("off by 2 points on average and 91 % of the intervals held the true one.")
    poor = Errors(0.001, 1.8, (0.0005, 0.001, 0.002), 100, 0.25, 0.16, 0.6)
    assert "no better than equal parts (16 points): take these as a first guess" in wording.expected(poor)
    for error, guess in ((0.159, False), (0.16, True)):
        assert ("no better than" in wording.expected(replace(ERRORS, error=error))) == guess


def test_the_limit_and_the_percentile_of_a_misfit():
    assert ERRORS.limit == pytest.approx(0.0018)
    assert ERRORS.percentile(0.0001) == 0.0
    assert ERRORS.percentile(0.0015) == pytest.approx(0.75)
    assert ERRORS.percentile(1.0) == 1.0


@pytest.mark.parametrize(
    ("misfit", "words", "mark"),
    [
        (0.0017, "These phases suffice: misfit 0.0017 edge steps, larger than in 85 % of correct mixtures", ""),
        (0.0019, "These phases are NOT ENOUGH: misfit 0.0019 edge steps, larger than in 95 %", "; NOT ENOUGH"),
    ],
)
def test_whether_phases_suffice(misfit, words, mark):
    scan = SimpleNamespace(name="scan", metal="Fe")
    nothing = np.zeros(2)
    found = Mixture(scan, (), (), nothing, nothing, nothing, 0.0, 1.0, misfit, ERRORS)
    assert wording.verdict(found).startswith(words)
    assert wording.line(found).rstrip().endswith(mark)
    assert ("NOT ENOUGH" in wording.line(found)) == bool(mark)


@pytest.mark.parametrize("kind", ["here", "elsewhere", "simulated"])
def test_errors_that_come_with_firstshell(kind):
    found = errors_of(kind)
    assert found.widen >= 1.0
    assert 0.0 < found.typical < 0.1
    assert list(found.misfits) == sorted(found.misfits)
    assert found.mixtures > 0


def test_components_say_what_tells_their_number():
    found = Components(np.arange(3.0), np.ones((2, 3)), np.ones((5, 2)), np.array([2.0, 1.0]), np.array([1e-9, 0.2]))
    lines = wording.components(found)
    assert lines[0] == "2 components (5 scans)"
    assert "Chance of each in noise (F test): 1e-09, 0.2" in lines[2]
    assert "not unique" in lines[3]
