"""What the page's requests share: spectra, models, and the data that both come from."""

import threading
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from typing import Any
from warnings import catch_warnings, simplefilter

from firstshell.dataset.table import Dataset
from firstshell.errors import InputError
from firstshell.io.spectra.measured import Measured
from firstshell.io.spectra.sniff import formats
from firstshell.measured.read import ReadParams
from firstshell.measured.xanes.population import Population
from firstshell.prediction.answer import Answer
from firstshell.prediction.model import Predictor
from firstshell.prediction.model_source import Kind, ModelSource, kind_of
from firstshell.report.answer_table import frame
from firstshell.runtime.spreadsheet import csv_text
from firstshell.web import payload
from firstshell.web.cloud import cloud
from firstshell.web.examples import Examples
from firstshell.web.jobs import NotReadyError
from firstshell.web.limits import Limits
from firstshell.web.matching import Matches
from firstshell.web.question import answer_question, parse, read_table
from firstshell.web.structures import Structures
from firstshell.web.training import MOST, Models, Train
from firstshell.web.uploads import Uploads, read_upload

Json = dict[str, Any]


class Service:
    """Answers the requests of the page; every method returns what is sent, and may take seconds.

    load : returns the dataset, when it is first needed
    train : returns models; see `training.Train`. By default those of a `ModelSource`, from the cache
    population : transfers from simulation to measurement, as `firstshell calibrate` writes them
    """

    def __init__(
        self,
        load: Callable[[], Dataset],
        train: Train | None = None,
        limits: Limits | None = None,
        population: Population | None = None,
    ) -> None:
        self.load, self.limits = load, limits or Limits()
        self.population = population
        self.uploads, self.structures = Uploads(self.limits), Structures(self.limits)
        source = ModelSource(load=lambda: self.data, population=population)
        self.models = Models(train or source, lambda: self.data.metals)
        self.matches = Matches(self.uploads, self.structures, self.models, population)
        self._loading = threading.Lock()
        self._cloud = lru_cache(maxsize=MOST)(self._make_cloud)

    @property
    def data(self) -> Dataset:
        """The dataset, loaded once."""
        with self._loading:
            return self._data

    @cached_property
    def _data(self) -> Dataset:
        return self.load()

    @cached_property
    def examples(self) -> Examples:
        """Spectra to try the page with."""
        return Examples(self.data, self.population)

    def warm(self) -> None:
        """Load what the first answer would wait for."""
        with catch_warnings():
            simplefilter("ignore")  # of its plots, which are not used
            import shap  # noqa: F401 - takes seconds, once

        _ = self.examples.listed

    def about(self) -> Json:
        """Return version, metals, examples, formats and limits."""
        from firstshell import __version__

        listed = [{"id": each.id, "title": each.title, "note": each.note} for each in self.examples.listed]
        limits = {"file": self.limits.file, "spectra": self.limits.spectra}
        known = [{"name": name, "title": each.about.title} for name, each in formats().items()]
        return {
            "version": __version__,
            "metals": self.data.metals,
            "examples": listed,
            "formats": known,
            "limits": limits,
        }

    def upload(self, content: bytes, name: str, how: ReadParams | None = None) -> Json:
        """Keep the spectra of a file, read as its content says or as `how` does."""
        return self._put([read_upload(content, name, how)])

    def structure(self, content: bytes, name: str) -> Json:
        """Keep a structure."""
        key, found = self.structures.put(content, name)
        return {"structure": {"id": key, "name": found.name, "formula": found.formula}}

    def stop(self, _: bytes) -> Json:
        """End what is worked on about structures."""
        self.matches.jobs.stop()
        return self.progress()

    def progress(self) -> Json:
        """Return which models are being made, and what is worked on about structures."""
        return {"going": self.models.progress(), "matching": self.matches.jobs.progress()}

    def example(self, body: bytes) -> Json:
        """Keep the spectra of an example."""
        name = str(read_table(body).get("id"))
        return self._put(self.examples.make(name))

    def forget(self, body: bytes) -> Json:
        """Drop spectra and structures that the page no longer shows."""
        ids = read_table(body).get("ids")
        if not isinstance(ids, list):
            raise InputError("no list of spectra", remedy="Reload the page")
        names = [str(each) for each in ids]
        self.uploads.drop(names)
        self.structures.drop(names)
        return {"left": len(self.uploads) + len(self.structures)}

    def answers(self, body: bytes) -> Json:
        """Return all answers, and the curves of the one that is shown."""
        question = parse(body)
        replies = answer_question(question, self.uploads, self.models)
        return {
            "samples": [payload.row(ids, each, self._model(each)) for ids, each in replies.answers],
            "waiting": replies.waiting,
            "refused": [{"ids": list(each.ids)} | payload.refusal(each.error) for each in replies.refused],
            "detail": payload.detail(replies.at(question.shown)),
        }

    def evidence(self, body: bytes) -> Json:
        """Return what the windows of the spectrum that is shown say."""
        from firstshell.prediction.explain import evidence

        question = parse(body)
        answer = answer_question(question, self.uploads, self.models, apart=False).at(question.shown)
        return {"targets": payload.windows(*evidence(self._model(answer), answer.spectra))}

    def cloud(self, metal: str, inputs: str, radiation: str) -> Json:
        """Return the training spectra that a sample's spectra are drawn over."""
        names = inputs.split("+")
        others = [name for name in names if name != "exafs"]
        kinds = [kind_of(metal, others, radiation)] if others else []
        kinds += [kind_of(metal, ("exafs",), "xray")] if "exafs" in names else []  # it has a model of its own
        return {name: curves for kind in kinds for name, curves in self._cloud(kind).items()}

    def _make_cloud(self, kind: Kind) -> Json:
        return cloud(self.models(*kind), self.data)

    def table(self, body: bytes) -> str:
        """Return all answers as CSV."""
        replies = answer_question(parse(body), self.uploads, self.models)
        if replies.waiting:  # a saved table is whole
            raise NotReadyError
        return csv_text(frame([answer for _, answer in replies.answers]))

    def _put(self, files: Sequence[list[Measured]]) -> Json:
        read = []
        for spectra in files:
            named = zip(self.uploads.put(spectra), spectra, strict=True)
            read += [payload.uploaded(name, each) for name, each in named]
        return {"spectra": read}

    def _model(self, answer: Answer) -> Predictor:
        return self.models(answer.metal, answer.sample.inputs, answer.sample.radiation)
