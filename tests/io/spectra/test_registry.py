"""The registry of formats: one file a format, and the table in the documentation is made of them."""

from pathlib import Path

import pytest

import firstshell.io.spectra
from firstshell.errors import InputError
from firstshell.io.spectra import sniff
from firstshell.io.spectra.other_files import KINDS, recognise
from format_examples import rows

DOCS = Path(__file__).resolve().parents[3] / "docs" / "reference" / "formats.md"
TOY = """
from firstshell.io.spectra.measured import About, make_xanes
import numpy as np

name = "toy"
about = About("toy", "nobody", "two numbers", "the rest", "all else")


def sniff(head):
    return 1.0 if head.startswith(b"TOY") else 0.0


def read(path):
    energy = np.linspace(7000.0, 7300.0, 50)
    return [make_xanes("", energy, np.arctan(energy - 7112), str(path), "toy")]
"""


def test_the_table_in_the_documentation_is_that_of_the_code():
    assert sniff.table() in DOCS.read_text(encoding="utf-8")


def test_every_format_says_all_about_itself():
    assert {"xdi", "columns", "athena", "spec", "kek9809", "nxxas", "xmu", "gr"} <= set(sniff.formats())
    for module in sniff.formats().values():
        assert all(len(part) > 1 and "|" not in part for part in vars(module.about).values())


def test_a_format_in_one_file_is_found(tmp_path, monkeypatch):
    (tmp_path / "toy.py").write_text(TOY)
    (tmp_path / "a.dat").write_text("TOY\n")
    monkeypatch.setattr(firstshell.io.spectra, "__path__", [*firstshell.io.spectra.__path__, str(tmp_path)])
    sniff.formats.cache_clear()
    try:
        (spectrum,) = sniff.read_measured(tmp_path / "a.dat")
        assert (spectrum.how, spectrum.format) == ("toy", "toy")
        assert "| `toy` | toy | nobody | two numbers | the rest | all else |" in sniff.table()
    finally:
        monkeypatch.undo()
        sniff.formats.cache_clear()
    assert "toy" not in sniff.formats()


K_CHI = rows([0.05 * i for i in range(1, 99)], [0.1] * 98)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (f"# r   chir_mag chir_re\n{K_CHI}", "a Fourier transform of EXAFS"),
        ("data_x\nloop_\n_space_group_symop_magn_operation.id\n1\n_cell_length_a 4\n", "magnetic CIF"),
        ("# made\ndata_x\n_cell_length_a 4.2\n", r"a crystal structure \(CIF\)"),
        ("TITLE x\nPOTENTIALS\n0 26 Fe\nATOMS\n0 0 0 0\n", "an input of FEFF"),
        ("title x\nspace = R -3 c\nrmax = 7\ncore = Fe\natoms\nFe 0 0 0.3\n", "an input of ATOMS"),
        ("<!DOCTYPE html>\n<html>\n", "a web page"),
        (b"PK\x03\x04" + bytes(50), "a Zip archive or a spreadsheet"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "a document or a picture"),
    ],
)
def test_a_file_that_is_none_is_named_for_what_it_is(content, what, tmp_path):
    path = tmp_path / "file.dat"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=f"this is .*{what}"):
        sniff.read_measured(path)


def test_no_sound_file_is_taken_for_another():
    import format_examples

    for name in sniff.formats():
        assert recognise(getattr(format_examples, name)()[:65536]) is None
    assert all(kind.remedy and kind.what for kind in KINDS)
