"""Made-up trees of FEFF runs for tests."""

import io
import tarfile

import numpy as np

from firstshell.runtime.store import Store

CUO = """Cu4 O4
1.0
4.6837 0.0 0.0
0.0 3.4226 0.0
-0.850045 0.0 5.057868
Cu O
4 4
direct
0.25 0.25 0.0 Cu
0.75 0.75 0.0 Cu
0.25 0.75 0.5 Cu
0.75 0.25 0.5 Cu
0.0 0.4184 0.25 O
0.5 0.9184 0.25 O
0.0 0.5816 0.75 O
0.5 0.0816 0.75 O
"""
MNO = """Mn1 O1
1.0
0.0 2.223 2.223
2.223 0.0 2.223
2.223 2.223 0.0
Mn O
1 1
direct
0.0 0.0 0.0
0.5 0.5 0.5
"""


def xmu(fermi=8987.3, shift=0.0, last_k=6.0):
    """Text of an xmu.dat with an edge `shift` eV above its Fermi level."""
    k = np.round(np.arange(-1.0, last_k + 0.02, 0.04), 3)
    energy = fermi + np.sign(k) * k**2 * 3.81 + 1e-3 * np.arange(k.size)
    mu0 = 0.5 + np.arctan((energy - fermi - 2) / 1.0) / np.pi
    mu = mu0 + 0.3 * np.exp(-(((energy - fermi - 8 - shift) / 3) ** 2))
    rows = np.column_stack([energy, energy - fermi - 7.2, k, mu, mu0, mu - mu0])
    lines = (f"{r[0]:12.3f} {r[1]:9.3f} {r[2]:7.3f}" + "".join(f" {v:12.5E}" for v in r[3:]) for r in rows)
    return "# FEFF 9.9.1\n#  omega    e    k    mu    mu0     chi     @#\n" + "\n".join(lines) + "\n"


def tree_files():
    """Names and texts of a good tree: two copper oxides, and one of manganese."""
    return {
        "mp-1/POSCAR": CUO,
        "mp-1/FEFF-XANES/000_Cu/xmu.dat": xmu(),
        "mp-3/POSCAR": MNO,
        "mp-3/FEFF-XANES/000_Mn/xmu.dat": xmu(fermi=6543.7),
    }


def write_folder(files, folder):
    """Write a tree as a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def write_archive(files, path, mode="w:xz", extra=()):
    """Write a tree as an archive, with `extra` members as they are."""
    with tarfile.open(path, mode) as archive:
        for member in extra:
            archive.addfile(member)
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return path


def finished(store):
    """Number of results in the store of a run that may still be going on."""
    if not (store / "results.sqlite").exists():
        return 0
    with Store.open(store) as opened:
        return len(opened.keys())


def with_paths(files, run, material, absorber, kind="EXAFS"):
    """Return a tree with the paths that a run of FEFF left in a folder."""
    names = [run / "files.dat", *run.glob("feff0*.dat")]
    return files | {f"{material}/FEFF-{kind}/{absorber}/{file.name}": file.read_text() for file in names}
