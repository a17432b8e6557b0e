import numpy as np
import pytest

import places
from firstshell.errors import InputError
from firstshell.simulation.feff import site as site_xanes
from firstshell.simulation.feff.feff8l import Potentials
from firstshell.simulation.feff.inp import read_feff_inp, write_xmu
from firstshell.simulation.scattering.pad import read_phases

RUTILE = places.DATA / "xanes/rutile"

TEXT = """* made by hand
TITLE MnO * with a star
EDGE K
S02 0.0
COREHOLE FSR
CONTROL 1 1 1 1 1 1
PRINT 1 0 0 0 0 0
EXCHANGE 0 0.0 0.0 2
SCF 3.6 0 30 .2 1
FMS 3.2 0
LDOS -30. 15. .1
XANES 3.7 .04 .1

POTENTIALS
* ipot Z tag
 0 25 Mn -1 -1 0.0001 0
 1 25 Mn -1 -1 4
 2 8 O
ATOMS
 3.15 0 0 1 Mn 3.15
 0 0 2.22 2 ! a remark
 0 0 0 0
 0 0 -4 2
END
nonsense after the end
"""


def read(tmp_path, text=TEXT):
    file = tmp_path / "feff.inp"
    file.write_text(text)
    return read_feff_inp(file)


def test_all_cards_arrive(tmp_path):
    found = read(tmp_path)
    job = found.job
    assert (job.scf.radius, job.scf.iterations, job.scf.mixing, job.scf.simple_steps) == (3.6, 30, 0.2, 1)
    assert (job.mesh.kmax, job.mesh.kstep, job.mesh.estep) == (3.7, 0.04, 0.1)
    assert job.exchange == (0, 0, 0, 2)
    assert job.s02 == 0
    assert job.core_hole
    assert job.kinds.tolist() == [0, 2, 1, 2]
    assert [potential.charge for potential in job.potentials] == [25, 25, 8]
    assert job.potentials[1].amount == 4
    assert found.members.tolist() == [0, 1, 2]
    assert found.polarization is None


def test_what_is_left_out_takes_feffs_defaults(tmp_path):
    text = TEXT.replace("S02 0.0\n", "").replace("EXCHANGE 0 0.0 0.0 2\n", "").replace("XANES 3.7 .04 .1", "XANES 5")
    job = read(tmp_path, text.replace("SCF 3.6 0 30 .2 1", "SCF 4")).job
    assert job.s02 == 1
    assert (job.mesh.kmax, job.mesh.kstep, job.mesh.estep) == (5, 0.07, 0)
    assert (job.scf.radius, job.scf.iterations, job.scf.mixing) == (4, 30, 0.2)


def test_no_core_hole_and_polarization(tmp_path):
    found = read(tmp_path, TEXT.replace("COREHOLE FSR", "COREHOLE NONE\nPOLARIZATION 0 0 2"))
    assert not found.job.core_hole
    assert found.polarization.tolist() == [0, 0, 1]


def test_a_real_shift_is_remarked_on_and_a_loss_is_not(tmp_path):
    (remark,) = read(tmp_path, TEXT.replace("EXCHANGE 0 0.0 0.0 2", "EXCHANGE 0 -1.5 0.5 2")).remarks
    assert "by -1.5 eV" in remark
    assert read(tmp_path, TEXT.replace("EXCHANGE 0 0.0 0.0 2", "EXCHANGE 0 0 0.5")).remarks == ()
    assert read(tmp_path, TEXT.replace("EXCHANGE 0 0.0 0.0 2\n", "")).remarks == ()


@pytest.mark.parametrize(
    ("old", "new", "words", "line"),
    [
        ("COREHOLE FSR", "COREHOLE RPA", "COREHOLE RPA", 5),
        ("CONTROL", "DEBYE 300 400\nCONTROL", "DEBYE", 6),
        ("CONTROL", "SIG2 0.003\nCONTROL", "SIG2", 6),
        ("CONTROL", "FOO\nCONTROL", "FOO", 6),
        ("EDGE K", "EDGE L3", "only K edges", 3),
        ("CONTROL", "RPATH 5.0\nCONTROL", "RPATH", 6),
        ("S02 0.0", "S02 x", "not made of numbers", 4),
        ("SCF 3.6 0", "SCF 3.6 nan", "finite", 9),
        ("S02 0.0", "S02 0.9\nS02 0.9", "twice", 5),
        (" 2 8 O", " 2 8 O -1 -1 1 1", "spin", 18),
        ("3.15 0 0 1", "3.15 0 0 5", "no potential 5", 20),
        ("3.15 0 0 1", "3.15 0 0 0", "2 atoms are absorbers", 19),
        ("3.15 0 0 1 Mn 3.15", "3.15 0", "needs x, y, z", 20),
        (" 2 8 O", " 3 8 O", "numbered", 14),
        ("* made", "5 made", "is no card", 1),
        ("CONTROL", "EGRID\ne_grid -10 10 0.1\ne_grid 20 40 1\nCONTROL", "the card EGRID is not handled", 6),
        ("CONTROL", "FOLP 0 0.9\nFOLP 1 0.9\nCONTROL", "the card FOLP is not handled", 6),
        ("EDGE K", "space = R -3 c\na = 5.0\nedge = K", "an input of ATOMS, not of FEFF", 3),
        ("0 0 2.22 2", "O 0.3 0.1 0.2 O1", "an input of ATOMS, not of FEFF", 21),
        ("EDGE K", "data_x\n_cell_length_a 5", "a CIF, not an input of FEFF", 3),
        ("END\nnonsense after the end\n", "", "no END", 23),
        ("\n 0 0 -4 2\nEND\nnonsense after the end\n", "\n 0 0 -4", "no END", 23),
        ("3.15 0 0 1", "3.1٣ 0 0 1", "not made of numbers", 20),
        ("3.15 0 0 1", "3.1_5 0 0 1", "not made of numbers", 20),
        ("3.15 0 0 1", "3e9 0 0 1", "not made of finite numbers", 20),
        (" 2 8 O", " 2 8.5 O", "not two whole numbers", 18),
    ],
)
def test_bad_cards_are_refused_with_their_line(tmp_path, old, new, words, line):
    with pytest.raises(InputError, match=words) as caught:
        read(tmp_path, TEXT.replace(old, new, 1))
    assert caught.value.line == line


@pytest.mark.parametrize("card", ["SCF", "FMS", "XANES", "POTENTIALS", "ATOMS"])
def test_missing_cards_are_named(tmp_path, card):
    kept = [line for line in TEXT.splitlines() if not line.startswith(card)]
    assert "END" in kept
    with pytest.raises(InputError, match=f"{card} is missing|no card|no potential"):
        read(tmp_path, "\n".join(kept))


def test_overlapping_atoms_are_refused_with_the_file(tmp_path):
    with pytest.raises(InputError, match=r"feff\.inp: atoms overlap"):
        read(tmp_path, TEXT.replace("0 0 -4 2", "0 0 2.3 2"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("case_24_feff_rixs_egrid.inp", "inp:6: the card EGRID is not handled"),
        ("case_25_feff_folp_lines.inp", "inp:6: the card FOLP is not handled"),
        ("case_26_atoms_inp_instead_of_feff_inp.inp", "an input of ATOMS, not of FEFF"),
    ],
)
def test_shared_cases(name, message, shared):
    path = shared / "cases" / name
    if not path.is_file():
        pytest.skip("no cases here")
    with pytest.raises(InputError, match=message):
        read_feff_inp(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_feff_inp(tmp_path / "none.inp")


@pytest.mark.slow
def test_an_existing_input_gives_what_feff10_gives(shared, tmp_path, monkeypatch):
    """From feff.inp to xmu.dat, against FEFF10's, with no energy shift; the engine's part was stored (see bench)."""
    solved = Potentials(read_phases(RUTILE), (3, 3, 3), ())
    monkeypatch.setattr(site_xanes, "calculate", lambda job, **options: solved)
    result, _ = site_xanes.input_xanes(read_feff_inp(shared / "reference/xanes/TiO2_rutile.feff.inp"))
    file = tmp_path / "xmu.dat"
    file.write_text(write_xmu(result, ["FEFF.inp of rutile"]))
    ours, reference = np.loadtxt(file), np.loadtxt(shared / "reference/xanes/TiO2_rutile.xmu.dat")
    inside = (ours[:, 0] >= reference[0, 0]) & (ours[:, 0] <= reference[-1, 0])
    assert inside.sum() > 90
    for column, bound in ((1, 0.02), (2, 0.02), (3, 0.0015), (4, 0.0015), (5, 0.0015)):
        expected = np.interp(ours[inside, 0], reference[:, 0], reference[:, column])
        assert np.sqrt(np.mean((ours[inside, column] - expected) ** 2)) < bound
