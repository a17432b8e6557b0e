"""Models for the page: loaded or trained in the background, one after the other."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from firstshell.config import did_you_mean
from firstshell.errors import InputError
from firstshell.prediction.model import Predictor
from firstshell.prediction.model_source import Kind, kind_of
from firstshell.runtime.progress import Reporter
from firstshell.web.jobs import Jobs

Train = Callable[[str, Sequence[str], str, Reporter], Predictor]
"""Returns the predictor of a kind, from a cache or trained now."""
MOST = 8
"""Models in memory, some 100 MB each at worst; more are loaded again when needed."""


class Models:
    """Predictors by kind; calling it returns one, as `prediction.answer.answer_all` takes them."""

    def __init__(self, train: Train, metals: Callable[[], Sequence[str]]) -> None:
        self.train, self.metals = train, metals
        self._made: OrderedDict[Kind, Predictor] = OrderedDict()
        self._jobs, self._lock = Jobs(), threading.Lock()

    def __call__(self, metal: str, inputs: Sequence[str], radiation: str) -> Predictor:
        """Return the predictor; NotReadyError while it is being made, which begins with the first call.

        Raises InputError for a metal that no model knows, and what the making raised.
        """
        if metal not in self.metals():
            remedy = did_you_mean(metal, self.metals())
            raise InputError(
                f"no model knows {metal}", remedy=f"{remedy} Or start firstshell serve with a dataset that has it"
            )
        kind = kind_of(metal, inputs, radiation)
        with self._lock:
            if kind in self._made:
                self._made.move_to_end(kind)
                return self._made[kind]
        return self._jobs(kind, f"Loading the model for {metal}", lambda reporter: self._make(kind, reporter))

    def progress(self) -> list[dict[str, Any]]:
        """Return what is being made: label, done, total, and seconds since the stage began."""
        return self._jobs.progress()

    def _make(self, kind: Kind, reporter: Reporter) -> Predictor:
        made = self.train(*kind, reporter)
        with self._lock:
            self._made[kind] = made
            while len(self._made) > MOST:
                self._made.popitem(last=False)
        return made
