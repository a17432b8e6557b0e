"""Sentences about an answer, on both sides of what they depend on."""

from types import SimpleNamespace

import numpy as np
import pytest

from firstshell.prediction.align import Alignment
from firstshell.prediction.answer import Answer
from firstshell.prediction.resemblance import Resemblance
from firstshell.report.words import answer as words
from firstshell.types import Prediction, Target

NONE = np.zeros(2)


def resembling(distance=0.1, non_oxide=None, look_alike=None):
    return Resemblance(
        "xanes", "edge steps", distance, 0.2, (("CuO", distance),), non_oxide, look_alike, NONE, NONE, NONE
    )


def said(**changes):
    """A made-up answer with these changes."""
    parts = changes.pop("parts", {4: 0.96, 6: 0.04})
    predictions = {
        Target.OXIDATION_STATE: Prediction("Cu", Target.OXIDATION_STATE, "xanes", 2.0, (1.9, 2.1), {2: 1.0}),
        Target.COORDINATION_NUMBER: Prediction("Cu", Target.COORDINATION_NUMBER, "xanes", 4.1, (4.0, 4.3), parts),
        Target.BOND_LENGTH: Prediction("Cu", Target.BOND_LENGTH, "xanes", 1.95, (1.9, 2.0), {}),
    }
    sample = SimpleNamespace(name="scan", sources=("scan.xdi",), xanes=None, exafs=None, no_exafs="")
    base = {
        "sample": sample,
        "metal": "Cu",
        "inputs": "xanes",
        "predictions": predictions,
        "spectra": {},
        "alignment": None,
        "damping": 0.0,
        "resemblance": {"xanes": resembling()},
        "warnings": (),
    }
    return Answer(**(base | changes))


@pytest.mark.parametrize(("unlike", "told"), [(0.29, False), (0.3, True)])
def test_unlike_sites(unlike, told):
    assert ("Sites may differ in coordination number" in words.paragraph(said(unlike_sites=unlike))) == told


@pytest.mark.parametrize(("share", "shown"), [(0.04, "0.96 of 4\n"), (0.05, "0.95 of 4, 0.05 of 6\n")])
def test_small_parts_of_sites_are_left_out(share, shown):
    assert f": {shown}" in words.paragraph(said(unlike_sites=0.5, parts={4: 1 - share, 6: share}))


@pytest.mark.parametrize(
    ("like", "verdict", "line"),
    [
        (resembling(0.2), "In domain: the XANES differs by 0.200 edge steps", "in domain"),
        (resembling(0.201), "OUTSIDE the domain, the answer is a guess: the XANES", "OUTSIDE"),
        (resembling(0.1, non_oxide=("CuS", 0.1)), "OUTSIDE the domain, it may be CuS: the XANES", "OUTSIDE"),
    ],
)
def test_the_domain(like, verdict, line):
    found = said(resemblance={"xanes": like})
    assert verdict in words.paragraph(found)
    assert words.line(found).endswith(line)


@pytest.mark.parametrize(
    ("like", "warning"),
    [
        (resembling(0.2), None),
        (resembling(0.201), "is unlike all training spectra (nearest 0.201, limit 0.200)"),
        (resembling(0.1, non_oxide=("CuS", 0.099)), "is more like CuS than like any oxide (0.099 and 0.100)"),
        (resembling(0.1, non_oxide=("CuS", 0.1)), "is as much like CuS as like any oxide (0.100 and 0.100)"),
        (resembling(0.1, look_alike=("CuF2", 0.1)), "is as near to CuF2 as to the nearest oxide"),
    ],
)
def test_warnings_of_the_domain(like, warning):
    assert (like.warning or "").startswith(warning or "")
    assert bool(like.warning) == bool(warning)


@pytest.mark.parametrize(
    ("warnings", "end"), [((), "in domain"), (("a",), "(1 warning: -v)"), (("a", "b"), "(2 warnings: -v)")]
)
def test_warnings_are_counted(warnings, end):
    assert words.line(said(warnings=warnings)).endswith(end)


@pytest.mark.parametrize(("doubt", "told"), [("", False), ("the energies were moved by +4.0 eV", True)])
def test_doubtful_energies_stand_in_the_line(doubt, told):
    found = said(alignment=Alignment(4.0, "fit", doubt, 4.0))
    assert ("energies doubtful" in words.line(found)) == told


@pytest.mark.parametrize(("low", "disputed"), [(4.3, False), (4.4, True)])
def test_measurements_that_disagree(low, disputed):
    """The XANES says 4.0 to 4.3."""
    xanes = said().predictions
    other = Prediction("Cu", Target.COORDINATION_NUMBER, "xanes", 5.0, (low, 6.0), {4: 0.5, 6: 0.5})
    found = said(inputs="xanes+pdf", alone={"xanes": xanes, "pdf": xanes | {other.target: other}})
    assert ("disagree" in words.paragraph(found)) == disputed
