"""A server with small models, and a client that speaks to it as the page does."""

import json
import threading
import time
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

import numpy as np
import uvicorn

from firstshell.dataset.embedded import load_dataset
from firstshell.dataset.table import Dataset
from firstshell.measured.xanes.population import default_population
from firstshell.prediction.model import make_predictor
from firstshell.prediction.model_cache import channels_of
from firstshell.prediction.training import TrainingParams
from firstshell.web.app import create_app
from firstshell.web.limits import Limits
from firstshell.web.server import bound, settings
from firstshell.web.service import Service

SMALL = TrainingParams(copies=1, trees=10, folds=2)


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Client:
    """Speaks to a server as the page does."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def send(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            named = {name.replace("_", "-"): value for name, value in ({"X_Firstshell": "test"} | headers).items()}
            connection.request(method, path, body, named)
            found = connection.getresponse()
            return Reply(found.status, {k.lower(): v for k, v in found.getheaders()}, found.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Reply:
        return self.send("GET", path, **headers)

    def post(self, path: str, table: Any, **headers: str) -> Reply:
        return self.send("POST", path, json.dumps(table).encode(), **{"Content_Type": "application/json"} | headers)

    def upload(self, content: bytes, name: str, **how: str) -> Reply:
        query = urlencode({"name": name} | how)
        return self.send("POST", f"/api/files?{query}", content, Content_Type="application/octet-stream")

    def answered(self, path: str, table: Any) -> Reply:
        """The reply once the model is there."""
        end = time.monotonic() + 120
        while (found := self.post(path, table)).status == 202:
            assert time.monotonic() < end
            time.sleep(0.1)
        return found

    def got(self, path: str) -> Reply:
        """The reply to a question without a body, once the model is there."""
        end = time.monotonic() + 120
        while (found := self.get(path)).status == 202:
            assert time.monotonic() < end
            time.sleep(0.1)
        return found

    def complete(self, path: str, table: Any) -> Any:
        """The reply once the models of single measurements are there as well."""
        end = time.monotonic() + 120
        while (found := self.answered(path, table).json)["waiting"]:
            assert time.monotonic() < end
            time.sleep(0.1)
        return found

    def example(self, name: str) -> dict[str, Any]:
        """A question about an example."""
        spectra = self.post("/api/examples", {"id": name}).json["spectra"]
        return {"spectra": [{"id": each["id"]} for each in spectra]}


MATERIALS = 40


def first_materials(metals: tuple[str, ...]) -> Dataset:
    whole = load_dataset()
    chosen = []
    for metal in metals:
        names = whole.frame["id"][whole.frame["metal"] == metal].drop_duplicates()[:MATERIALS]
        chosen.append((whole.frame["metal"] == metal) & whole.frame["id"].isin(names))
    return whole.take(np.flatnonzero(np.logical_or.reduce(chosen)))


def make_service(data: Dataset, limits: Limits | None = None) -> Service:
    def train(metal, inputs, radiation, reporter):
        population = default_population().of_metal(metal)  # as `measured.models.predictor` has it
        return make_predictor(data, metal, channels_of(inputs, population), SMALL, reporter)

    return Service(lambda: data, train, limits)


class running:  # noqa: N801 - a context manager
    """A server of a service, on a free port."""

    def __init__(self, service: Service) -> None:
        self.listening = bound(0)
        self.server = uvicorn.Server(settings(create_app(service, warm=False), log_level="error"))
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.listening]})

    def __enter__(self) -> Client:
        self.thread.start()
        return Client(self.listening.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self.thread.join()
        self.listening.close()
