"""The constructed cases that lie beside a checkout: each is read as its README says, or named for what it is."""

import numpy as np
import pytest

from firstshell.errors import InputError
from firstshell.io.spectra.sniff import read_measured
from firstshell.measured.read import ReadParams, read_samples
from firstshell.measured.xanes.normalise import NormaliseParams, normalise


@pytest.fixture(scope="module")
def cases(shared):
    folder = shared / "cases"
    if not folder.is_dir():
        pytest.skip("no cases here")
    return folder


@pytest.mark.parametrize(
    ("name", "metal", "how", "e0", "step"),
    [
        ("case_01_fluorescence_dead_transmission_zero.dat", "Fe", "(FY)/Io", 7125.7, None),
        ("case_02_fluorescence_dead_transmission_dark.dat", "Fe", "(If1+If2+If3+If4)/Io", 7125.7, None),
        ("case_03_tey_and_fluorescence_summed.dat", "Fe", "(tfy)/i0", 7125.7, None),
        ("case_04_second_edge_in_the_scan.dat", "Fe", "mu", 7125.7, 1.0),
        ("case_06_negative_currents.dat", "Fe", "ln(i0/it)", 7125.7, 0.9),
        ("case_07_label_log_i0_it.dat", "Fe", "log(i0/it)", 7125.7, 0.9),
        ("case_08_kek9809_angles.dat", "Fe", "ln(I0/I1)", 7125.7, 0.88),
        ("case_09_kek9809_ctrl_z_at_end.dat", "Fe", "ln(I0/I1)", 7125.7, 0.88),
        ("case_10_titanium_with_barium_L3_behind.dat", "Ti", "mu", 4979.7, 0.70),
        ("case_10b_same_without_barium.dat", "Ti", "mu", 4979.7, 0.70),
        ("case_11_xdi_facility_without_units.xdi", "Fe", "ln(i0/itrans)", 7125.7, 0.89),
        ("case_12_xdi_titled_field_end.xdi", "Fe", "ln(i0/itrans)", 7125.7, 0.89),
        ("case_14_athena_xdi_object.prj", "Fe", "Athena group", 7125.7, 0.89),
        ("case_14b_control_plain.prj", "Fe", "Athena group", 7125.7, 0.89),
        ("case_15_athena_accents_in_journal.prj", "Fe", "Athena group", 7125.7, 0.89),
        ("case_16_athena_greek_label.prj", "Fe", "Athena group", 7125.7, 0.89),
        ("case_17_athena_old_element_H.prj", None, "Athena group", 7125.7, 0.89),
        ("case_22_labels_mono_energy_star.dat", "Fe", "ln(I0/I1)", 7125.7, 0.89),
        ("case_23_labels_P1_D1_legend.dat", "Fe", "ln(I0/I1)", 7125.7, 0.89),
        ("case_32_manganese_before_a_larger_iron_edge.dat", "Mn", "mu", 6544.0, 0.127),
        ("hostile/FeO_one_itrans_1e15.xdi", "Fe", "ln(i0/itrans)", 7122.8, 1.35),
    ],
)
def test_what_is_right_is_read(cases, name, metal, how, e0, step):
    (spectrum,) = read_measured(cases / name)
    found = normalise(spectrum, metal=metal)
    assert found.metal == (metal or "Fe")
    assert found.how == how
    assert found.e0 == pytest.approx(e0, abs=0.3)
    assert step is None or found.edge_step == pytest.approx(step, rel=0.02)
    assert np.interp(found.e0 + 30, found.energy, found.mu) == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize(
    ("name", "metal", "said"),
    [
        ("case_04_second_edge_in_the_scan.dat", "Fe", "ends before 7709 eV, where Co K shows"),
        ("case_10_titanium_with_barium_L3_behind.dat", "Ti", "ends before 5247 eV, where Ba L3 shows"),
        ("case_32_manganese_before_a_larger_iron_edge.dat", "Mn", "ends before 7112 eV, where Fe K shows"),
    ],
)
def test_where_a_range_ends_is_said(cases, name, metal, said):
    assert said in normalise(*read_measured(cases / name), metal=metal).ends


def test_two_scans_of_one_file(cases):
    reading = read_samples([cases / "case_05_spec_aborted_scan_merged.dat"], "Fe")
    assert [each.name for each in reading.samples] == ["case_05_spec_aborted_scan_merged.dat#S2"]
    assert "misses the K edge" in reading.refused[0][1]


def test_the_spoilt_point_is_named(cases):
    found = normalise(*read_measured(cases / "hostile" / "FeO_one_itrans_1e15.xdi"))
    assert any("line 198 (7174.2 eV)" in warning for warning in found.warnings)


def test_other_signals_are_named_and_can_be_taken(cases):
    path = cases / "case_03_tey_and_fluorescence_summed.dat"
    assert read_samples([path], "Fe").samples[0].xanes.others == ("(tey)/i0",)
    taken = read_samples([path], "Fe", how=ReadParams(signal="electron-yield")).samples[0].xanes
    assert taken.how == "(tey)/i0"


def test_chi_of_k_is_recognised_and_its_columns_must_have_their_names(cases):
    with pytest.raises(
        InputError, match=r"it is χ\(k\), and its head names 3 columns \(k, chi, chi_re\) where rows have 2"
    ):
        read_measured(cases / "case_18_chi_of_k.chi")


def test_energies_far_off_and_the_shift_that_works(cases):
    (spectrum,) = read_measured(cases / "case_19_nxxas_energies_far_off.h5")
    with pytest.raises(InputError, match=r"the edge lies at 7080 eV, 32 eV below that of Fe .*--align 45"):
        normalise(spectrum, metal="Fe")
    assert normalise(spectrum, NormaliseParams(shift=46), "Fe").e0 == pytest.approx(7079.7, abs=0.3)


def test_no_escape_reaches_a_terminal(cases):
    (spectrum,) = read_measured(cases / "hostile" / "esc.xdi")
    assert spectrum.name.isprintable()
    assert all(letter.isprintable() or letter == "\n" for value in spectrum.header.values() for letter in value)


def test_standards_of_one_beamline(shared):
    """All but the foil without an edge are read, and none has another element's edge in its ranges.

    Normalised μ 30 eV past E0 lies between 0.85 and 1.15 in 45 of 52; in the other seven it is 0.80 to 0.84, the
    first minimum of the fine structure of metals among six, as with the ranges of larch.
    """
    folder = shared / "data" / "measured-bmm" / "files"
    if not folder.is_dir():
        pytest.skip("no standards here")
    levels, refused = {}, {}
    for path in sorted(folder.glob("*/*.xdi")):
        try:
            found = normalise(*read_measured(path), metal=path.parent.name)
        except InputError as error:
            refused[path.name] = error.what
            continue
        levels[path.name] = float(np.interp(found.e0 + 30, found.energy, found.mu))
        assert found.file_type == "XDI"
        assert found.how in ("xmu", "mutrans")
    assert len(levels) == 52
    assert list(refused) == ["Mn-Mnfoil.xdi"]
    assert "there is no absorption edge" in refused["Mn-Mnfoil.xdi"]
    assert sum(0.85 < level < 1.15 for level in levels.values()) >= 45
    assert all(0.79 < level < 1.15 for level in levels.values())
