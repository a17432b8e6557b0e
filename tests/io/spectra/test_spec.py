"""Scans of SPEC: each along energy is a spectrum; aborted ones and other axes are none."""

import numpy as np
import pytest

from firstshell.errors import InputError
from firstshell.io.spectra.sniff import read_measured
from format_examples import edge, rows

ENERGY, MU = edge()
I0 = np.full(len(ENERGY), 2e5)


def block(number, count=120, labels="Energy  I0  I1", command="escan energy 6.9 7.7", shift=0.0):
    table = rows(ENERGY[:count] / 1000, I0[:count], I0[:count] * np.exp(-MU[:count] - shift))
    return f"#S {number}  {command}\n#D today\n#N 3\n#L {labels}\n{table}#C done\n\n"


def written(folder, *blocks):
    path = folder / "scans.dat"
    path.write_text("#F name\n#E 1600000000\n\n" + "".join(blocks))
    return path


def test_scans_are_told_apart(tmp_path):
    path = written(tmp_path, block(1, 15), block(2), block(3, labels="Theta  I0  I1"), block(7, shift=1.0), block(8, 4))
    spectra = read_measured(path)
    assert [each.name for each in spectra] == ["S1", "S2", "S7"]
    assert all(each.format == "scans of SPEC" for each in spectra)
    assert np.allclose(spectra[1].x, ENERGY, atol=1e-3)
    assert np.allclose(spectra[1].y, MU, atol=1e-6)
    assert np.allclose(spectra[2].y, MU + 1, atol=1e-6)
    assert spectra[1].notes == ("aborted scans are left out: 8",)
    assert spectra[1].header["command"] == "escan energy 6.9 7.7"


def test_one_scan_has_the_name_of_the_file(tmp_path):
    text = block(4).replace("#C done", "@A 1 2 3 \\\n4 5 6\n#C done")
    (spectrum,) = read_measured(written(tmp_path, text))
    assert (spectrum.name, spectrum.how, len(spectrum.x)) == ("scans", "ln(I0/I1)", 120)


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ([block(1, labels="Energy  I0")], "scan 1 has 3 columns but 2 names"),
        ([block(1, labels="Energy  A  B")], "no absorption can be made of the columns A, B"),
        ([block(1, 5)], "no scan along energy in it"),
    ],
)
def test_what_is_no_scan_of_absorption(blocks, message, tmp_path):
    with pytest.raises(InputError, match=message):
        read_measured(written(tmp_path, *blocks))
