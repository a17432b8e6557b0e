"""Measured files or arrays in, answers out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from firstshell.api.answers import Answers, as_public
from firstshell.api.data import training_data
from firstshell.elements import k_edge
from firstshell.errors import InputError
from firstshell.io.spectra.measured import Measured, PdfHeader, make_pdf, make_xanes, to_ev
from firstshell.measured.read import PdfConditionsGiven, ReadParams, read_samples
from firstshell.measured.xanes.normalise import NormaliseParams, with_shift
from firstshell.measured.xanes.population import Population, as_population
from firstshell.prediction.answer import answer_all
from firstshell.prediction.model_source import ModelSource
from firstshell.runtime.progress import Reporter

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from firstshell.dataset.table import Dataset
    from firstshell.types import Array

WHAT = "Give a path, a list of paths, arrays as energy= and mu= or r= and g=, or a larch Group with energy and mu"
GIVEN = "arrays"
"""Stands for the file name where arrays are given."""


def predict(
    files: Any = (),
    metal: str | None = None,
    *,
    energy: ArrayLike | None = None,
    mu: ArrayLike | None = None,
    r: ArrayLike | None = None,
    g: ArrayLike | None = None,
    signal: str | None = None,
    columns: str | None = None,
    format: str | None = None,  # noqa: A002
    align: str | float = "auto",
    e0: float | None = None,
    pre1: float | None = None,
    pre2: float | None = None,
    norm1: float | None = None,
    norm2: float | None = None,
    qmax: float | None = None,
    qdamp: float | None = None,
    radiation: str | None = None,
    differential: bool = False,
    data: Dataset | str | Path | None = None,
    with_: Dataset | str | Path = "",
    transfer: Population | str | Path | None = None,
    model: str | Path | None = None,
    reporter: Reporter | None = None,
) -> Answers:
    """Predict the first shell of a metal from measured XANES and PDFs.

    The model is trained at first use, in less than a minute, and kept.

    Parameters
    ----------
    files : str, Path, larch Group, Measured, or a list of these
        XANES and PDFs. "my.prj#group" takes one group of a project. A XANES and a PDF belong to one sample when they
        are the only two, or have one name.
    metal : str, optional
        The absorber; by default the metal whose K edge was measured. PDFs need it.
    energy, mu : array_like, optional
        A scan instead of files: (n,) photon energies in eV or keV, and (n,) absorption, raw or normalised; (m, n) for m
        scans on the same energies.
    r, g : array_like, optional
        A PDF, alone or of the same sample: (n,) distances in Å and (n,) G(r) in Å⁻².
    signal, columns, format : str, optional
        Which data to read from the files; see `read_measured`.
    align : {"auto", "foil", "fit", "none"} or float
        How energies are calibrated, or the eV to add; see `firstshell.prediction.align`.
    e0 : float, optional
        Edge energy in eV; the steepest rise by default.
    pre1, pre2, norm1, norm2 : float, optional
        Ranges of the pre-edge line and the post-edge curve in eV from E0; chosen from the scan by default.
    qmax, qdamp : float, optional
        Å⁻¹, of the PDFs; by default from the file, else estimated.
    radiation : {"xray", "neutron"}, optional
        Radiation of the PDFs; by default from the file, else X-rays.
    differential : bool
        Whether the PDFs are differential ones of the metal.
    data : Dataset, str or Path, optional
        What models are trained on; the dataset that comes with firstshell by default.
    with_ : Dataset, str or Path
        Another dataset to train on beside `data`: "embedded" for the one that comes with firstshell.
    transfer : Population, str or Path, optional
        Transfer from simulated spectra to those of your beamline, as `calibrate` writes it.
    model : str or Path, optional
        A model that was saved, instead of training one.
    reporter : Reporter, optional
        Shows progress.

    Returns
    -------
    Answers
        One answer a sample, and the files that could not be used, with the reasons.

    Raises
    ------
    InputError
        When nothing that was given can be used.

    Examples
    --------
    >>> import firstshell as fs
    >>> answers = fs.predict("my.xdi")
    >>> answers[0].metal, answers["my.xdi"].inputs
    ('Cu', 'xanes')
    >>> low, high = answers["my.xdi"]["bond_length"].interval  # Å
    >>> 1.5 < low <= high < 3.0
    True
    >>> (scan,) = fs.read_measured("my.xdi")
    >>> answers = fs.predict(energy=scan.x, mu=scan.y, e0=8990.0)
    >>> len(fs.predict(["my.xdi", "my.gr"], metal="Cu"))
    1

    """
    if metal is not None:
        k_edge(metal)
    models = models_of(model, data, transfer, with_, reporter)
    given = [*inputs_of(files), *_arrays(energy, mu, r, g)]
    ranges = NormaliseParams(e0=e0, pre1=pre1, pre2=pre2, norm1=norm1, norm2=norm2)
    pdf = PdfConditionsGiven(radiation, qmax, qdamp, differential)
    how = ReadParams(format, columns, signal)
    reading = read_samples(given, metal, ranges=with_shift(ranges, align), pdf=pdf, how=how)
    return as_public(answer_all(reading, metal, models, align, None if model is not None else models), models)


def models_of(
    model: str | Path | None,
    data: Dataset | str | Path | None,
    transfer: Population | str | Path | None,
    with_: Dataset | str | Path = "",
    reporter: Reporter | None = None,
) -> ModelSource:
    """Return where models come from, as the words of a command say; files are read at once."""
    if model is not None and (data is not None or transfer is not None):
        remedy = "Leave out --data and --transfer, or --model (data=, transfer= and model= in Python)"
        raise InputError("a saved model is trained already", remedy=remedy)
    own = data is not None or not (isinstance(with_, str) and not with_)
    dataset = training_data(data, with_) if own else None
    population = as_population(transfer)
    file = None if model is None else Path(model)
    return ModelSource(file, None if dataset is None else lambda: dataset, population, reporter)


def inputs_of(files: Any) -> Iterator[str | Path | Measured]:
    """Yield what was given: one thing or a list of them."""
    several = isinstance(files, Sequence | Iterator) and not isinstance(files, str | bytes)
    for each in files if several else [files]:
        if isinstance(each, str | Path | Measured):
            yield each
        elif hasattr(each, "energy") and hasattr(each, "mu"):
            yield _of_group(each)
        else:
            raise InputError(f"a {type(each).__name__} is not a measurement", remedy=WHAT)


def _of_group(group: Any) -> Measured:
    """Return the scan of a larch Group, its absorption as measured."""
    names = (getattr(group, name, None) for name in ("label", "filename", "__name__"))
    name = Path(next((str(each) for each in names if each), "group")).name
    (measured,) = _scans(group.energy, group.mu, name)
    return measured


def _arrays(
    energy: ArrayLike | None, mu: ArrayLike | None, r: ArrayLike | None, g: ArrayLike | None
) -> Iterator[Measured]:
    for one, other, names in ((energy, mu, "energy= and mu="), (r, g, "r= and g=")):
        if (one is None) != (other is None):
            raise InputError(f"{names} go together, and one of them is missing", remedy="Give both")
    if energy is not None and mu is not None:
        yield from _scans(energy, mu, GIVEN)
    if r is not None and g is not None:
        distances, values = _numbers("r", r, 1), _numbers("g", g, 1)
        _same("r and g", distances, values)
        yield make_pdf(distances, values, GIVEN, PdfHeader(), {})


def _scans(energy: ArrayLike, mu: ArrayLike, name: str) -> Iterator[Measured]:
    """Yield each row of mu as a scan; several are numbered."""
    energies, rows = _numbers("energy", energy, 1), np.atleast_2d(_numbers("mu", mu, 2))
    for i, values in enumerate(rows, start=1):
        _same("energy and mu", energies, values)
        label = name if len(rows) == 1 else f"{name} {i}"
        yield make_xanes(label, to_ev(energies, "", label), values, label, "mu")


def _numbers(name: str, values: ArrayLike, most: int) -> Array:
    """Return numbers in one dimension, or up to `most`; InputError for anything else."""
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        array = np.empty(())
    if not 1 <= array.ndim <= most or array.size == 0:
        raise InputError(f"{name} is not {'a list' if most == 1 else 'one or several lists'} of numbers", remedy=WHAT)
    return array


def _same(names: str, one: Array, other: Array) -> None:
    if one.shape != other.shape:
        what = f"{names} have {len(one)} and {len(other)} numbers"
        raise InputError(what, remedy="Give one value for each position on the axis")
