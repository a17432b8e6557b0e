"""Answers of the Materials Project, page by page, each asked for once and kept as it came."""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from firstshell.config import stable_hash
from firstshell.errors import InputError
from firstshell.io.materials_project.client import Answer, Api
from firstshell.runtime.progress import Reporter, Silent
from firstshell.runtime.store import Record, Store

Query = Mapping[str, Any]

VERSION: tuple[str, Query] = ("heartbeat", {})
TRUSTED = timedelta(days=1)
"""Age up to which the database's version is taken to be what it was when the fetch began."""


class Archive:
    """What the API answered, in the store of a fetch: a request that finished is not made again.

    Answers are kept as they came, compressed, with path, query and time; the key is not among them.
    """

    def __init__(self, api: Api, store: Store, reporter: Reporter | None = None) -> None:
        self.api, self.store, self.reporter = api, store, reporter or Silent()
        self._stored = store.keys()
        self._same_version = False

    def version(self) -> tuple[str, str]:
        """Return version of the database and the day (YYYY-MM-DD, UTC) on which the fetch began."""
        answer, when = self._ask(*VERSION)
        return _version(answer), when.date().isoformat()

    def documents(self, label: str, path: str, queries: Sequence[Query], limit: int) -> Iterator[list[Any]]:
        """Yield for each query all its documents, `limit` to a page; the reporter counts the queries.

        Raises InputError where an answer is not a page of documents, or the database changes between two pages.
        """
        earlier = sum(self._key(path, _page(query, 0, limit)) in self._stored for query in queries)
        self.reporter.start(label, len(queries), earlier)
        try:
            for query in queries:
                new = self._key(path, _page(query, 0, limit)) not in self._stored
                yield self._all_pages(path, query, limit)
                if new:
                    self.reporter.advance()
        finally:
            self.reporter.finish()

    def _all_pages(self, path: str, query: Query, limit: int) -> list[Any]:
        found: list[Any] = []
        total: int | None = None
        while total is None or len(found) < total:
            answer, _ = self._ask(path, _page(query, len(found), limit))
            documents, now = _documents(answer, path)
            if total is not None and (now != total or not documents):
                raise InputError(
                    f"the database changed while {path} was read ({total:,} documents, then {now:,})",
                    remedy=f"Delete {self.store.folder} and fetch again",
                )
            total = now
            found += documents
            if not documents:
                break
            if len(found) < total:
                self.reporter.advance(0, f"{len(found):,} of {total:,} documents")
        return found

    def _ask(self, path: str, query: Query) -> tuple[Answer, datetime]:
        """Return an answer and when it came: from the store, or else from the API, which it is then stored from."""
        key = self._key(path, query)
        record = self.store.get(key) if key in self._stored else None
        if record is None:
            if (path, query) != VERSION:
                self._check_version()
            answer, when = self._request(path, query), datetime.now(UTC)
            packed = np.frombuffer(zlib.compress(answer.body), np.uint8)
            meta = {"path": path, "query": dict(query), "retrieved": when.isoformat()}
            self.store.put(key, Record(meta, {"body": packed}))
            self._stored.add(key)
            return answer, when
        try:
            body = zlib.decompress(record.arrays["body"].tobytes())
            return Answer.read(body), datetime.fromisoformat(record.meta["retrieved"])
        except (KeyError, ValueError, TypeError, zlib.error) as error:  # an InputError is a ValueError
            raise InputError(
                "a stored answer is damaged", remedy="Delete the store and fetch again", file=self.store.folder
            ) from error

    def _request(self, path: str, query: Query) -> Answer:
        """Return an answer of the right shape; nothing else is stored."""
        answer = self.api.get(path, query, lambda reason: self.reporter.advance(0, reason))
        if (path, query) == VERSION:
            _version(answer)
        else:
            _documents(answer, path)
        return answer

    def _check_version(self) -> None:
        """Refuse to put documents of two versions of the database into one dataset; asks after a day only."""
        if self._same_version:
            return
        answer, when = self._ask(*VERSION)
        if datetime.now(UTC) - when > TRUSTED:
            now = _version(self._request(*VERSION))
            if now != _version(answer):
                raise InputError(
                    f"the database is now {now}; this fetch began with {_version(answer)}",
                    remedy="Give another --out, or delete the store, to fetch it whole",
                    file=self.store.folder,
                )
        self._same_version = True

    def _key(self, path: str, query: Query) -> str:
        return stable_hash(["materials project", self.api.endpoint, path, dict(query)])


def _page(query: Query, skip: int, limit: int) -> Query:
    return {**query, "_skip": skip, "_limit": limit}


def _documents(answer: Answer, path: str) -> tuple[list[Any], int]:
    """Return the documents of a page, and how many there are on all pages."""
    documents, meta = answer.content.get("data"), answer.content.get("meta")
    total = meta.get("total_doc") if isinstance(meta, dict) else None
    if not isinstance(documents, list) or type(total) is not int:
        raise InputError(
            f"the answer to {path} is not a page of documents",
            remedy="The API may have changed: look for a newer firstshell",
        )
    return documents, total


def _version(answer: Answer) -> str:
    version = answer.content.get("db_version")
    if not isinstance(version, str) or not version:
        raise InputError(
            "the Materials Project does not say which version its database has",
            remedy="The API may have changed: look for a newer firstshell",
        )
    return version
