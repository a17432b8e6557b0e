"""Heads of files as beamlines and programs write them: the signals that their columns make."""

import numpy as np
import pytest

from firstshell.io.spectra.sniff import read_measured
from firstshell.measured.xanes.normalise import normalise
from format_examples import rows
from scans import scan

MADE = scan("Fe", step=1.0)
MU = MADE.y
COLUMNS = {
    "E": MADE.x,
    "keV": MADE.x / 1000,
    "mu": MU,
    "i0": np.full(len(MU), 1e5),
    "it": 1e5 * np.exp(-MU),
    "ir": 1e5 * np.exp(-2 * MU),
    "f": 2e3 * MU,
    "f/i0": 0.02 * MU,
    "1": np.ones(len(MU)),
    "-i0": np.full(len(MU), -1e-9),
    "-it": -1e-9 * np.exp(-MU),
    "norm": (MU - 1.2) / 0.8,
}
HEADS = [
    ("PTS: 650 COLS: 6\nData:\nReal Time Clock\nRequested Energy\nI0\nI1\nI2\nPIPS\n\n", "1 E i0 it ir f", "ln(I0/I1)"),
    ("# qexafs_energy\tI0\tIt\tIref\tlnI0It\tlnItIref\tFF\tFFI0\n", "E i0 it ir mu mu f f/i0", "lnI0It"),
    ("# Energy Theta mu_trans I0 I1 I2\n", "E 1 mu i0 it ir", "mu_trans"),
    ("Date: x\nE (eV)\tIo\tLytle/Io\n", "E i0 f/i0", "Lytle/Io"),
    ("XDAC V1.2\nE0= 7112.00\n-------------\n     energy         I0        It        Ir\n", "E i0 it ir", "ln(I0/It)"),
    ("; n_points = 650\n;  Mono_Energy  Scaler_preset_time  I0  IT  IREF  IF\n", "E 1 i0 it ir f", "ln(I0/IT)"),
    ("#S 1 zapenergy\n#N 4\n#L ZapEnergy  mu_trans  I0_eh2  I1_eh2\n", "keV mu i0 it", "mu_trans"),
    ("# E/eV, Theta/deg, I0, I1, I2\n", "E 1 i0 it ir", "ln(I0/I1)"),
    ("# energy mu norm flat pre_edge post_edge\n", "E mu norm norm mu mu", "mu"),
    ("#  energy   xmu   bkg  pre_edge  post_edge  der\n", "E mu mu mu mu 1", "xmu"),
    ("# mono1_energy,a_i0_1,a_i0_2,a_i1_1\n", "E i0 i0 it", "ln(a_i0_1/a_i1_1)"),
    ("# energy i0 it ir iff\n", "E -i0 -it -it f", "ln(i0/it)"),
    ("# Energy_eV  I0Detector  I1Detector  KETEK_Fe_Ka1\n", "E i0 it f", "ln(I0Detector/I1Detector)"),
    ("# Event-ID\tEnergyFeedback::eV\tI0Detector_DarkCorrect\tI1Detector_DarkCorrect\n", "1 E i0 it",
     "ln(I0Detector_DarkCorrect/I1Detector_DarkCorrect)"),
    ("Fe2O3 measured in transmission\nenergy/eV absorption/arb. u.\n", "E mu", "mu"),
    ("energy [eV]\tI_0\tI_t\tI_ref\n", "E i0 it ir", "ln(I_0/I_t)"),
    ("# energy i0 herfd\n", "E i0 f", "(herfd)/i0"),
    ("# Energy (eV)\tTEY\tTFY\tI0 mesh\n", "E i0 f i0", "(TFY)/I0 mesh"),
    ("Energy(keV)  Absorbance\n", "keV mu", "Absorbance"),
]  # fmt: skip


@pytest.mark.parametrize(("head", "columns", "how"), HEADS, ids=[how for *_, how in HEADS])
def test_heads(head, columns, how, tmp_path):
    path = tmp_path / "scan.dat"
    path.write_text(head + rows(*(COLUMNS[name] for name in columns.split())))
    (spectrum,) = read_measured(path)
    found = normalise(spectrum, metal="Fe")
    assert found.how == how
    assert found.e0 == pytest.approx(7124.0, abs=0.3)
    assert found.mu[-1] == pytest.approx(1.0, abs=0.05)
