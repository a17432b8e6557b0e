"""The files that examples in docstrings and in the documentation name, small enough to be used at once."""

import shutil

from feff_runs import tree_files, write_folder
from firstshell.dataset.table import write_dataset
from firstshell.prediction import model_cache
from mixing import write_mixture, write_phases
from places import DATA
from quick import QUICK, write_gr, write_xdi
from synthetic import synthetic_dataset

FORMULAS = {"hematite": "Fe2O3", "tenorite": "CuO"}


def lay_out(folder, monkeypatch, cache):
    """Write them to a folder and go there; models are small, and kept in `cache`."""
    for structure in (DATA / "structures").glob("*.cif"):
        for name in {structure.stem, FORMULAS.get(structure.stem, structure.stem)}:
            shutil.copy(structure, folder / f"{name}.cif")
    write_folder(tree_files(), folder / "runs")
    write_xdi(folder / "my.xdi")
    write_gr(folder / "my.gr")
    write_phases(folder)
    write_mixture(folder / "mixture.dat", {"one": 0.7, "other": 0.3})
    write_dataset(synthetic_dataset(40), folder / "small.parquet")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("FIRSTSHELL_CACHE", str(cache))
    monkeypatch.setattr(model_cache, "TrainingParams", lambda: QUICK)
