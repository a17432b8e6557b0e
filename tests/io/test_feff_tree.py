"""Trees of FEFF runs: folders and archives read alike; what is unsafe or broken is refused."""

import gzip
import os
import tarfile

import pytest

from feff_runs import tree_files, write_archive, write_folder, xmu
from firstshell.errors import InputError
from firstshell.io import feff_tree
from firstshell.io.feff_tree import read_tree


def content(materials):
    return [(m.id, m.poscar, m.spectra, m.problems) for m in materials]


@pytest.mark.parametrize("suffix", [".tar", ".tar.xz", ".tar.gz", ".tgz"])
def test_folder_and_archives_read_alike(tmp_path, suffix):
    folder = write_folder(tree_files(), tmp_path / "runs")
    mode = {".tar": "w", ".tar.xz": "w:xz"}.get(suffix, "w:gz")
    archive = write_archive(tree_files(), tmp_path / f"runs{suffix}", mode)
    materials = read_tree(folder)
    assert [m.id for m in materials] == ["mp-1", "mp-3"]
    assert set(materials[0].spectra) == {(0, "Cu")}
    assert content(read_tree(archive)) == content(materials)


def test_a_folder_that_holds_archives_and_a_tree_below_a_top_folder(tmp_path):
    write_archive({f"./top/{name}": text for name, text in tree_files().items()}, tmp_path / "a.tar.gz", "w:gz")
    (tmp_path / "README.md").write_text("about the archive")
    assert [m.id for m in read_tree(tmp_path)] == ["mp-1", "mp-3"]


def member(name, kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (member("mp-9/POSCAR", tarfile.SYMTYPE, "/etc/passwd"), "holds a link: 'mp-9/POSCAR'"),
        (member("mp-9/POSCAR", tarfile.LNKTYPE, "mp-1/POSCAR"), "holds a link"),
        (member("../mp-9/POSCAR"), "leaves the archive"),
        (member("/mp-9/POSCAR"), "leaves the archive"),
        (member("mp-9/../../x"), "leaves the archive"),
        (member("mp-9/fifo", tarfile.FIFOTYPE), "neither file nor folder"),
        (member("mp-9/dev", tarfile.CHRTYPE), "neither file nor folder"),
    ],
)
def test_unsafe_archives_are_refused_and_nothing_is_written(tmp_path, extra, message):
    archive = write_archive(tree_files(), tmp_path / "bad.tar.xz", extra=[extra])
    with pytest.raises(InputError, match=message):
        read_tree(archive)
    assert [p.name for p in tmp_path.iterdir()] == ["bad.tar.xz"]


@pytest.mark.parametrize("suffix", [".tar", ".tar.xz", ".tar.gz"])
def test_corrupt_archives_are_refused(tmp_path, suffix):
    mode = {".tar": "w", ".tar.xz": "w:xz", ".tar.gz": "w:gz"}[suffix]
    good = write_archive(tree_files(), tmp_path / f"good{suffix}", mode).read_bytes()
    bad = {"cut": good[: len(good) // 2], "empty": b"", "text": b"no archive at all\n" * 50}
    if suffix != ".tar":  # plain tar has no checksum of its content
        bad["noise"] = good[:100] + bytes(range(256)) * 4 + good[1100:]
    for name, content in bad.items():
        path = tmp_path / f"{name}{suffix}"
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"corrupt archive|no FEFF spectra"):
            read_tree(path)


def test_limits_of_size(tmp_path, monkeypatch):
    archive = write_archive(tree_files(), tmp_path / "runs.tar")
    monkeypatch.setattr(feff_tree, "MAX_ARCHIVE", 20_000)
    with pytest.raises(InputError, match="unpacked"):
        read_tree(archive)
    monkeypatch.undo()
    monkeypatch.setattr(feff_tree, "MAX_FILE", 1000)
    materials = read_tree(archive)
    assert "over 2 MB" in materials[0].problems[0]


def test_a_link_in_a_folder_is_a_problem_of_its_material(tmp_path):
    folder = write_folder(tree_files(), tmp_path / "runs")
    target = folder / "mp-1/FEFF-XANES/001_Cu"
    target.mkdir()
    (target / "xmu.dat").symlink_to(folder / "mp-1/FEFF-XANES/000_Cu/xmu.dat")
    first = read_tree(folder)[0]
    assert set(first.spectra) == {(0, "Cu")}
    assert "a link" in first.problems[0]


def test_a_linked_folder_and_a_pipe_are_not_read(tmp_path):
    folder, elsewhere = write_folder(tree_files(), tmp_path / "runs"), tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "xmu.dat").write_text(xmu())
    (folder / "mp-1/FEFF-XANES/001_Cu").symlink_to(elsewhere)
    (folder / "mp-3/FEFF-XANES/001_Mn").mkdir()
    os.mkfifo(folder / "mp-3/FEFF-XANES/001_Mn/xmu.dat")
    first, second = read_tree(folder)
    assert set(first.spectra) == {(0, "Cu")}
    assert "a link" in first.problems[0]
    assert set(second.spectra) == {(0, "Mn")}
    assert "not a plain file" in second.problems[0]


@pytest.mark.parametrize("packed", [False, True])
def test_a_run_without_xmu_is_a_problem_of_its_material(tmp_path, packed):
    files = tree_files() | {"mp-4/POSCAR": "x", "mp-4/FEFF-XANES/002_Cu/feff.inp": "TITLE"}
    place = write_archive(files, tmp_path / "a.tar.xz") if packed else write_folder(files, tmp_path / "runs")
    assert read_tree(place)[-1].problems == ["FEFF-XANES/002_Cu: no xmu.dat; the run did not finish"]


def test_a_header_that_asks_for_gigabytes_is_refused(tmp_path):
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 3 * 2**30
    with gzip.open(tmp_path / "bomb.tar.gz", "wb", compresslevel=1) as file:
        file.write(info.tobuf(tarfile.GNU_FORMAT))
        file.write(bytes(2**24))
    with pytest.raises(InputError, match="a header of over 2 MB"):
        read_tree(tmp_path / "bomb.tar.gz")


def test_wrong_paths_and_empty_trees(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_tree(tmp_path / "absent")
    with pytest.raises(InputError, match="no FEFF spectra"):
        read_tree(tmp_path)
    (tmp_path / "x.zip").touch()
    with pytest.raises(InputError, match="not a tar archive"):
        read_tree(tmp_path / "x.zip")
    twice = {f"{top}/mp-1/FEFF-XANES/000_Cu/xmu.dat": xmu() for top in "ab"}
    with pytest.raises(InputError, match="two materials are called 'mp-1'"):
        read_tree(write_archive(twice, tmp_path / "twice.tar", "w"))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["x{}", "mp-{}/POSCAR", "mp-{}/FEFF-XANES/000_Cu/log.dat"])
def test_empty_members_are_not_waited_for(name, tmp_path):
    """200,000 of them took 8 s; they are given up before 11,000."""
    path = tmp_path / "many.tar"
    block = tarfile.TarInfo("x")
    with path.open("wb") as file:
        for i in range(11_000):
            block.name = name.format(i)
            file.write(block.tobuf(tarfile.USTAR_FORMAT))
        file.write(bytes(1024))
    with pytest.raises(InputError, match=r"of its first 10,001 files 0 are spectra or structures"):
        read_tree(path)


@pytest.mark.slow
def test_a_tree_may_hold_many_other_files(tmp_path):
    others = {f"mp-1/FEFF-XANES/000_Cu/{i:05d}.dat": "x" for i in range(10_150)}
    archive = write_archive({**tree_files(), **others}, tmp_path / "runs.tar")
    assert [m.id for m in read_tree(archive)] == ["mp-1", "mp-3"]
