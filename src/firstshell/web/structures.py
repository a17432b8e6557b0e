"""Structures that were uploaded: checked, and kept in memory within limits as the files that they came as."""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from warnings import catch_warnings, simplefilter

from firstshell.dataset.materials import is_structure
from firstshell.errors import DomainWarning, InputError
from firstshell.io.structures.files import declared_formula, read_structure
from firstshell.runtime.leftovers import scratch_folder
from firstshell.web.limits import Limits
from firstshell.web.uploads import safe_name


@dataclass(frozen=True)
class Upload:
    """One structure file: what it is called, what is in it, and its reduced formula."""

    name: str
    content: bytes
    formula: str


class Structures:
    """Structures by the identifier that the page knows them by; safe to use from several threads."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._kept: OrderedDict[str, Upload] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def put(self, content: bytes, name: str) -> tuple[str, Upload]:
        """Keep a structure and return its identifier with it; the oldest make room. InputError for what is none."""
        found = _checked(content, safe_name(name))
        key = secrets.token_urlsafe(12)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > self.limits.structures or self._bytes() > self.limits.structure_bytes:
                self._kept.popitem(last=False)
        return key, found

    def drop(self, keys: Iterable[str]) -> None:
        """Forget structures; what is not here is gone already."""
        with self._lock:
            for key in keys:
                self._kept.pop(key, None)

    def write(self, keys: Sequence[str], folder: Path) -> list[Path]:
        """Write structures to a folder of their own and return where each is; InputError when one is no longer here."""
        with self._lock:
            lost = [key for key in keys if key not in self._kept]
            if lost:
                raise InputError("a structure is no longer in memory", remedy="Drop its file on the page again")
            found = [self._kept[key] for key in keys]
        names = [each.name for each in found]
        twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
        if twice is not None:
            raise InputError(f"two structures are called {twice}", remedy="Remove one of them")
        for each in found:
            (folder / each.name).write_bytes(each.content)
        return [folder / name for name in names]

    def _bytes(self) -> int:
        return sum(len(each.content) for each in self._kept.values())


def _checked(content: bytes, name: str) -> Upload:
    if not is_structure(Path(name)):
        raise InputError("this is no structure file by its name", remedy="Give a CIF or POSCAR file", file=name)
    with scratch_folder() as folder, catch_warnings():
        simplefilter("ignore", DomainWarning)
        (folder / name).write_bytes(content)
        try:
            structure = read_structure(folder / name)
        except InputError as error:
            raise InputError(error.what, remedy=error.remedy, file=name, line=error.line) from None
    return Upload(name, content, declared_formula(structure))
