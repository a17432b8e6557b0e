import json
from math import floor, log10

import numpy as np
import pytest

import places
from firstshell.errors import EngineError
from firstshell.simulation.scattering.pad import decode, read_phases

RUTILE = places.DATA / "xanes/rutile"


def encode(value: float, npad: int = 8) -> str:
    """Independent writer of the format: sign and exponent, then digits to base 90."""
    exponent = floor(log10(abs(value))) + 1
    rest = abs(value) / 10.0**exponent
    first = floor(rest * 45)
    digits, rest = [first * 2 + (value > 0)], rest * 45 - first
    for _ in range(npad - 2):
        rest *= 90
        digits.append(floor(rest))
        rest -= floor(rest)
    return "".join(chr(37 + digit) for digit in [exponent + 45, *digits])


@pytest.mark.parametrize("value", [1.0, -1.0, 0.5, 3.25e-7, -8987.4478, 1e12])
def test_numbers_come_back(value):
    assert decode("!" + encode(value)) == pytest.approx([value], rel=1e-11)


def test_a_line_holds_many_numbers():
    assert decode("$" + encode(1.5) + encode(-2.0) + "\n") == pytest.approx([1.5, -2.0])


@pytest.mark.parametrize("line", ["", "S:9E><pT", "!S:9E><p", "!S:9E>\x01pT"])
def test_broken_lines_are_refused(line):
    with pytest.raises(EngineError, match="packed data"):
        decode(line)


def test_phases_agree_with_what_the_engine_says_elsewhere():
    phases = read_phases(RUTILE)
    record = json.loads((RUTILE / "xsect.json").read_text())
    assert phases.fermi == pytest.approx(record["edge"], abs=1e-8)
    assert phases.half_width * 27.211386 == pytest.approx(record["gamach"] / 2, abs=1e-6)
    assert len(phases.energy) == record["ne"]
    assert phases.charges == (22, 8, 22)
    assert (phases.momentum.imag >= 0).all()
    assert np.allclose(phases.energy[phases.horizontal :].real, phases.fermi)
    assert np.abs((np.abs(phases.dipole[:, : phases.horizontal]) ** 2).sum(axis=0) - 3).max() < 0.1


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
def test_a_file_cut_off_is_refused(tmp_path, kept):
    text = (RUTILE / "phase.pad").read_text()
    (tmp_path / "phase.pad").write_text(text[: int(kept * len(text))])
    (tmp_path / "xsect.json").write_text((RUTILE / "xsect.json").read_text())
    with pytest.raises(EngineError):
        read_phases(tmp_path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(EngineError, match=r"phase\.pad"):
        read_phases(tmp_path)
