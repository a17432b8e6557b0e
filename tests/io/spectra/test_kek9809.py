"""Format 9809: energies from angles, columns by their modes."""

import numpy as np
import pytest

from firstshell.errors import InputError
from firstshell.io.spectra.sniff import read_measured
from firstshell.io.spectra.xdi import HC
from format_examples import kek9809

TEXT = kek9809().decode()


def written(folder, text):
    path = folder / "a.dat"
    path.write_bytes(text.encode("latin-1"))
    return path


@pytest.mark.parametrize("end", ["", "\x1a", "\r\n\x1a\x1a\n"])
def test_energies_and_signals(end, tmp_path):
    (spectrum,) = read_measured(written(tmp_path, TEXT.replace("\n", "\r\n") + end))
    table = np.array([line.split() for line in TEXT.splitlines()[14:]], float)
    energy = HC / (2 * 3.13551 * np.sin(np.radians(table[:, 1])))
    assert np.allclose(spectrum.x, energy)
    assert np.allclose(spectrum.y, np.log(table[:, 3] / table[:, 4]))
    assert (spectrum.how, spectrum.format, spectrum.signal) == ("ln(I0/I1)", "format 9809", "transmission")


def test_one_column_of_angles(tmp_path):
    lines = TEXT.splitlines()
    table = [f"{line[:10]}{line[20:]}" for line in lines[14:]]
    head = (
        "\n".join(lines[:11]) + "\n  Angle(c)    time/s         2         3\n      Mode         0         1         2\n"
    )
    (spectrum,) = read_measured(
        written(tmp_path, head + "    Offset         0   800.000   650.000\n" + "\n".join(table) + "\n")
    )
    (other,) = read_measured(written(tmp_path, TEXT))
    assert np.allclose(spectrum.x, other.x)
    assert np.allclose(spectrum.y, other.y)


def test_fluorescence(tmp_path):
    (spectrum,) = read_measured(written(tmp_path, TEXT.replace("0         1         2\n", "0         1         3\n")))
    assert (spectrum.how, spectrum.signal) == ("(If5)/I0", "fluorescence")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("D=  3.13551 A", "", "without its line of D = "),
        ("      Mode ", "      Mood ", "without its line of Mode"),
        ("Angle(c)", "Winkel", r"without its line of Angle\(c\)"),
        ("0         1         2\n", "1         2\n", "5 columns of data but 4 modes"),
        ("0         1         2\n", "0         7         2\n", "no absorption can be made"),
    ],
)
def test_what_is_missing_is_named(old, new, message, tmp_path):
    assert old in TEXT
    with pytest.raises(InputError, match=message):
        read_measured(written(tmp_path, TEXT.replace(old, new)))
