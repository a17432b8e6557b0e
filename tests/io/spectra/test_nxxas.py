"""NeXus NXxas: the forms in which it is written, and files that mean harm."""

import contextlib
import re
import time
import tracemalloc

import h5py
import numpy as np
import pytest

from firstshell.errors import InputError
from firstshell.io.spectra import hdf5
from firstshell.io.spectra.nxxas import read
from firstshell.io.spectra.sniff import read_measured
from format_examples import edge

ENERGY, MU = edge()
I0 = 1e5 - ENERGY


def make(folder, fill, definition="NXxas"):
    path = folder / "scan.nxs"
    with h5py.File(path, "w") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        entry["definition"] = definition
        fill(entry)
    return path


def group(parent, name, kind):
    made = parent.create_group(name)
    made.attrs["NX_class"] = kind
    return made


def recent(entry):
    entry["energy"], entry["intensity"] = ENERGY / 1000, MU
    entry["energy"].attrs["units"] = "keV"
    entry["element/symbol"], entry["edge/name"], entry["sample/name"] = "Fe", "K", "rock"
    reference = group(entry, "reference", "NXsubentry")
    reference["energy"], reference["intensity"] = ENERGY, 2 * MU
    reference["energy"].attrs["units"] = "eV"


@pytest.mark.parametrize("definition", ["NXxas", "NXxas_trans", b"NXxas"])
def test_the_definition_of_2024(definition, tmp_path):
    (spectrum,) = read_measured(make(tmp_path, recent, definition))
    assert np.allclose(spectrum.x, ENERGY)
    assert np.array_equal(spectrum.y, MU)
    assert np.array_equal(spectrum.reference, 2 * MU)
    assert (spectrum.name, spectrum.element, spectrum.edge, spectrum.how) == ("rock", "Fe", "K", "intensity")


def test_a_draft_of_it(tmp_path):
    def fill(entry):
        entry["energy"], entry["intensity"] = ENERGY, MU
        entry["absorber/chemical_symbol"], entry["absorption_edge"], entry["mode"] = "Fe", "K", "transmission"
        entry["title"] = "Fe K (transmission)"

    (spectrum,) = read(make(tmp_path, fill))
    assert (spectrum.name, spectrum.element, spectrum.edge) == ("Fe K (transmission)", "Fe", "K")
    assert spectrum.header["mode"].startswith("transmission")


def test_a_stack(tmp_path):
    def fill(entry):
        entry["energy"], entry["intensity"], entry["title"] = ENERGY, np.array([MU, 2 * MU, 3 * MU]), "heating"

    spectra = read(make(tmp_path, fill))
    assert [spectrum.name for spectrum in spectra] == ["heating 1", "heating 2", "heating 3"]
    assert np.array_equal(spectra[2].y, 3 * MU)


@pytest.mark.parametrize(
    ("mode", "how"), [("", "ln(i0/itrans)"), ("transmission", "ln(i0/itrans)"), ("fluorescence yield", "(ifluor)/i0")]
)
def test_the_definition_of_2008(mode, how, tmp_path):
    beam = I0 * MU if "fluo" in mode else I0 * np.exp(-MU)

    def fill(entry):
        instrument = group(entry, "instrument", "NXinstrument")
        group(instrument, "monochromator", "NXmonochromator")["energy"] = ENERGY
        group(instrument, "incoming_beam", "NXdetector")["data"] = I0
        group(instrument, "absorbed_beam", "NXdetector")["data"] = beam
        data = group(entry, "data", "NXdata")
        data["energy"] = h5py.SoftLink("/entry/instrument/monochromator/energy")
        data["absorbed_beam"] = h5py.SoftLink("../instrument/absorbed_beam/data")
        entry["mode"] = mode

    (spectrum,) = read(make(tmp_path, fill))
    assert np.allclose(spectrum.y, MU)
    assert spectrum.how == how


def test_processed_and_xraylarch(tmp_path):
    def processed(entry):
        data = group(entry, "xas_data", "NXdata")
        data["energy"], data["data"] = ENERGY, MU

    def larch(entry):
        entry["instrument/monochromator/energy"] = ENERGY
        data = group(entry, "data", "NXdata")
        data["energy"] = h5py.SoftLink("/entry/instrument/monochromator/energy")
        data["i0"], data["mutrans"], data["mode"] = I0, MU, "Transmission"
        entry["scan/xrayedge/element"], entry["scan/xrayedge/edge"] = "Fe", "K"

    assert np.array_equal(read(make(tmp_path, processed, "NXxasproc"))[0].y, MU)
    (spectrum,) = read(make(tmp_path, larch))
    assert np.array_equal(spectrum.y, MU)
    assert (spectrum.how, spectrum.element, spectrum.edge) == ("mutrans", "Fe", "K")


def with_energy(fill):
    def whole(entry):
        entry["energy"] = ENERGY
        fill(entry)

    return whole


def external(entry):
    entry["intensity"] = h5py.ExternalLink("other.h5", "/secret")


def through_external(entry):
    entry["away"] = h5py.ExternalLink("other.h5", "/")
    entry["intensity"] = h5py.SoftLink("/entry/away/secret")


def virtual(entry):
    layout = h5py.VirtualLayout((120,), dtype=float)
    layout[:] = h5py.VirtualSource("other.h5", "secret", (120,))
    entry.create_virtual_dataset("intensity", layout)


def outside(entry):
    entry.create_dataset("intensity", (120,), dtype=float, external=[("/dev/zero", 0, 960)])


def loop(entry):
    entry["intensity"] = h5py.SoftLink("/entry/intensity")


def pieces(entry):
    entry.create_dataset("intensity", (120,), float, chunks=(10_000_000,), maxshape=(None,), compression="gzip")


@pytest.mark.parametrize(
    ("fill", "message"),
    [
        (external, "intensity links to another file"),
        (through_external, "intensity links to another file"),
        (virtual, "keeps its numbers outside"),
        (outside, "keeps its numbers outside"),
        (loop, "is a chain of links"),
        (pieces, "unpacks to over 64 MB"),
        (lambda entry: entry.create_dataset("intensity", (2_000_000,), float), "has 2,000,000 points"),
        (lambda entry: entry.create_dataset("intensity", (10**6, 10**6), float, chunks=(1, 100)), "points"),
        (lambda entry: entry.create_dataset("intensity", data=["a"] * 120), "not of numbers"),
        (lambda entry: entry.create_dataset("intensity", data=MU + 1j), "not of numbers"),
        (lambda entry: entry.create_dataset("intensity", data=MU[:-1]), r"intensity of shape \(1, 119\) against 120"),
        (lambda entry: entry.create_dataset("intensity", data=np.ones((2, 2, 120))), "against 120 energies"),
        (lambda entry: entry.create_dataset("intensity", data=h5py.Empty("f")), "points|HDF5"),
        (lambda entry: entry.create_dataset("intensity", data=np.where(MU > 1, np.nan, MU)), "not finite"),
        (lambda entry: None, "no absorption can be made"),
        (lambda entry: [entry.create_group(f"data/{i}") for i in range(1200)], "no absorption|over 1000 members"),
    ],
)
def test_files_that_mean_harm_or_make_no_scan_are_refused(fill, message, tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["secret"] = MU
    path = make(tmp_path, with_energy(fill))
    with pytest.raises(InputError, match=message):
        read(path)


def test_other_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="no entry of the definition NXxas"):
        read(make(tmp_path, recent, "NXarpes"))
    with pytest.raises(InputError, match="/entry has no energy"):
        read(make(tmp_path, lambda entry: entry.create_dataset("intensity", data=MU)))
    (tmp_path / "text.nxs").write_text("not HDF5")
    with pytest.raises(InputError, match="not a sound HDF5 file"):
        read(tmp_path / "text.nxs")


def test_paths_are_followed_within_the_file(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["a/b/c"] = 1.0
        file["a/up"] = h5py.SoftLink("../a/b")
        file["deep"] = h5py.SoftLink("a/up/c")
        file["nothing"] = h5py.SoftLink("a/x")
        file["self"] = h5py.SoftLink(".")
        tree = hdf5.Tree(file, "a.h5")
        assert tree.array("/deep") == tree.array("/a/up/c") == tree.array("/self/a/./b/../b/c") == 1.0
        assert not tree.has("/nothing")
        assert not tree.has("/a/b/c/d")
        assert not tree.has("/")
        with pytest.raises(InputError, match="no dataset /a"):
            tree.array("/a")


def test_texts_that_are_said_to_be_gigabytes_are_not_waited_for(tmp_path):
    """A spoilt length or heap: the library would take as much memory, and 3 to 20 s, before it noticed."""
    content = make(tmp_path, recent).read_bytes()
    heap = content.index(b"GCOL")
    places = [m.start() for m in re.finditer(re.escape(heap.to_bytes(8, "little")), content)]
    assert len(places) > 8
    path = tmp_path / "spoilt.nxs"
    for place in [heap + 8 + 4, *(place - 1 for place in places)]:
        path.write_bytes(content[:place] + b"\x70" + content[place + 1 :])
        start = time.process_time()
        with contextlib.suppress(InputError):
            read(path)
        assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("unit", "of_ev"),
    [
        ("eV", 1), ("ev", 1), ("electronvolts", 1), ("keV", 1e-3), ("MeV", 1e-6), ("meV", 1e3), ("J", 1.602176634e-19),
        ("hartree", 1 / 27.211386), ("", 1), ("", 1e-3),
    ],
)  # fmt: skip
def test_energies_in_units_of_energy_are_converted(unit, of_ev, tmp_path):
    def fill(entry):
        entry["energy"], entry["intensity"] = ENERGY * of_ev, MU
        entry["energy"].attrs["units"] = unit

    (spectrum,) = read(make(tmp_path, fill))
    assert np.allclose(spectrum.x, ENERGY, atol=1e-3)


@pytest.mark.parametrize("unit", ["deg", "degrees", "angstrom", "Å", "mm", "a.u.", "counts", "1/A", "eV/s"])
def test_other_units_are_refused_by_name(unit, tmp_path):
    def fill(entry):
        entry["energy"], entry["intensity"] = ENERGY, MU
        entry["energy"].attrs["units"] = unit

    with pytest.raises(InputError, match=re.escape(f"is in {unit!r}, which is no unit of energy")):
        read(make(tmp_path, fill))


def many_entries(file, energy):
    """Entries of one stack that unpacks to 7 MB from next to nothing, each time that it is read."""
    stack = file.create_dataset("stack", data=np.tile(energy, (900, 1)), chunks=(900, 1000), compression="gzip")
    for i in range(400):
        entry = file.create_group(f"entry{i:04d}")
        entry["definition"], entry["energy"], entry["intensity"] = "NXxas", energy, stack


def wide_pieces(file, energy):
    """One small stack in a thousand pieces of 8 MB each."""
    entry = file.create_group("entry")
    entry["definition"], entry["energy"] = "NXxas", energy
    entry.create_dataset(
        "intensity", (900, 1000), float, chunks=(1, 1_000_000), maxshape=(900, None), compression="gzip"
    )


def large_text(file, energy):
    entry = file.create_group("entry")
    entry["energy"], entry["intensity"] = energy, energy
    entry.create_dataset("definition", (1,), "S9000", chunks=(100_000,), maxshape=(None,), compression="gzip")


@pytest.mark.slow
@pytest.mark.parametrize("fill", [many_entries, wide_pieces, large_text])
def test_what_all_of_a_file_unpacks_to_is_bounded(fill, tmp_path):
    """One limit for the sum: a file of 6.6 MB took over 6 GB, each of its arrays within the limit."""
    path = tmp_path / "bomb.nxs"
    with h5py.File(path, "w") as file:
        fill(file, np.linspace(7000.0, 8000.0, 1000))
    assert path.stat().st_size < 7e6
    tracemalloc.start()
    with pytest.raises(InputError, match=r"unpacks to over 64 MB|over 1000 spectra"):
        read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 500e6


@pytest.mark.slow
def test_names_without_end_are_not_looked_up(tmp_path):
    path = tmp_path / "names.nxs"
    with h5py.File(path, "w") as file:
        whole = file.create_group("one")
        whole["definition"], whole["intensity"] = "NXxas", MU
        for i in range(990):
            whole.create_group(f"g{i}")
        group(whole, "z", "NXdata")["energy"] = ENERGY
        for i in range(30):
            file[f"entry{i:04d}"] = whole
    with pytest.raises(InputError, match=r"over 10,000 names"):
        read(path)
