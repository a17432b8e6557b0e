"""The readers here and those of larch give the same numbers for every sample file."""

import warnings

import numpy as np
import pytest

from firstshell.io.spectra.sniff import read_measured


def folders(shared):
    found = [shared / "data" / "measured" / "xanes", *(shared / "data" / "measured-bmm" / "files").glob("*")]
    files = sorted(path for folder in found if folder.is_dir() for path in folder.iterdir())
    if not files:
        pytest.skip("no measured files here")
    return files


def by_energy(x, y):
    """Values in order of energy, as both keep them; where energies repeat, larch moves them by some 1e-7 eV."""
    order = np.argsort(x, kind="stable")
    return np.asarray(x)[order], np.asarray(y)[order]


def test_xdi(shared):
    from larch.io import read_ascii

    files = [path for path in folders(shared) if path.suffix == ".xdi"]
    for path in files:
        (spectrum,) = read_measured(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = read_ascii(str(path))
        data = np.asarray(theirs.data)
        energy, column = (
            by_energy(data[0], data[list(theirs.array_labels).index(spectrum.how)])
            if (spectrum.how in theirs.array_labels)
            else by_energy(data[0], np.log(data[1] / data[2]))
        )
        assert np.allclose(spectrum.x, energy, atol=1e-5), path.name
        assert np.allclose(spectrum.y, column, rtol=1e-9, atol=1e-12), path.name


def test_athena(shared):
    from larch.io import read_athena

    files = [path for path in folders(shared) if path.suffix == ".prj"]
    for path in files:
        spectra = read_measured(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            groups = read_athena(str(path), do_preedge=False, do_bkg=False, do_fft=False)
        theirs = [group for group in vars(groups).values() if hasattr(group, "energy") and hasattr(group, "mu")]
        assert len(theirs) == len(spectra), path.name
        for spectrum in spectra:
            shift = float(spectrum.header.get("bkg_eshift") or 0.0)  # which larch leaves out
            assert any(_alike(spectrum, group, shift) for group in theirs), (path.name, spectrum.name)


def _alike(spectrum, group, shift):
    energy, mu = by_energy(group.energy, group.mu)
    return np.allclose(np.interp(spectrum.x, energy + shift, mu), spectrum.y, atol=3e-3)


def test_columns(shared):
    from larch.io import read_ascii

    path = next((path for path in folders(shared) if path.suffix == ".txt"), None)
    assert path is not None
    (spectrum,) = read_measured(path)
    theirs = np.asarray(read_ascii(str(path)).data)
    energy, mu = by_energy(theirs[0], theirs[1])
    assert np.allclose(spectrum.x, energy, atol=1e-5)
    assert np.allclose(spectrum.y, mu)
