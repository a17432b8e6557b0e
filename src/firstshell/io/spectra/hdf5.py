"""Reading of HDF5 files of unknown origin: datasets by path, within limits, and never anything outside the file."""

from __future__ import annotations

import math
import re
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from firstshell.errors import InputError
from firstshell.types import Array

if TYPE_CHECKING:
    import h5py  # type: ignore[import-untyped]

MAX_POINTS, MAX_MEMBERS, MAX_LINKS = 1_000_000, 1000, 10
MAX_UNPACKED = 64_000_000
"""Bytes that all that is read of one file may unpack to, whole pieces counted where an array is kept in pieces; a
crafted file unpacks a few megabytes into more than there is memory, in one array or in a thousand."""
MAX_LOOKUPS = 10_000
"""Names that are looked up in one file, some 50 µs each."""
MAX_TEXT = 10_000
HEAP = re.compile(rb"GCOL\x01\0\0\0(.{8})", re.DOTALL)
"""Signature, version and size of a global heap collection (HDF5 file format specification, III.E)."""
HEAP_REFERENCE = 16
"""Bytes that stand for a text of variable length where it is kept in a heap."""
SCALAR = (b"\x01" + b"\0" * 7, b"\x02\0\0\0")
"""The dataspace of an attribute of one value, which its value follows (IV.A.2.b, versions 1 and 2)."""
MAX_SEARCH = 100_000_000
"""Bytes that are searched for references to heaps, less than a second; large files full of texts are not."""
REMEDY = "Copy the arrays themselves into the file"


def check_heaps(path: str | Path) -> None:
    """Raise InputError for a file with texts of variable length whose stated length exceeds the place they are kept in.

    The library allocates the stated length before it finds out: one spoilt byte can cost gigabytes and 20 s.
    """
    size = Path(path).stat().st_size
    if size == 0:
        return
    with Path(path).open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        heaps = [(match.start(), int.from_bytes(match[1], "little")) for match in HEAP.finditer(content)]
        if any(length > size for _, length in heaps) or (
            len(heaps) * size < MAX_SEARCH and any(_is_overdrawn(content, *heap) for heap in heaps)
        ):
            raise InputError("a text is longer than the file", remedy="Fetch the file again", file=str(path))


def _is_overdrawn(content: mmap, address: int, size: int) -> bool:
    """Whether a text of an attribute (length, address of the heap, place in it) is more than the heap has."""
    wanted, found = address.to_bytes(8, "little"), -1
    while (found := content.find(wanted, found + 1)) >= 0:
        length = int.from_bytes(content[found - 4 : found], "little")
        place = int.from_bytes(content[found + 8 : found + 12], "little")
        if length > size and 0 < place < 65536 and content[max(found - 12, 0) : found - 4].endswith(SCALAR):
            return True
    return False


class Tree:
    """The groups and datasets of an open HDF5 file; `source` is named in errors. Paths begin with "/"."""

    def __init__(self, file: h5py.File, source: str) -> None:
        self._file, self.source = file, source
        self._unpacked, self._lookups = 0, 0

    def has(self, path: str) -> bool:
        """Whether there is a dataset at `path`."""
        return _is_dataset(self._find(path))

    def members(self, path: str) -> list[str]:
        """Return the names in a group, at most 1000; none where there is no group."""
        group = self._find(path)
        if group is None or _is_dataset(group):
            return []
        if len(group) > MAX_MEMBERS:
            raise InputError(f"{path} has over {MAX_MEMBERS} members", remedy=REMEDY, file=self.source)
        return [str(key) for key in group]

    def groups(self, path: str, *classes: str) -> list[str]:
        """Return the paths of the groups of these NeXus classes in a group."""
        paths = [f"{path.rstrip('/')}/{key}" for key in self.members(path)]
        return [child for child in paths if self._class(child) in classes]

    def shape(self, path: str) -> tuple[int, ...]:
        """Return the shape of the dataset at `path`."""
        return tuple(self._dataset(path).shape or ())

    def array(self, path: str, rank: int | None = None) -> Array:
        """Return the numbers at `path`; InputError unless they lie in the file as numbers, within the limits."""
        data = self._dataset(path)
        problem = ""
        if data.is_virtual or data.external:
            problem = "keeps its numbers outside the file"
        elif data.dtype.kind not in "iuf" or data.dtype.itemsize > 16:
            problem = f"is of {data.dtype}, not of numbers"
        elif rank is not None and data.ndim != rank:
            problem = f"has {data.ndim} axes, not {rank}"
        elif not 0 < math.prod(data.shape) <= MAX_POINTS:
            problem = f"has {math.prod(data.shape):,} points"
        if problem:
            raise InputError(f"{path} {problem}", remedy=REMEDY, file=self.source)
        self._count(data, path, np.dtype(float).itemsize)
        return np.asarray(data[()], dtype=float)

    def _count(self, data: h5py.Dataset, path: str, least: int) -> None:
        """Count what reading an array unpacks, `least` bytes a value or more; InputError when it becomes too much."""
        size = max(data.dtype.itemsize, least)
        pieces = [math.ceil(n / piece) * piece for n, piece in zip(data.shape, data.chunks or data.shape, strict=True)]
        self._unpacked += math.prod(pieces) * size
        if self._unpacked > MAX_UNPACKED:
            what = f"with {path}, what is read of it unpacks to over {MAX_UNPACKED / 1e6:g} MB"
            raise InputError(what, remedy="Give one scan, or a stack of fewer, as a file", file=self.source)

    def text(self, path: str) -> str:
        """Return the text at `path`; "" where there is none."""
        data = self._find(path)
        if (
            data is None
            or not _is_dataset(data)
            or data.is_virtual
            or data.external
            or math.prod(data.shape or ()) != 1
        ):
            return ""
        if data.dtype.kind not in "SO" or data.dtype.itemsize > MAX_TEXT or self._is_overlong(data):
            return ""
        self._count(data, path, HEAP_REFERENCE)
        return _as_text(np.asarray(data[()]).ravel()[0])

    def _is_overlong(self, data: h5py.Dataset) -> bool:
        """Whether a text of variable length has a stated length of over 10,000 bytes, as far as that can be read."""
        offset = data.id.get_offset() if data.dtype.kind == "O" else None
        if offset is None:
            return False
        with Path(self._file.filename).open("rb") as file:
            file.seek(offset)
            return int.from_bytes(file.read(4), "little") > MAX_TEXT

    def unit(self, path: str) -> str:
        """Return the unit that the dataset at `path` names."""
        return _attribute(self._dataset(path), "units")

    def _class(self, path: str) -> str:
        found = self._find(path)
        return "" if found is None else _attribute(found, "NX_class")

    def _dataset(self, path: str) -> h5py.Dataset:
        found = self._find(path)
        if not _is_dataset(found):
            raise InputError(f"no dataset {path}", remedy=REMEDY, file=self.source)
        return found

    def _find(self, path: str) -> h5py.Group | h5py.Dataset | None:
        """Follow `path` link by link, so that none that leaves the file is ever opened; None where there is nothing."""
        import h5py

        self._lookups += 1
        if self._lookups > MAX_LOOKUPS:
            what = f"over {MAX_LOOKUPS:,} names to look up"
            raise InputError(what, remedy="Give one scan, or a stack, as a file", file=self.source)
        found: h5py.Group = self._file["/"]
        parts, followed = [part for part in path.split("/") if part], 0
        trail: list[str] = []
        while parts:
            part = parts.pop(0)
            if part in (".", ".."):
                trail = trail[:-1] if part == ".." else trail
                found = self._file["/" + "/".join(trail)]
                continue
            if not isinstance(found, h5py.Group):
                return None
            link = found.get(part, getlink=True)
            if link is None:
                return None
            if isinstance(link, h5py.ExternalLink):
                raise InputError(f"{path} links to another file", remedy=REMEDY, file=self.source)
            if isinstance(link, h5py.SoftLink):
                followed += 1
                if followed > MAX_LINKS:
                    raise InputError(f"{path} is a chain of links", remedy=REMEDY, file=self.source)
                target = [piece for piece in link.path.split("/") if piece]
                if link.path.startswith("/"):
                    found, trail = self._file["/"], []
                parts = target + parts
                continue
            found = found[part]
            trail.append(part)
        return found


def _is_dataset(found: object) -> bool:
    import h5py

    return isinstance(found, h5py.Dataset)


def _attribute(found: h5py.Group | h5py.Dataset, key: str) -> str:
    if key not in found.attrs or found.attrs.get_id(key).shape not in ((), (1,)):
        return ""
    return _as_text(np.asarray(found.attrs[key]).ravel()[0])


def _as_text(value: object) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value if isinstance(value, str) else ""
    return text[:MAX_TEXT].strip()
