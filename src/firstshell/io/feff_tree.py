"""Trees of finished FEFF runs: `<id>/POSCAR` and `<id>/FEFF-XANES/<NNN>_<El>/xmu.dat`, in a folder or a tar archive.

This is the layout that Lightshow writes and FEFF fills; NNN is the 0-based index of the absorber in the POSCAR.
Scattering paths are taken along where FEFF has written them, there or in `<id>/FEFF-EXAFS/<NNN>_<El>`: `files.dat` and
`feffNNNN.dat`.
Archives are read in memory and never unpacked.
"""

import gzip
import io
import lzma
import os
import re
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, cast

from firstshell.errors import InputError
from firstshell.io.feff_paths import LIST, NAME
from firstshell.io.spectra.measured import About

about = About(
    title="tree of FEFF runs",
    written_by="Lightshow, FEFF",
    read="POSCAR and FEFF-XANES/NNN_El/xmu.dat of each material, in a folder or a tar archive; there or in FEFF-EXAFS/"
    "NNN_El files.dat and feffNNNN.dat, the scattering paths that EXAFS is made of",
    ignored="all other files",
    refused="a material or a site whose files are missing or spoilt, with the file in the list of what was left out; "
    "archives with links, with paths that leave them, or of over 4 GB or mostly other files, as a whole",
)
MAX_FILE = 2 * 2**20
MAX_ARCHIVE = 4 * 2**30
MAX_KEPT = 512 * 2**20
MAX_MEMBERS = 500_000
MAX_OTHERS, OTHERS_EACH = 10_000, 100
"""Members of an archive that are of no use: so many, and so many more for each file that is."""
Content = str | InputError | None
"""Text of a file that matters, why it cannot be had, or None for anything else that is there."""
ARCHIVES = (".tar", ".tar.xz", ".tar.gz", ".txz", ".tgz")

ROOT = r"(?P<root>(?:.*/)?[^/]+)"
ABSORBER = r"(?P<index>\d{1,6})_(?P<metal>[A-Z][a-z]?)"
SPECTRUM = re.compile(rf"{ROOT}/FEFF-XANES/{ABSORBER}/xmu\.dat")
PATHS = re.compile(rf"{ROOT}/FEFF-(?P<kind>XANES|EXAFS)/{ABSORBER}/(?P<file>{re.escape(LIST)}|{NAME})")
RUN = re.compile(rf"{ROOT}/FEFF-XANES/{ABSORBER}(?:/.*)?")
STRUCTURE = re.compile(rf"{ROOT}/POSCAR")
LAYOUT = "Give a tree of <id>/POSCAR and <id>/FEFF-XANES/<NNN>_<El>/xmu.dat"


@dataclass
class FeffMaterial:
    """The files of one material.

    id : name of its folder
    poscar : text of the POSCAR, None when it is missing
    spectra : text of each xmu.dat by (absorber index, element)
    paths : by (absorber index, element, "EXAFS" or "XANES") the files of a run's paths: packed texts by name, or why
        one cannot be had
    problems : files that could not be read, and why
    """

    id: str
    poscar: str | None = None
    spectra: dict[tuple[int, str], str] = field(default_factory=dict)
    paths: dict[tuple[int, str, str], dict[str, bytes | InputError]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def read_tree(path: str | Path) -> list[FeffMaterial]:
    """Read a folder, a .tar(.xz|.gz), or a folder that holds such archives; sorted by id.

    Raises InputError for a missing path, a corrupt archive, a link or `..` in it, one over `MAX_ARCHIVE` unpacked, no
    material in it, and two materials of one id.
    """
    path = Path(path)
    if path.is_dir():
        archives = sorted(p for p in path.iterdir() if p.name.endswith(ARCHIVES) and p.is_file())
        files = _folder_files(path) if not archives else (item for p in archives for item in _archive_files(p))
    elif path.is_file():
        if not path.name.endswith(ARCHIVES):
            raise InputError("not a tar archive by its name", remedy=f"Give {', '.join(ARCHIVES)}", file=path)
        files = _archive_files(path)
    else:
        raise InputError("no such file or folder", remedy=LAYOUT, file=path)
    return _grouped(files, path)


def _grouped(files: Iterable[tuple[str, Content]], path: Path) -> list[FeffMaterial]:
    found: dict[str, FeffMaterial] = {}
    runs: dict[str, set[tuple[int, str]]] = {}
    kept = 0
    for name, content in files:
        match = PATHS.fullmatch(name) or RUN.fullmatch(name) or STRUCTURE.fullmatch(name)
        if match is None:
            continue
        root = match["root"]
        material = found.setdefault(root, FeffMaterial(PurePosixPath(root).name))
        kept += _keep(content, match.groupdict(), material, runs.setdefault(root, set()))
        if kept > MAX_KEPT:
            raise InputError("over 512 MB of spectra and paths", remedy="Import it in parts", file=path)
    for root, wanted in runs.items():
        for index, metal in sorted(wanted - found[root].spectra.keys()):
            found[root].problems.append(f"FEFF-XANES/{index:03d}_{metal}: no xmu.dat; the run did not finish")
    # A POSCAR alone (an input for another code) is no FEFF run.
    materials = [m for m in found.values() if m.spectra or m.problems]
    if not materials:
        raise InputError("no FEFF spectra in it", remedy=LAYOUT, file=path)
    ids = [m.id for m in materials]
    twice = {i for i in ids if ids.count(i) > 1} if len(set(ids)) < len(ids) else set()
    if twice:
        raise InputError(f"two materials are called {min(twice)!r}", remedy="Rename one of the folders", file=path)
    return sorted(materials, key=lambda m: m.id)


def _keep(content: Content, place: dict[str, str], material: FeffMaterial, runs: set[tuple[int, str]]) -> int:
    """Put a file where it belongs, note the run of XANES that it is of, and return how much is kept of it."""
    run = (int(place["index"]), place["metal"]) if "index" in place else None
    if run is not None and place.get("kind") != "EXAFS":
        runs.add(run)
    if run is not None and "file" in place:
        packed = zlib.compress(content.encode()) if isinstance(content, str) else content
        if packed is not None:
            material.paths.setdefault((*run, place["kind"]), {})[place["file"]] = packed
        return len(packed) if isinstance(packed, bytes) else 0
    if isinstance(content, InputError):
        material.problems.append(str(content))
        runs.discard(run or (0, ""))  # one reason is enough
    elif content is not None and run is None:
        material.poscar = content
    elif content is not None and run is not None:
        material.spectra[run] = content
    return len(content) if isinstance(content, str) else 0


def _matters(name: str) -> bool:
    return any(pattern.fullmatch(name) for pattern in (SPECTRUM, PATHS, STRUCTURE))


def _folder_files(folder: Path) -> Iterator[tuple[str, Content]]:
    """Yield name and text of the files that matter; a link is a problem of its material, not followed."""
    for parent, folders, files in os.walk(folder):
        for name in sorted([*folders, *files]):
            file = Path(parent) / name
            shown = file.relative_to(folder.parent).as_posix()
            matters = _matters(shown)
            try:
                if file.is_symlink() and (matters or RUN.fullmatch(shown)):
                    raise InputError("a link", remedy="Put the files themselves there", file=file)
                yield shown, _read(file) if matters else None
            except InputError as error:
                yield shown, error


def _read(file: Path) -> str:
    try:
        if not file.is_file():
            raise InputError("not a plain file", remedy="Put the file itself there", file=file)
        if file.stat().st_size > MAX_FILE:
            raise InputError("a file of over 2 MB", remedy="Is it a file of FEFF or a POSCAR?", file=file)
        return file.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", remedy="Check its permissions", file=file) from None


def _archive_files(path: Path) -> Iterator[tuple[str, Content]]:
    """Yield name and text of the files that matter; anything unsafe refuses the archive as a whole."""
    total, useful = 0, 0
    try:
        with _decompressed(path) as stream, tarfile.open(fileobj=_Bounded(stream), mode="r:") as archive:
            for count, member in enumerate(archive):
                _check_member(member, path)
                total += member.size
                if total > MAX_ARCHIVE or count > MAX_MEMBERS:
                    what = f"an archive of over 4 GB unpacked, or of over {MAX_MEMBERS:,} files"
                    raise InputError(what, remedy="Split it", file=path)
                if count - useful > MAX_OTHERS + OTHERS_EACH * useful:
                    what = f"of its first {count:,} files {useful:,} are spectra or structures"
                    raise InputError(what, remedy=LAYOUT, file=path)
                name = f"{path.name}/{PurePosixPath(member.name).as_posix()}"
                if not member.isfile() or not _matters(name):
                    yield name, None
                    continue
                if member.size > MAX_FILE:
                    yield name, InputError("a file of over 2 MB", remedy="Is it a file of FEFF?", file=member.name)
                    continue
                useful += member.size > 0
                content = archive.extractfile(member)
                yield name, content.read().decode("utf-8-sig", errors="replace") if content else ""
            # An archive ends with blocks of zeros; tarfile takes one that was cut between two members without a word.
            if archive.fileobj.tell() == archive.offset:
                raise tarfile.ReadError("it has no end")
    except (tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"a corrupt archive: {reason}", remedy="Fetch it again", file=path) from error


def _decompressed(path: Path) -> IO[bytes]:
    """Open an archive for reading; its first bytes show how it is packed."""
    with path.open("rb") as file:
        magic = file.read(6)
    if magic.startswith(b"\x1f\x8b"):
        return cast(IO[bytes], gzip.open(path, "rb"))
    if magic == b"\xfd7zXZ\x00":
        return lzma.open(path, "rb")
    return path.open("rb")


class _Bounded(io.RawIOBase):
    """A stream that refuses to hand out more than `MAX_FILE` at once, as a crafted header may ask tarfile to read."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """Read `size` bytes; ReadError above the limit."""
        if not 0 <= size <= MAX_FILE + tarfile.RECORDSIZE:
            raise tarfile.ReadError("a header of over 2 MB")
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move as the stream does."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """Return the place in the stream."""
        return self._stream.tell()


def _check_member(member: tarfile.TarInfo, path: Path) -> None:
    parts = PurePosixPath(member.name)
    if member.issym() or member.islnk():
        kind = "a link"
    elif parts.is_absolute() or ".." in parts.parts or "\\" in member.name:
        kind = "a path that leaves the archive"
    elif not (member.isfile() or member.isdir()):
        kind = "something that is neither file nor folder"
    else:
        return
    raise InputError(
        f"the archive holds {kind}: {member.name!r}", remedy="Pack plain files and folders only", file=path
    )
