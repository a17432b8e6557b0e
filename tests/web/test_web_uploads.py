"""Uploaded spectra stay within limits."""

import numpy as np
import pytest

from firstshell.errors import InputError
from firstshell.io.spectra.measured import make_xanes
from firstshell.measured.read import PdfConditionsGiven
from firstshell.measured.xanes.normalise import NormaliseParams
from firstshell.web.limits import Limits
from firstshell.web.uploads import Upload, Uploads


def spectrum(points=20):
    energy = 7000.0 + np.arange(points)
    return make_xanes("a", energy, np.arange(points, dtype=float), "a.dat", "mu")


def test_the_oldest_makes_room_and_use_keeps_young():
    uploads = Uploads(Limits(spectra=2))
    first, second = uploads.put([spectrum()]) + uploads.put([spectrum()])
    uploads.get(first)
    (third,) = uploads.put([spectrum()])
    assert uploads.get(first)
    assert uploads.get(third)
    with pytest.raises(InputError, match="no longer"):
        uploads.get(second)


def test_points_are_bounded():
    uploads = Uploads(Limits(points=50))
    uploads.put([spectrum()])
    uploads.put([spectrum()])
    uploads.put([spectrum()])
    assert len(uploads) == 2
    with pytest.raises(InputError, match="parts"):
        uploads.put([spectrum(60)])


def test_what_is_idle_goes():
    uploads = Uploads(Limits(idle=0.0))
    uploads.put([spectrum()])
    uploads.put([spectrum()])
    assert len(uploads) == 1


def test_dropping_twice_is_harmless():
    uploads = Uploads()
    names = uploads.put([spectrum(), spectrum()])
    uploads.drop(names)
    uploads.drop(names)
    assert len(uploads) == 0
    uploads.put([spectrum()])
    assert len(uploads) == 1


def test_a_spectrum_is_prepared_again_only_when_it_is_treated_otherwise():
    energy = 7000.0 + np.arange(400.0)
    kept = Upload(make_xanes("a", energy, np.arctan((energy - 7120) / 2) / np.pi + 0.5, "a.dat", "mu"), 1)
    first = kept.prepared(None, NormaliseParams(), PdfConditionsGiven())
    assert kept.prepared(None, NormaliseParams(), PdfConditionsGiven()) is first
    assert kept.prepared(None, NormaliseParams(pre1=-80.0), PdfConditionsGiven()).xanes.settings.pre1 == -80.0
    assert kept.prepared("Fe", NormaliseParams(), PdfConditionsGiven()) is not first
