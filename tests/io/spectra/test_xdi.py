"""XDI: the rules of the specification, one by one."""

import numpy as np
import pytest

from firstshell.elements import k_edge
from firstshell.errors import InputError
from firstshell.io.spectra.sniff import read_measured
from firstshell.io.spectra.xdi import HC, read
from format_examples import edge, rows, xdi


def written(folder, text):
    path = folder / "scan.xdi"
    path.write_text(text, encoding="utf-8", newline="")
    return path


def test_a_sound_file(tmp_path):
    (spectrum,) = read(written(tmp_path, xdi().decode()))
    energy, mu = edge()
    assert np.allclose(spectrum.x, energy, rtol=1e-8)
    assert np.allclose(spectrum.y, mu, atol=1e-6)
    assert np.allclose(spectrum.reference, 0.5 * mu, atol=1e-6)
    assert (spectrum.name, spectrum.element, spectrum.edge, spectrum.e0) == ("hematite", "Fe", "K", 7112.0)
    assert (spectrum.normalised, spectrum.how, spectrum.kind) == (False, "ln(i0/itrans)", "xanes")
    assert spectrum.header["mono.d_spacing"] == "3.13553"
    assert spectrum.header["comments"] == "a comment: with a colon"


def swapped(old, new):
    text = xdi().decode()
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "".join(line for line in xdi().decode().splitlines(True) if "Column." not in line).replace(
                "# energy", "# x"
            ),
            "Column.1 is 'x'",
        ),
        (swapped("# energy i0 itrans irefer\n", "").replace("# Column.4: irefer\n", ""), "4 columns of data but 3"),
        (swapped("# energy i0 itrans irefer\n", "").replace("# Column.4", "# Column.7"), "4 columns of data but 4"),
        (swapped("itrans irefer\n", "ifluor irefer\n"), ":17: the labels 'energy i0 ifluor irefer' are not those"),
        (
            swapped("energy eV", "angle degrees").replace("# energy", "# angle").replace("Mono.d_spacing", "Mono.d"),
            "d_spacing",
        ),
        (swapped("energy eV", "angle degrees").replace("# energy", "# angle").replace("3.13553", "three"), "d_spacing"),
        (swapped("energy eV", "energy pixel"), "Column.1 is 'energy pixel'"),
        (
            swapped("Column.4: irefer", "Column.4: mutrans").replace("itrans irefer\n", "itrans mutrans\n")
            + "7300 1 2\n7301 1 2\n",
            "3 numbers",
        ),
        (swapped("# Column.1: energy eV", "# Column.1: energy keV"), "not those of an absorption scan"),
        (swapped("Column.3: itrans", "Column.3: clock").replace("i0 itrans", "i0 clock"), "no absorption can be made"),
    ],
)
def test_what_the_numbers_need_is_refused_when_it_is_wrong(text, message, tmp_path):
    with pytest.raises(InputError, match=message):
        read(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (swapped("XDI/1.0", "XDI/2.0"), "version 2.0 of XDI"),
        (swapped("# Element.edge: K\n", ""), "no Element.Edge"),
        (swapped("# Element.symbol: Fe\n", ""), "no Element.Symbol"),
        (swapped("edge: K", "edge: Q"), "line 7, element.edge: 'Q' is not an absorption edge"),
        (swapped("symbol: Fe", "symbol: Foo"), "line 6, element.symbol: 'Foo' is not an element"),
        (swapped("symbol: Fe", "symbol:"), "no Element.Symbol"),
        (swapped("#----\n", ""), "no line of # and dashes ends it"),
        (swapped("# Column.4: irefer\n", ""), "line 16, these labels are taken"),
        (swapped("# Column.4: irefer\n", "# Column.4: irefer\n# Column.5: time s\n"), "these labels are taken"),
        (swapped("# Column.4", "# Column.7"), "these labels are taken"),
        (swapped("# Mono.d", "! Mono.d"), "line 8, '! Mono.d_spacing: 3.13553' is no line of a header"),
        (swapped("3.13553", "three"), "line 8, mono.d_spacing: 'three'"),
        (swapped("energy eV", "energy"), "Column.1 names no unit"),
        (swapped("# Facility.energy: 7.00 GeV", "# Family.key  Value"), "line 11, '# Family.key  Value' is not"),
        (swapped("# Facility.energy: 7.00 GeV", "# Family:key: Value"), "line 11, "),
        (swapped("# Facility.energy: 7.00 GeV", "# 1Family.key: Value"), "line 11, "),
        (swapped("# Facility.energy: 7.00 GeV", "# Facility.energy: 3.0"), "line 11, facility.energy: '3.0' is not"),
        (swapped("# Facility.energy: 7.00 GeV", "# Facility.current: 101x mA"), "facility.current"),
        (swapped("room temperature", "300.0a K"), "sample.temperature"),
        (swapped("2001-06-26T22:27:31", "2001-Jun-26 22:27:31"), "scan.start_time"),
    ],
)
def test_a_fault_that_changes_no_number_is_a_note(text, note, tmp_path):
    (sound,) = read(written(tmp_path, xdi().decode()))
    assert sound.notes == ()
    (spectrum,) = read(written(tmp_path, text))
    assert np.array_equal(spectrum.y, sound.y)
    assert np.array_equal(spectrum.x, sound.x)
    assert "changes no number" in spectrum.notes[0]
    assert note in spectrum.notes[0]


@pytest.mark.parametrize(
    "text",
    [
        swapped("XDI/1.0 Scanner/7.75", "XDI/1.12.3"),
        swapped("# energy i0 itrans irefer\n", ""),
        swapped("# ///\n# a comment: with a colon\n", ""),
        swapped("# a comment: with a colon\n", ""),
        swapped("# ///\n", "# ///  Users Comments  ///\n"),
        swapped("energy eV", "Energie eV"),
        swapped("itrans irefer\n", "i1 irefer\n"),
        swapped("# a comment: with a colon\n", "#\n# # //// \n"),
        swapped("# Facility.energy: 7.00 GeV", "# Family.key:"),
        swapped("# Facility.energy: 7.00 GeV", "# Family.1key: x"),
        swapped("# Element.edge", "#  eLEMENT.Edge "),
        swapped("edge: K", "edge: k").replace("symbol: Fe", "symbol: FE"),
        swapped("2001-06-26T22:27:31", "2001-06-26 22:27:31"),
        swapped("room temperature", "13K"),
        swapped("room temperature", "300 K"),
        swapped("# Sample.name: hematite", "# Element.symbol: Cu\n# Element.symbol: Fe\n# Sample.name: Hämatit"),
    ],
)
def test_what_the_rules_allow_is_read(text, tmp_path):
    (spectrum,) = read(written(tmp_path, text))
    assert (spectrum.element, spectrum.edge, len(spectrum.x)) == ("Fe", "K", 120)


def test_kev_and_angles(tmp_path):
    energy, mu = edge()
    (spectrum,) = read(written(tmp_path, xdi().decode()))
    head = "# XDI/1.0\n# Column.1: {}\n# Column.2: {}\n# Element.symbol: Fe\n# Element.edge: K\n"
    head += "# Mono.d_spacing: 3.13553\n#---\n"
    theta = np.arcsin(HC / (2 * 3.13553 * energy))
    for axis, column in (("energy keV", energy / 1000), ("angle degrees", np.degrees(theta)), ("angle radians", theta)):
        table = "".join(f"{x:.12g} {y:.9g}\n" for x, y in zip(column, mu, strict=True))
        (other,) = read(written(tmp_path, head.format(axis, "normfluor") + table))
        assert np.allclose(other.x, spectrum.x, rtol=1e-8)
        assert np.allclose(other.y, spectrum.y, atol=1e-6)
        assert other.normalised is True
    with pytest.raises(InputError, match=r"angles or a Mono.d_spacing that are not positive"):
        read(written(tmp_path, head.format("angle degrees", "mutrans") + rows(-np.degrees(theta), mu)))


@pytest.mark.parametrize(("kind", "normalised"), [("multicolumn normalized mu(E)", True), ("multicolumn mu(E)", False)])
@pytest.mark.parametrize("first", ["# XDI/1.0 Demeter/0.9.26\n", ""])
def test_athena_writes_several_spectra_in_columns(kind, normalised, first, tmp_path):
    energy, mu = edge()
    head = f"{first}# Demeter.output_filetype: {kind}\n# Element.symbol: Fe\n# Element.edge: K\n"
    head += "# Column.1: energy eV\n# Column.2: JZP-4-merged\n# Column.3: foil\n#-----------\n"
    head += "#  energy  JZP-4-merged  foil\n"
    one, two = read_measured(written(tmp_path, head + rows(energy, mu, 2 * mu)))
    assert (one.name, two.name, one.element, one.normalised) == ("JZP-4-merged", "foil", "Fe", normalised)
    assert np.allclose(two.y, 2 * mu, atol=1e-7)
    with pytest.raises(InputError, match="no absorption can be made"):
        read_measured(written(tmp_path, head.replace(kind, "multicolumn chi(k)") + rows(energy, mu, 2 * mu)))


def test_columns_can_be_named_where_the_header_is_wrong(tmp_path):
    path = written(tmp_path, swapped("itrans irefer\n", "ifluor irefer\n"))
    with pytest.raises(InputError, match="--columns, for example energy=1,mu=ln"):
        read_measured(path)
    (spectrum,) = read_measured(path, columns="energy=1,mu=ln(2/3)")
    assert np.allclose(spectrum.y, read(written(tmp_path, xdi().decode()))[0].y)
    assert spectrum.how == "ln(2/3)"


def test_published_files(shared):
    folder = shared / "data" / "measured" / "xanes"
    if not folder.is_dir():
        pytest.skip("no measured files here")
    files = sorted(folder.glob("*.xdi"))
    assert len(files) >= 5
    for path in files:
        table = np.loadtxt(path)
        (spectrum,) = read_measured(path)
        assert np.array_equal(spectrum.x, table[:, 0])
        assert np.allclose(spectrum.y, np.log(table[:, 1] / table[:, 2]), atol=1e-12)
        assert spectrum.element == path.name[:2]
        assert (spectrum.reference is None) == (table.shape[1] < 4)
        above = spectrum.x - k_edge(spectrum.element)
        assert spectrum.y[(above > 30) & (above < 60)].mean() > spectrum.y[(above > -19) & (above < -9)].mean() + 0.1
