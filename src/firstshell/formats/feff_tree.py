"""Trees of finished FEFF runs: `<id>/POSCAR` and `<id>/FEFF-XANES/<NNN>_<El>/xmu.dat`, in a folder or a tar archive.

This is the layout that Lightshow writes and FEFF fills; NNN is the 0-based index of the absorber in the POSCAR.
Archives are read in memory and never unpacked.
"""

from __future__ import annotations

import lzma
import re
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from firstshell.errors import InputError

MAX_FILE = 8 * 2**20
MAX_ARCHIVE = 4 * 2**30
MAX_MEMBERS = 5_000_000
ARCHIVES = (".tar", ".tar.xz", ".tar.gz", ".txz", ".tgz")

SPECTRUM = re.compile(r"(?P<root>(?:.*/)?[^/]+)/FEFF-XANES/(?P<index>\d{1,6})_(?P<metal>[A-Z][a-z]?)/xmu\.dat")
STRUCTURE = re.compile(r"(?P<root>(?:.*/)?[^/]+)/POSCAR")
LAYOUT = "Give a tree of <id>/POSCAR and <id>/FEFF-XANES/<NNN>_<El>/xmu.dat"


@dataclass
class FeffMaterial:
    """The files of one material.

    id : name of its folder
    poscar : text of the POSCAR, None when it is missing
    spectra : text of each xmu.dat by (absorber index, element)
    problems : files that could not be read, and why
    """

    id: str
    poscar: str | None = None
    spectra: dict[tuple[int, str], str] = field(default_factory=dict)
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


def _grouped(files: Iterator[tuple[str, str | InputError]], path: Path) -> list[FeffMaterial]:
    found: dict[str, FeffMaterial] = {}
    for name, content in files:
        match = SPECTRUM.fullmatch(name) or STRUCTURE.fullmatch(name)
        if match is None:
            continue
        root = match["root"]
        material = found.setdefault(root, FeffMaterial(PurePosixPath(root).name))
        if isinstance(content, InputError):
            material.problems.append(str(content))
        elif "index" in match.groupdict():
            material.spectra[int(match["index"]), match["metal"]] = content
        else:
            material.poscar = content
    # A POSCAR alone (an input for another code) is no FEFF run.
    materials = [m for m in found.values() if m.spectra or m.problems]
    if not materials:
        raise InputError("no FEFF spectra in it", remedy=LAYOUT, file=path)
    ids = [m.id for m in materials]
    twice = {i for i in ids if ids.count(i) > 1} if len(set(ids)) < len(ids) else set()
    if twice:
        raise InputError(f"two materials are called {min(twice)!r}", remedy="Rename one of the folders", file=path)
    return sorted(materials, key=lambda m: m.id)


def _folder_files(folder: Path) -> Iterator[tuple[str, str | InputError]]:
    """Yield name and text of the files that matter; a link is a problem of its material, not followed."""
    for file in [*folder.glob("**/POSCAR"), *folder.glob("**/FEFF-XANES/*/xmu.dat")]:
        name = file.relative_to(folder.parent).as_posix()
        try:
            if file.is_symlink():
                raise InputError("a link", remedy="Put the file itself there", file=file)
            if file.stat().st_size > MAX_FILE:
                raise InputError("a file of over 8 MB", remedy="Is it an xmu.dat?", file=file)
            yield name, file.read_text(encoding="utf-8", errors="replace")
        except InputError as error:
            yield name, error
        except OSError as error:
            yield name, InputError(f"cannot be read: {error.strerror}", file=file)


def _archive_files(path: Path) -> Iterator[tuple[str, str | InputError]]:
    """Yield name and text of the files that matter; anything unsafe refuses the archive as a whole."""
    total = 0
    try:
        with tarfile.open(path, "r:*") as archive:
            for count, member in enumerate(archive):
                _check_member(member, path)
                total += member.size
                if total > MAX_ARCHIVE or count > MAX_MEMBERS:
                    raise InputError("an archive of over 4 GB unpacked", remedy="Split it", file=path)
                name = f"{path.name}/{PurePosixPath(member.name).as_posix()}"
                if not member.isfile() or not (SPECTRUM.fullmatch(name) or STRUCTURE.fullmatch(name)):
                    continue
                if member.size > MAX_FILE:
                    yield name, InputError("a file of over 8 MB", remedy="Is it an xmu.dat?", file=member.name)
                    continue
                content = archive.extractfile(member)
                yield name, content.read().decode("utf-8", errors="replace") if content else ""
            # An archive ends with blocks of zeros; tarfile takes one that was cut between two members without a word.
            if archive.fileobj is None or archive.fileobj.tell() == archive.offset:
                raise tarfile.ReadError("it has no end")
    except (tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, OSError) as error:
        raise InputError(f"a corrupt archive: {error}", remedy="Fetch it again", file=path) from error


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
