"""Every signal of a scan is formed, and the one that has the edge is taken and named."""

import numpy as np
import pytest

from firstshell.errors import InputError
from firstshell.io.spectra.channels import absorption, role
from firstshell.io.spectra.formula import parse_columns
from firstshell.io.spectra.sniff import read_measured
from firstshell.measured.xanes.normalise import normalise
from format_examples import rows
from scans import E0, scan

MADE = scan("Fe", step=1.0, edge_step=0.8)
X, MU = MADE.x, MADE.y
FLAT = np.full(len(X), 1e5)
NOISE = np.random.default_rng(1)


def written(folder, labels, *columns):
    path = folder / "scan.dat"
    path.write_text(f"# {labels}\n{rows(X, *columns)}", encoding="utf-8")
    return path


def chosen(path, metal="Fe"):
    return normalise(*read_measured(path), metal=metal)


def test_a_dead_channel_gives_way_to_the_one_with_the_edge(tmp_path):
    counts = 1e3 * MU
    found = chosen(written(tmp_path, "Energy Io FY It", FLAT, counts, FLAT * 0))
    assert found.how == "(FY)/Io"
    assert any("ln(Io/It) cannot be formed at 650 of 650 points" in each for each in found.warnings)
    dark = NOISE.integers(3, 9, len(X)).astype(float)
    found = chosen(written(tmp_path, "Energy Io It If1 If2", FLAT, dark, counts, 2 * counts))
    assert found.how == "(If1+If2)/Io"
    assert "(If1+If2)/Io is taken, as ln(Io/It) has no sound edge" in found.warnings
    assert found.others == ("ln(Io/It)",)
    assert found.edge_step == pytest.approx(3e3 * 0.8 / 1e5, rel=0.02)


def test_the_first_sound_signal_goes_before_a_better_one_but_not_a_far_better_one(tmp_path):
    noisy = MU + 0.01 * NOISE.normal(size=len(X))
    path = written(tmp_path, "energy i0 itrans ifluor", FLAT, FLAT * np.exp(-noisy), 1e3 * MU)
    assert chosen(path).how == "ln(i0/itrans)"
    noisy = MU + 0.1 * NOISE.normal(size=len(X))
    path = written(tmp_path, "energy i0 itrans ifluor", FLAT, FLAT * np.exp(-noisy), 1e3 * MU)
    assert chosen(path).how == "(ifluor)/i0"


def test_detectors_of_different_kinds_are_never_added(tmp_path):
    path = written(tmp_path, "energy i0 tey tfy Fe1 Fe2 Mn1", FLAT, 3 * FLAT + MU, MU, MU, MU, MU)
    path.write_text("# Element: Fe\n" + path.read_text())
    (spectrum,) = read_measured(path)
    assert [each.how for each in (spectrum, *spectrum.others)] == ["(tfy)/i0", "(Fe1+Fe2)/i0", "(tey)/i0"]
    assert [each.signal for each in spectrum.others] == ["fluorescence", "electron-yield"]


def test_negative_currents(tmp_path):
    i0 = -2e-5 * np.ones(len(X))
    found = chosen(written(tmp_path, "energy i0 it", i0, i0 * np.exp(-MU)))
    assert (found.how, found.edge_step) == ("ln(i0/it)", pytest.approx(0.8, rel=0.02))
    found = chosen(written(tmp_path, "energy i0 it", -i0, i0 * np.exp(-MU)))
    assert found.how == "ln(|i0/it|)"


def test_a_few_points_without_a_current_are_left_out_by_line(tmp_path):
    itrans = FLAT * np.exp(-MU)
    itrans[[100, 400]] = 0.0
    found = chosen(written(tmp_path, "energy i0 itrans", FLAT, itrans))
    assert "ln(i0/itrans) cannot be formed at lines 102, 402: left out" in found.warnings
    assert len(found.energy) == len(X) - 2


def test_a_signal_can_be_asked_for(tmp_path):
    itrans = FLAT * np.exp(-MU)
    path = written(tmp_path, "energy i0 itrans irefer ifluor", FLAT, itrans, itrans * np.exp(-2 * MU), 1e3 * MU)
    for wanted, how in (("fluorescence", "(ifluor)/i0"), ("reference", "ln(itrans/irefer)"), ("(ifluor)/i0",) * 2):
        (spectrum,) = read_measured(path, signal=wanted)
        assert (spectrum.how, spectrum.others) == (how, ())
    with pytest.raises(InputError, match=r"has no signal 'tea'. It has: ln\(i0/itrans\) \(transmission\), \(ifluor\)"):
        read_measured(path, signal="tea")


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("log(i0/it)", "mu"), ("ln(I0/I1)", "mu"), ("lnI0It", "mu"), ("log(it/ir)", "murefer"), ("If/I0", "mufluor"),
        ("FF/I0", "mufluor"), ("(tey)/(i0)", "muyield"), ("Ifch1", "ifluor"), ("FY_c", "ifluor"), ("SDD_4", "ifluor"),
        ("DTC1", "ifluor"), ("TEY", "iyield"), ("Mono Energy *", "energy"), ("qexafs_energy", "energy"),
        ("requested_energy", None), ("I0Detector_DarkCorrect", "i0"), ("a_i0_1", "i0"),
        ("I0 mesh", "i0"), ("KETEK_Fe_Ka1", "ifluor"), ("I0 offset", None), ("it_ref", None), ("i0_it", None),
        ("mu_fluo", "mufluor"),
        ("i0/it", None), ("log(x/y)", None), ("time", None), ("Fe1", None),
    ],
)  # fmt: skip
def test_names(label, name):
    assert role(label) == name


@pytest.mark.parametrize(
    ("second", "third", "how"),
    [
        (FLAT, FLAT * np.exp(-MU), "ln(2/3)"),
        (FLAT - X, 1e3 * MU * (FLAT - X), "3/2"),
        (MU, FLAT, "column 2"),
        (MU, 0.01 * MU, "column 2"),
        (0 * FLAT, MU, "column 3"),
    ],
)
def test_three_columns_without_names_are_told_by_what_they_hold(second, third, how, tmp_path):
    path = tmp_path / "scan.dat"
    path.write_text(rows(X, second, third))
    found = chosen(path)
    assert found.how == how
    assert any("its columns have no names" in each for each in found.warnings)


def test_names_of_columns_in_a_legend_in_a_list_and_with_stars(tmp_path):
    itrans = FLAT * np.exp(-MU)
    heads = [
        "; P1 = {Energy} --> XX:E.VAL\n; D1 = {I0}  --> XX:1\n; D2 = {I1}  --> XX:2\n;  P1 D1 D2\n",
        "# Column 1: Energy\n# Column 2: I0\n# Column 3: I1\n",
        "# Column.1: energy eV\n# Column.2: I0\n# Column.3: I1\n#-----\n",
        "Data:\nAchieved Energy\nI0\nI1\n\n",
        "Data:\nRequested Energy\nI0\nI1\n\n",
        "#Mono Energy *        preset time * I0                I1\n",
    ]
    for head in heads:
        columns = (X, FLAT, FLAT, itrans) if "preset" in head else (X, FLAT, itrans)
        path = tmp_path / "scan.dat"
        path.write_text(head + rows(*columns))
        (spectrum,) = read_measured(path)
        assert spectrum.how == "ln(I0/I1)"
        assert np.allclose(spectrum.y, MU, atol=1e-6)


def test_a_line_of_names_may_look_like_numbers(tmp_path):
    path = tmp_path / "scan.dat"
    path.write_text("e d1 d2\n" + rows(X, FLAT, MU))
    (spectrum,) = read_measured(path, columns="energy=1,mu=3")
    assert np.allclose(spectrum.y, MU, atol=1e-6)
    path.write_text("e mu\n" + rows(X, MU))
    assert len(read_measured(path)[0].x) == len(X)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("mu=ln(2/3)", MU),
        ("mu=-ln( $3 / $2 )", MU),
        ("mu=(4+4)/2", 4 * MU / FLAT),
        ("mu=4-2*3/(3*2)", 2 * MU - 1),
        ("mu=log(i0/it)", MU),
    ],
)
def test_formulas_of_columns(formula, expected, tmp_path):
    path = written(tmp_path, "energy i0 it x", FLAT, FLAT * np.exp(-MU), 2 * MU)
    for text in (f"energy=1,{formula}", f"{formula} , energy = energy"):
        (spectrum,) = read_measured(path, columns=text)
        assert np.allclose(spectrum.y, expected, atol=1e-6)
        assert spectrum.signal == "mu"


@pytest.mark.parametrize(
    "text",
    ["", "energy=1", "mu=2", "energy=1,mu=", "energy=1,mu=2,x=3", "energy=1,mu=2;import", "energy=1,mu=ln(2",
     "energy=1,mu=2 3", "energy=1,mu=__import__('os')", "energy=1,mu=" + "(" * 90, "energy=1,mu=" + "-" * 90 + "2",
     "energy=1,mu=exp(2)", "energy=1,mu=٢", "energy=1,mu=9", "energy=1,mu=0", "energy=none,mu=2"],
)  # fmt: skip
def test_what_is_no_formula_is_refused(text, tmp_path):
    path = written(tmp_path, "energy i0", MU)
    with pytest.raises(InputError):
        read_measured(path, columns=text)


def test_a_formula_is_no_program():
    with pytest.raises(InputError, match="is no formula of columns"):
        parse_columns("energy=1,mu=a.b(2)")


def test_what_makes_no_signal():
    with pytest.raises(InputError, match="no absorption can be made of the columns time, bkg"):
        absorption(["time", "bkg"], [X, MU], "x")
    assert E0["Fe"] > X[0]
