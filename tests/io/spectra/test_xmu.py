"""xmu.dat: what is read, and what is refused."""

import numpy as np
import pytest

from firstshell.errors import InputError
from firstshell.io.spectra.xmu import parse_xmu

HEADER = "# FEFF  9.9.1  \n#  omega    e    k    mu    mu0     chi     @#\n"


def make_rows(fermi=8987.0, step=1.0):
    k = np.arange(-1.0, 6.0, 0.2)
    energy = fermi + np.sign(k) * k**2 * 3.81
    mu0 = step * (0.5 + np.arctan((energy - fermi) / 1.0) / np.pi)
    return np.column_stack([energy, energy - fermi - 7, k, 1.1 * mu0, mu0, 0.1 * mu0])


def as_text(rows):
    return HEADER + "".join(
        "  ".join(f"{v:.6E}" if i > 2 else f"{v:.3f}" for i, v in enumerate(r)) + "\n" for r in rows
    )


def test_normalised_to_the_edge_step():
    xmu = parse_xmu(as_text(make_rows(step=2.35e-4)), "x")
    assert xmu.program == "FEFF 9.9.1"
    assert xmu.fermi == pytest.approx(8987.0, abs=1e-3)
    spectrum = xmu.normalised("Cu", 3)
    background = np.interp(8987 + 50, xmu.energy, xmu.mu0)
    assert np.allclose(spectrum.values, xmu.mu / background)
    assert (spectrum.metal, spectrum.site, spectrum.grid.unit) == ("Cu", 3, "eV")


def test_an_edge_of_another_element_is_refused():
    with pytest.raises(InputError, match=r"8987 eV is not the K edge of Fe \(7112 eV\)"):
        parse_xmu(as_text(make_rows()), "x").normalised("Fe")


def bad(change):
    rows = make_rows()
    return change(rows, as_text(rows))


def poisoned(rows, _):
    rows[7, 3] = np.nan
    return as_text(rows)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows, text: "", "no spectrum"),
        (lambda rows, text: HEADER, "no spectrum"),
        (lambda rows, text: text[: len(text) // 3], "cut short|not a row of six"),
        (lambda rows, text: text[:-2], "cut short"),
        (poisoned, "x:10: a value that is not finite"),
        (lambda rows, text: text.replace("# FEFF", "FEFF"), "x:1: not a row of six numbers"),
        (lambda rows, text: as_text(rows[::-1]), "do not increase"),
        (lambda rows, text: as_text(rows[8:]), "do not span the Fermi level"),
        (lambda rows, text: as_text(rows[:9]), "cut short after 9 rows"),
        (lambda rows, text: "\n".join(line.rsplit(maxsplit=1)[0] for line in text.splitlines()) + "\n", "six numbers"),
        (lambda rows, text: text.replace("E-0", "E-0x", 1), "six numbers"),
    ],
)
def test_bad_files_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        parse_xmu(bad(change), "x")


def test_numbers_as_fortran_writes_them():
    text = as_text(make_rows()).replace("E-01", "D-01", 3).replace("E-02", "-02", 1)
    assert parse_xmu(text, "x").energy.size == parse_xmu(as_text(make_rows()), "x").energy.size
    assert parse_xmu(text.rstrip("\n"), "x").energy.size == parse_xmu(text, "x").energy.size
    with pytest.raises(InputError, match="six numbers"):
        parse_xmu(text.replace("\n8", "\n8_", 1), "x")


def test_no_edge_step_is_refused():
    rows = make_rows()
    rows[:, 4] = 0
    with pytest.raises(InputError, match="no edge step"):
        parse_xmu(as_text(rows), "x").normalised("Cu")


@pytest.mark.parametrize("factor", [1e-300, 1e-9, 1e-3 * 300, 30.0, 1e15])
def test_edge_steps_that_feff_does_not_write_are_refused(factor):
    rows = make_rows()
    rows[:, 3:] *= factor
    with pytest.raises(InputError, match="edge step"):
        parse_xmu(as_text(rows), "x").edge_step()


@pytest.mark.parametrize("change", [lambda mu: np.where(mu > 1, 90.0, mu), lambda mu: -mu, lambda mu: 1.2 - mu])
def test_curves_that_no_edge_has_are_refused(change):
    rows = make_rows()
    rows[:, 3] = change(rows[:, 3])
    rows[:, 5] = rows[:, 3] - rows[:, 4]
    with pytest.raises(InputError, match="as no K edge does"):
        parse_xmu(as_text(rows), "x").edge_step()


@pytest.mark.parametrize(
    ("column", "message"),
    [(0, "omega − e"), (1, "omega − e"), (2, "k is not"), (3, "χ is not"), (4, "χ is not"), (5, "χ is not")],
)
@pytest.mark.parametrize("place", [0, 3, 17, -1])
@pytest.mark.parametrize("change", [1e-3, 0.1, -0.5])
def test_a_spoilt_value_is_known_from_the_other_columns(column, message, place, change):
    rows = make_rows()
    rows[place, column] *= 1 + change * (0.02 if column == 0 else 1 if column != 2 else 40)
    spoilt = not np.array_equal(np.sort(rows[:, 0]), rows[:, 0]) or not np.array_equal(np.sort(rows[:, 2]), rows[:, 2])
    with pytest.raises(InputError, match="increase|span" if spoilt else message) as caught:
        parse_xmu(as_text(rows), "x")
    assert spoilt or caught.value.line == range(len(rows))[place] + 3


def test_chi_as_other_versions_of_feff_have_it():
    rows = make_rows()
    for chi in (rows[:, 3] / rows[:, 4] - 1, (rows[:, 3] - rows[:, 4]) / 2.3e-4):
        changed = rows.copy()
        changed[:, 5] = chi
        assert parse_xmu(as_text(changed), "x").edge_step() == pytest.approx(1, abs=0.01)
        changed[11, 5] *= 1.01
        with pytest.raises(InputError, match="x:14: χ is not"):
            parse_xmu(as_text(changed), "x")


def test_files_of_feff_hold_together(shared):
    files = sorted((shared / "reference").rglob("*xmu.dat"))
    if not files:
        pytest.skip("no files of FEFF here")
    for file in files:
        assert parse_xmu(file.read_text(), file.name).edge_step() == pytest.approx(1, abs=0.02)
