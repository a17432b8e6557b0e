"""Columns of text: separators, decimal marks, names of columns, units, and what is refused."""

import time

import numpy as np
import pytest

from firstshell.errors import InputError
from firstshell.io.spectra import columns
from firstshell.io.spectra.columns import read
from firstshell.io.spectra.sniff import read_measured
from format_examples import edge, rows

ENERGY, MU = edge()
I0 = 1e5 - ENERGY
IT = I0 * np.exp(-MU)
IF = 0.3 * I0 * MU


def written(folder, text, encoding="utf-8"):
    path = folder / "scan.nor"
    path.write_text(text, encoding=encoding, newline="")
    return path


def joined(separator, decimal, *values):
    lines = (separator.join(f"{v:.6f}".replace(".", decimal) for v in row) for row in zip(*values, strict=True))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("separator", "decimal"),
    [(" ", "."), ("\t", "."), (",", "."), (", ", "."), (" , ", "."), (";", "."), (";", ","), ("\t", ","), ("  ", ",")],
)
@pytest.mark.parametrize("head", ["", "Energy{0}mu\n", "# a title\n# Energy{0}mu\n", '"energy (eV)"{0}"mu(E)"\n'])
def test_separators_and_decimal_marks(separator, decimal, head, tmp_path):
    path = written(tmp_path, head.format(separator.strip() or separator) + joined(separator, decimal, ENERGY, MU))
    (spectrum,) = read_measured(path)
    assert np.allclose(spectrum.x, ENERGY, atol=1e-6)
    assert np.allclose(spectrum.y, MU, atol=1e-6)
    assert (spectrum.name, spectrum.source) == ("scan", "scan.nor")


@pytest.mark.parametrize(
    ("labels", "table", "how", "expected", "normalised"),
    [
        ("energy i0 itrans", (ENERGY, I0, IT), "ln(i0/itrans)", MU, False),
        ("E I0 I1 I2", (ENERGY, I0, IT, IT), "ln(I0/I1)", MU, False),
        ("i1 energy io", (IT, ENERGY, I0), "ln(io/i1)", MU, False),
        ("energy I0 If", (ENERGY, I0, IF), "(If)/I0", 0.3 * MU, False),
        ("energy monitor ifluor1 ifluor2", (ENERGY, I0, IF, 2 * IF), "(ifluor1+ifluor2)/monitor", 0.9 * MU, False),
        ("energy i0 itrans ifluor", (ENERGY, I0, IT, IF), "ln(i0/itrans)", MU, False),
        ("energy norm nbkg flat fbkg nder", (ENERGY, MU, MU * 0, IF, IF, IF), "norm", MU, True),
        ("energy xmu bkg pre_edge", (ENERGY, MU, IF, IF), "xmu", MU, False),
        ("energy mu error", (ENERGY, MU, IF), "mu", MU, False),
        ("Energy(eV)  normalized μ(E)", (ENERGY, MU), "normalized μ(E)", MU, True),
        ("energy  Normalised Absorption (a. u.)", (ENERGY, MU), "Normalised Absorption(a.u.)", MU, True),
        ("energy whatever", (ENERGY, MU), "mu", MU, None),
        ("energy fluorescence", (ENERGY, MU), "mu", MU, None),
    ],
)
def test_names_of_columns(labels, table, how, expected, normalised, tmp_path):
    for mark in ("# ", "#L ", "", "% "):
        (spectrum,) = read(written(tmp_path, f"{mark}{labels}\n{rows(*table)}"))
        assert np.allclose(spectrum.y, expected, atol=1e-5)
        assert (spectrum.how, spectrum.normalised) == (how, normalised)


def test_the_reference_foil(tmp_path):
    text = "# energy i0 itrans irefer\n" + rows(ENERGY, I0, IT, IT * np.exp(-2 * MU))
    assert np.allclose(read(written(tmp_path, text))[0].reference, 2 * MU, atol=1e-6)
    text = "# energy i0 itrans irefer\n" + rows(ENERGY, I0, IT, IT - IT.max())
    assert read(written(tmp_path, text))[0].reference is None


def test_the_unit_of_energy(tmp_path):
    for head in ("", "# Energy(keV) mu\n"):
        assert np.allclose(read(written(tmp_path, head + rows(ENERGY / 1000, MU)))[0].x, ENERGY, rtol=1e-6)
    aluminium = np.linspace(1.4, 1.8, 200)
    (spectrum,) = read_measured(written(tmp_path, rows(aluminium, np.arctan(aluminium * 100 - 156))))
    assert spectrum.kind == "xanes"
    assert np.allclose(spectrum.x, aluminium * 1000)
    soft = ENERGY - 7040
    (spectrum,) = read(written(tmp_path, "# energy(eV) mu\n" + rows(soft, MU)))
    assert np.allclose(spectrum.x, soft)


def test_the_header(tmp_path):
    head = "# Element: fe\n# Edge = K\n# e0: 7.112 keV\n# Note: µ of a Größe: 3\n# 401\n401\n#--------\n"
    for encoding in ("utf-8", "latin-1"):
        (spectrum,) = read(written(tmp_path, head + rows(ENERGY, MU), encoding))
        assert (spectrum.element, spectrum.edge, spectrum.e0) == ("Fe", "K", 7112.0)
        assert spectrum.header["note"] == "µ of a Größe: 3"


def test_a_title_is_no_name_of_a_column(tmp_path):
    for title in ("# K edge\n", "# Fe K\n", "# sample 3\n"):
        assert np.allclose(read(written(tmp_path, title + rows(ENERGY, MU)))[0].y, MU)


def test_order_and_repeats(tmp_path):
    for order in (slice(None, None, -1), [0, 1, 3, 2, *range(4, 120)], [*range(60), 58, 59, *range(60, 120)]):
        (spectrum,) = read(written(tmp_path, rows(ENERGY[order], MU[order])))
        assert np.allclose(spectrum.x, ENERGY, rtol=1e-8)
        assert np.allclose(spectrum.y, MU, atol=1e-8)
    (spectrum,) = read(written(tmp_path, rows(np.repeat(ENERGY, 2), np.ravel([MU, MU + 0.5], order="F"))))
    assert np.allclose(spectrum.y, MU + 0.25, atol=1e-8)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (rows(np.r_[ENERGY, ENERGY[::-1]], np.tile(MU, 2)), "points are out of order"),
        (rows(ENERGY - 7112, MU), "no photon energy|not those of an absorption scan"),
        (rows(np.linspace(0, 30, 99), np.sin(np.arange(99))), "no photon energy"),
        ("# energy(eV) mu\n" + rows(ENERGY / 1000, MU), "not those of an absorption scan"),
        (rows(ENERGY, MU, MU, MU), ":1: 4 columns without names"),
        (rows(ENERGY), "no table of numbers"),
        (rows(ENERGY[:9], MU[:9]), "no table of numbers"),
        (rows(ENERGY, MU * 0), "mu is constant"),
        ("# energy i0\n" + rows(ENERGY, MU), "no absorption can be made of the columns i0"),
        ("# energy itrans\n" + rows(ENERGY, IT), "no absorption can be made of the columns itrans"),
        ("# energy i0 itrans\n" + rows(ENERGY, I0, IT - IT[7]), r"ln\(i0/itrans\) cannot be formed at .* points"),
        ("# angle mu\n" + rows(ENERGY / 500, MU), "its first column is 'angle', not energy"),
        ("# theta counts\n" + rows(ENERGY / 500, MU), "its first column is 'theta', not energy"),
        ("# k mu\n" + rows(ENERGY / 500, MU), "its first column is 'k', not energy"),
        (rows(ENERGY, MU) + "a new scan\n" + rows(ENERGY, MU), ":121: not a row of numbers: 'a new scan'"),
        (rows(ENERGY[:5], MU[:5]) + "bad row\n" + rows(ENERGY[5:], MU[5:]), ":1: rows of the table, but then"),
        (
            rows(ENERGY[:5], MU[:5]) + "7061.5 nan\n" * 5 + rows(ENERGY[5:], MU[5:]),
            "cannot be formed at 5 of 125 points",
        ),
        (rows(ENERGY, MU) + "7300 1 2\n", ":121: 3 numbers where the rows before have 2"),
        (joined(",", ".", ENERGY, MU) + "7300,,\n7301,2\n", ":121: 1 numbers where the rows before have 2"),
        ("x" * 30_000 + "\n" + rows(ENERGY, MU), "no table|longer than 20,000 characters"),
        ("a b\n" * 20_000, "no table of numbers"),
    ],
)
def test_what_makes_no_scan_is_refused(text, message, tmp_path):
    with pytest.raises(InputError, match=message):
        read(written(tmp_path, text))


@pytest.mark.parametrize(
    ("word", "place"), [("7100 nan", 5), ("7100 1,5", 40), ("7100 ****", 60), ("nan 1", 80), ("7100.0 ١", 90)]
)
def test_a_row_with_a_word_that_is_no_number_is_left_out_by_name(word, place, tmp_path):
    lines = rows(ENERGY, MU).splitlines()
    lines.insert(place, word)
    (spectrum,) = read(written(tmp_path, "\n".join(lines) + "\n"))
    assert np.allclose(spectrum.x, ENERGY, rtol=1e-8)
    assert f"line {place + 1}" in spectrum.notes[0]


def test_a_bad_value_in_a_column_that_is_not_used_does_not_matter(tmp_path):
    lines = [f"{line} 1.0" for line in rows(ENERGY, I0, IT).splitlines()]
    lines[7] = lines[7].replace(" 1.0", " -")
    (spectrum,) = read(written(tmp_path, "# energy i0 itrans clock\n" + "\n".join(lines) + "\n"))
    assert (len(spectrum.x), spectrum.notes) == (120, ())


@pytest.mark.parametrize("cut", [1, 5, 9, 12])
def test_a_last_line_that_is_cut_short_is_left_out(cut, tmp_path):
    text = joined(" ", ".", ENERGY, I0, IT)
    (spectrum,) = read(written(tmp_path, "# energy i0 itrans\n" + text[:-1][:-cut]))
    assert np.allclose(spectrum.x, ENERGY[:-1], atol=1e-6)
    assert "the last line, 121, is cut short" in spectrum.notes[0]


def test_the_end_of_a_file_of_dos_and_words_below_the_table(tmp_path):
    (spectrum,) = read(written(tmp_path, rows(ENERGY, MU) + "\x1a"))
    assert (len(spectrum.x), spectrum.notes) == (120, ())
    (spectrum,) = read(written(tmp_path, rows(ENERGY, MU) + "end of scan\nby me\n"))
    assert len(spectrum.x) == 120
    assert "line 121 and what follows" in spectrum.notes[0]


def test_an_energy_that_cannot_be_one_of_the_scan_is_left_out(tmp_path):
    for place, value in ((40, 710.2), (0, 1.0), (119, 72.9), (60, 71120.0)):
        energy = ENERGY.copy()
        energy[place] = value
        (spectrum,) = read(written(tmp_path, rows(energy, MU)))
        assert np.allclose(spectrum.x, np.delete(ENERGY, place), rtol=1e-8)
        assert f"the energy of line {place + 1} does not belong" in spectrum.notes[0]


def test_a_table_of_several_samples(tmp_path):
    spectra = read(written(tmp_path, "Energy,FeO,std FeO,Fe2O3\n" + joined(",", ".", ENERGY, MU, IF, 2 * MU)))
    assert [(each.name, each.how) for each in spectra] == [("FeO", "column FeO"), ("Fe2O3", "column Fe2O3")]
    assert np.allclose(spectra[1].y, 2 * MU, atol=1e-5)


def test_numbers_in_quotes(tmp_path):
    text = joined(",", ".", ENERGY, MU).replace(",", '","').replace("\n", '"\n"')
    (spectrum,) = read(written(tmp_path, '"Energy","mu"\n"' + text[:-1]))
    assert np.allclose(spectrum.y, MU, atol=1e-5)


def test_scans_one_below_the_other_are_told_apart(tmp_path):
    one, two = read(written(tmp_path, rows(np.tile(ENERGY, 2), np.r_[MU, MU + 1])))
    assert (one.name, two.name) == ("scan scan 1", "scan scan 2")
    assert np.allclose(two.y - one.y, 1.0, atol=1e-6)


@pytest.mark.parametrize(
    "line",
    [
        "1" * 19_000,
        "1" * 19_000 + "x",
        "(" * 4990,
        " " * 19_000 + "(",
        "- " * 9000,
        "#" * 19_000,
        "a=" * 900,
        "1,1;" * 4000,
    ],
)
def test_time_does_not_explode_on_any_line(line, tmp_path):
    path = written(tmp_path, (line + "\n") * 40 + rows(ENERGY, MU, MU, MU))
    started = time.process_time()
    with pytest.raises(InputError):
        read(path)
    columns.sniff(path.read_bytes()[:65536])
    assert time.process_time() - started < 3.0


def test_published_scan(shared):
    path = shared / "data" / "measured" / "xanes" / "anatase_exp.txt"
    if not path.is_file():
        pytest.skip("no measured files here")
    energy, mu = np.loadtxt(path).T
    (spectrum,) = read_measured(path)
    order = np.argsort(energy)
    assert (np.diff(energy) < 0).sum() == 3
    assert np.array_equal(spectrum.x, energy[order])
    assert np.array_equal(spectrum.y, mu[order])
