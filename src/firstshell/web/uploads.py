"""Spectra that were uploaded: read from a temporary file that is gone at once, kept in memory within limits."""

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from firstshell.errors import InputError
from firstshell.io.spectra.measured import Measured, base_name
from firstshell.io.spectra.sniff import read_measured, with_signal
from firstshell.measured.read import MeasuredSample, PdfConditionsGiven, ReadParams, prepared
from firstshell.measured.xanes.normalise import NormaliseParams
from firstshell.runtime.leftovers import scratch_folder
from firstshell.web.limits import Limits

LONGEST_NAME = 120
"""Characters of a file's name that are kept, within what file systems allow in UTF-8."""


Treatment = tuple[str | None, NormaliseParams, PdfConditionsGiven, str | None]
"""Metal, ranges of normalisation, conditions of PDFs and signal of the scan that a spectrum is prepared with."""


@dataclass(eq=False)
class Upload:
    """One spectrum, and how many its file held; what it was prepared to last is kept for the next question."""

    measured: Measured
    of: int
    _last: tuple[Treatment, MeasuredSample] | None = None

    def prepared(
        self, metal: str | None, ranges: NormaliseParams, pdf: PdfConditionsGiven, signal: str | None = None
    ) -> MeasuredSample:
        """Return it as `measured.read.prepared` makes it; InputError for what cannot be used.

        signal : formula of the signal of the scan to take; None takes the first that has a sound edge
        """
        treatment, last = (metal, ranges, pdf, signal), self._last
        if last is None or last[0] != treatment:
            measured = self.measured if signal is None else with_signal(self.measured, signal)
            last = self._last = treatment, prepared(measured, self.of, metal, ranges, pdf)
        return last[1]


class Uploads:
    """Spectra by the identifier that the page knows them by; safe to use from several threads."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._kept: OrderedDict[str, tuple[Upload, float]] = OrderedDict()
        self._points = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def put(self, spectra: Sequence[Measured]) -> list[str]:
        """Keep the spectra of one file and return their identifiers; the oldest of others make room.

        Raises InputError for more than fit at all.
        """
        points = sum(len(each.x) for each in spectra)
        if len(spectra) > self.limits.spectra or points > self.limits.points:
            raise InputError(f"{len(spectra)} spectra of {points:,} points", remedy="Give them in parts")
        names = [secrets.token_urlsafe(12) for _ in spectra]
        with self._lock:
            now = time.monotonic()
            for name, each in zip(names, spectra, strict=True):
                self._kept[name] = Upload(each, len(spectra)), now
                self._points += len(each.x)
            self._make_room(now)
        return names

    def get(self, name: str) -> Upload:
        """Return a spectrum; InputError when it is not, or no longer, here."""
        with self._lock:
            if name not in self._kept:
                what = "this spectrum is no longer in memory"
                raise InputError(what, remedy="Drop its file on the page again")
            kept = self._kept[name][0]
            self._kept[name] = kept, time.monotonic()
            self._kept.move_to_end(name)
            return kept

    def drop(self, names: Iterable[str]) -> None:
        """Forget spectra; what is not here is gone already."""
        with self._lock:
            for name in names:
                self._forget(name)

    def _forget(self, name: str) -> None:
        found = self._kept.pop(name, None)
        if found is not None:
            self._points -= len(found[0].measured.x)

    def _make_room(self, now: float) -> None:
        while self._kept:
            oldest, (_, used) = next(iter(self._kept.items()))
            full = len(self._kept) > self.limits.spectra or self._points > self.limits.points
            if not full and now - used <= self.limits.idle:
                return
            self._forget(oldest)


def read_upload(content: bytes, name: str, how: ReadParams | None = None) -> list[Measured]:
    """Read the spectra of a file that was sent as `name`; InputError, naming it, when they cannot be read.

    how : format and columns, where the file's own are not to decide
    """
    how = how or ReadParams()
    name = safe_name(name)
    with scratch_folder() as folder:
        path = folder / name
        path.write_bytes(content)
        try:
            return read_measured(path, how.format, how.columns)
        except InputError as error:
            raise InputError(error.what, remedy=error.remedy, file=name, line=error.line) from None


def safe_name(name: str) -> str:
    """Return a file name without folders and characters that file systems refuse; "spectrum" when nothing is left."""
    plain = "".join(c for c in base_name(name) if c.isprintable() and c not in '<>:"|?*').strip(" .")
    if len(plain.encode()) > LONGEST_NAME:
        head, dot, ending = plain.rpartition(".")
        ending = dot + ending if head and len(ending) <= 8 else ""
        plain = plain.encode()[: LONGEST_NAME - len(ending.encode())].decode(errors="ignore") + ending
    return plain or "spectrum"
