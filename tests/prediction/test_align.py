from dataclasses import replace

import numpy as np
import pytest

from firstshell.errors import InputError
from firstshell.measured.xanes.foil import foil_shift
from firstshell.prediction import align as alignments
from quick import normalised, with_foil


def align(*given):
    """Return the alignment alone, without how training spectra match."""
    return alignments.align(*given)[0]


@pytest.fixture(scope="module")
def domain(xanes_model):
    return xanes_model.domains["xanes"]


@pytest.mark.slow
def test_a_given_shift_and_none_are_taken_at_their_word(domain):
    measured = normalised()
    assert (align(measured, domain, 1.25).shift, align(measured, domain, 1.25).by) == (1.25, "given")
    assert (align(measured, domain, "none").shift, align(measured, domain, "none").by) == (0.0, "none")
    assert align(measured, None, "fit").by == "none"  # nothing to compare with


def test_a_fit_finds_a_shift(domain):
    for off in (-2.0, 1.5):
        found = align(normalised(shift=off), domain, "fit")
        assert found.by == "fit"
        assert found.shift == pytest.approx(-off, abs=1.5)
        assert abs(align(normalised(), domain, "fit").shift - found.shift - off) < 1.0


def test_a_foil_is_put_where_it_is_tabulated(domain):
    measured = with_foil(normalised(shift=2.0), 2.0)
    assert foil_shift(measured) == pytest.approx(-2.0, abs=0.3)
    for how in ("foil", "auto"):
        found = align(measured, domain, how)
        assert (found.by, found.shift) == ("foil", pytest.approx(-2.0, abs=0.3))


def test_a_foil_over_4_ev_off_is_not_believed_unless_asked_for(domain):
    measured = with_foil(normalised(), 9.0)
    found = align(measured, domain, "auto")
    assert (found.by, found.shift) == ("none", 0.0)
    found = align(measured, domain, "foil")
    assert found.by == "foil"
    assert "moved by -9" in found.doubt
    assert "from where it was put" in found.doubt


def test_similarity_doubts_energies_but_does_not_move_them(domain):
    off = normalised(shift=-6.0)
    found = align(off, domain, "auto")
    assert (found.by, found.shift, found.contested) == ("none", 0.0, True)
    assert found.suggested == pytest.approx(6.0, abs=1.5)
    assert "from where it was put" in found.doubt
    foil = align(with_foil(off, 1.0), domain, "auto")  # a foil counts for more than similarity
    assert (foil.by, foil.shift) == ("foil", pytest.approx(-1.0, abs=0.3))
    assert not align(normalised(), domain, "auto").contested
    assert not align(off, domain, "fit").contested


def test_large_shifts_are_doubted(domain):
    assert "moved by +5.0 eV" in align(normalised(), domain, 5.0).doubt
    assert align(normalised(), domain, 0.5).doubt == ""


@pytest.mark.parametrize(
    ("how", "message"),
    [("guess", "cannot align by"), ("foil", "no foil"), (1e6, "shift of"), (float("nan"), "shift of")],
)
def test_what_cannot_be_done(domain, how, message):
    with pytest.raises(InputError, match=message):
        align(normalised(), domain, how)


def test_a_spectrum_named_as_a_foil_is_doubted():
    assert "named as a foil of Cu" in " ".join(normalised(name="cu_foil_rt.001").warnings)
    assert "foil" not in " ".join(normalised(name="CuO on foil").warnings)


def test_a_reference_without_an_edge_is_no_foil(domain):
    measured = normalised()
    flat = replace(measured, reference=np.linspace(1.0, 0.9, len(measured.energy)))
    assert foil_shift(flat) is None
    assert align(flat, domain, "auto").by != "foil"
