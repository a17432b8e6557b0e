"""Where predictors come from: one source for the command line, the page and `firstshell.predict`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from firstshell.config import did_you_mean
from firstshell.errors import InputError
from firstshell.measured.xanes.population import Population
from firstshell.prediction import model_cache
from firstshell.prediction.model import Predictor
from firstshell.prediction.model_file import load_predictor
from firstshell.runtime.progress import Reporter

if TYPE_CHECKING:
    from firstshell.dataset.table import Dataset

RADIATIONS = ("xray", "neutron")
Kind = tuple[str, tuple[str, ...], str]
"""Metal, modalities and radiation."""


def kind_of(metal: str, inputs: Sequence[str], radiation: str) -> Kind:
    """Return what names one model: modalities in one order, each once; InputError for unknown words."""
    if radiation not in RADIATIONS:
        raise InputError(f"unknown radiation {radiation[:40]!r}", remedy=did_you_mean(radiation, RADIATIONS))
    return metal, tuple(channel.name for channel in model_cache.channels_of(inputs)), radiation


@dataclass(frozen=True, eq=False)
class ModelSource:
    """Predictors by kind: that of a file, or those of the cache, which trains what it lacks.

    file : a model that was saved, instead of the cache
    load : returns what models are trained on; by default the dataset that comes with firstshell
    population : transfers from simulation to measurement; firstshell's standards by default
    reporter : hears how far a training is
    """

    file: Path | None = None
    load: Callable[[], Dataset] | None = None
    population: Population | None = None
    reporter: Reporter | None = None

    def __call__(
        self, metal: str, inputs: Sequence[str], radiation: str = "xray", reporter: Reporter | None = None
    ) -> Predictor:
        """Return the predictor of a metal for a list of modalities.

        Raises InputError where the file has another one, and where nothing is known of the metal.
        """
        metal, names, radiation = kind_of(metal, inputs, radiation)
        if self.file is not None:
            return self._saved_of(metal, "+".join(names), radiation)
        return model_cache.predictor(
            metal,
            names,
            data=None if self.load is None else self.load(),
            population=self.population,
            radiation=radiation,
            reporter=reporter or self.reporter,
        )

    @cached_property
    def _saved(self) -> Predictor:
        assert self.file is not None
        return load_predictor(self.file)

    def _saved_of(self, metal: str, inputs: str, radiation: str) -> Predictor:
        found = self._saved
        known = {getattr(channel, "radiation", radiation) for channel in found.channels}
        if (found.metal, found.inputs) != (metal, inputs) or known != {radiation}:
            what = f"the model is of {found.metal} from {found.inputs}, not of {metal} from {inputs} ({radiation})"
            raise InputError(what, remedy="Leave out --model to have one trained", file=self.file)
        return found
