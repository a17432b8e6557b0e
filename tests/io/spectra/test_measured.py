"""The rules that all readers share."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstshell.elements import edge, element
from firstshell.errors import InputError
from firstshell.io.spectra.channels import role, unit_of
from firstshell.io.spectra.measured import MeasuredList, bounded, in_order, make_xanes, to_ev
from firstshell.io.spectra.text import number, numbers


@given(st.integers(10, 300), st.integers(0, 10**6), st.booleans())
def test_order_keeps_every_value_at_its_place(points, seed, downwards):
    source = np.random.default_rng(seed)
    x = np.sort(source.integers(0, 10 * points, points)).astype(float)
    order = np.arange(points)
    for place in source.choice(points - 1, max(1, points // 50), replace=False):
        order[[place, place + 1]] = order[[place + 1, place]]
    values = source.normal(size=points)
    order = order[::-1] if downwards else order
    try:
        sorted_x, (sorted_y,), _ = in_order(x[order], [values[order]], "x")
    except InputError:  # swaps that meet may leave more behind than there are swaps
        assert points < 60
        return
    assert np.array_equal(sorted_x, np.unique(x))
    assert np.allclose(sorted_y, [values[x == place].mean() for place in sorted_x])


def test_much_disorder_is_refused():
    x = np.arange(100.0)
    for bad in (np.tile(x, 2), np.random.default_rng(1).permutation(x), np.r_[x, x[::-1]], np.r_[x[:50], x[:50]]):
        with pytest.raises(InputError, match="points are out of order"):
            in_order(bad, [bad], "x")


@pytest.mark.parametrize(
    ("low", "high", "unit", "factor"),
    [
        (7000, 8000, "", 1),
        (7, 8, "", 1000),
        (7, 8, "keV", 1000),
        (55, 80, "eV", 1),
        (88, 91, "", 1000),
        (150, 198, "", 1000),
    ],
)
def test_energies(low, high, unit, factor):
    energy = np.linspace(low, high, 20)
    assert np.array_equal(to_ev(energy, unit, "x"), energy * factor)


@pytest.mark.parametrize(
    ("low", "high", "unit"),
    [(-60, 200, ""), (0, 30, ""), (0.01, 100, ""), (7000, 8000, "keV"), (1, 20, "eV"), (5e5, 6e5, "")],
)
def test_what_is_no_energy(low, high, unit):
    with pytest.raises(InputError, match="energ"):
        to_ev(np.linspace(low, high, 50), unit, "x")


def test_a_spoilt_foil_does_not_spoil_the_sample():
    x = np.linspace(7000, 7200, 30)
    reference = np.where(x > 7100, np.nan, 1.0)
    spectrum = make_xanes("", x, np.sin(x), "a/b\\c.dat", "mu", reference=reference, e0=-5.0)
    assert (spectrum.reference, spectrum.e0, spectrum.name, spectrum.source) == (None, None, "c", "c.dat")


def test_headers_are_bounded():
    header = bounded({f"{i}": "x" * 10_000 for i in range(5000)})
    assert len(header) == 2000
    assert max(map(len, header.values())) == 2000


def test_names():
    known = {
        "energy": ["Energy (eV)", "E", "energy_ev", "hv"],
        "i0": ["I0", "Io", "I_0", "monitor"],
        "norm": ["norm", "flat"],
    }
    known |= {"mu": ["mu(E)", "μ(E)", "xmu", "mutrans", "Absorbance"], "ifluor": ["If", "ifluor_3", "fluorescence"]}
    known |= {"itrans": ["I1", "It", "itrans"], "irefer": ["I2", "Iref"], "murefer": ["murefer", "mu_ref"]}
    for name, labels in known.items():
        assert {role(label) for label in labels} == {name}
    assert {role(label) for label in ("", "time", "bkg", "i3", "chi", "1")} == {None}
    assert [unit_of(text) for text in ("energy (keV)", "energy_eV", "energy eV", "seven")] == ["keV", "eV", "eV", ""]
    assert (element("FE"), element("fe "), element("Xx"), element(""), element(None)) == ("Fe", "Fe", None, None, None)
    assert (edge("k"), edge("L3"), edge("L4"), edge(None)) == ("K", "L3", None, None)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_come_back(value):
    assert number(f"{value!r}") == numbers([f"{value!r}"])[0] == value
    assert number(f"{value:.12E}".replace("E", "D")) == pytest.approx(value, rel=1e-11)


@pytest.mark.parametrize("word", ["", "1_0", "x", "0x1", "1..2", "--1", "١", "1e", "e5", "1" * 500 + "d1", "1,5", " 1"])
def test_words_that_are_no_numbers(word):
    with pytest.raises(ValueError, match="could not convert"):
        numbers([word, "1d1"])


def test_a_notebook_shows_what_was_read_and_names_stay_text():
    energy = np.arange(7000.0, 7100.0)
    made = make_xanes("<b>Fe", energy, energy, "a.dat", "mu", element="Fe", edge="K", notes=("one note",))
    page = MeasuredList([made])._repr_html_()
    cells = ("&lt;b&gt;Fe", "XANES of Fe, K edge", "7000 to 7099 eV", "100", "mu", "", "one note")
    assert "".join(f"<td>{cell}</td>" for cell in cells) in page
    assert made._repr_html_() == page
