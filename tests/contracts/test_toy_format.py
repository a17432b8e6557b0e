"""A format of one file, added to the package: it is found, recognised and read, and nothing else changes."""

import shutil
import subprocess
import sys
from pathlib import Path

import firstshell

TOY = '''"""A toy: one line "TOY", then lines of an energy in eV and μ."""

import numpy as np

from firstshell.io.spectra.measured import make_xanes

name = "toy"


def sniff(head):
    return float(head.startswith(b"TOY\\n"))


def read(path):
    energy, mu = np.loadtxt(path, skiprows=1).T
    return [make_xanes("toy", energy, mu, path.name, "mu")]
'''

SCRIPT = """
import sys
from pathlib import Path
from firstshell.io.spectra.sniff import formats, read_measured
(spectrum,) = read_measured(Path(sys.argv[1]))
print("toy" in formats(), spectrum.kind, len(spectrum.x))
"""


def test_a_format_is_one_file(tmp_path):
    package = Path(firstshell.__file__).parent
    copy = tmp_path / "firstshell"
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("*.parquet", "__pycache__", "static"))
    (copy / "io" / "spectra" / "toy.py").write_text(TOY, encoding="utf-8")
    rows = "\n".join(f"{7000 + 2 * i} {0.1 + (i > 56)}" for i in range(120))
    measured = tmp_path / "measured.dat"
    measured.write_text(f"TOY\n{rows}\n", encoding="utf-8")
    command = [sys.executable, "-c", SCRIPT, str(measured)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "xanes", "120"]
