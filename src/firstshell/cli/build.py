"""`firstshell build` and `firstshell merge`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from firstshell.api.settings import read_settings
from firstshell.cli.parameters import Changes, Partial, Progress, words
from firstshell.runtime.console import say

if TYPE_CHECKING:
    from firstshell.dataset.table import Dataset
    from firstshell.runtime.executors import Executor
    from firstshell.runtime.progress import Reporter


def build(
    *structures: Path,
    out: Path = Path("data.parquet"),
    metal: str = "",
    ligand: str = "O",
    sites: bool = True,
    paths: bool = False,
    partial: Partial = "refuse",
    feff: str = "",
    shard: str = "1/1",
    finished_only: bool = False,
    retry_failed: bool = False,
    verify: int = 0,
    dask: str = "",
    config: Path | None = None,
    set_: Changes = (),
    workers: int | None = None,
    progress: Progress = "auto",
) -> None:
    """Simulate and label structures, and write the dataset.

    Without structures it simulates those of the dataset that comes with firstshell again, which takes hours. A run that
    was stopped goes on where it was; a site that fails is listed, and the others go on.

    Example: firstshell build cifs/ --metal Fe --out fe.parquet

    Parameters
    ----------
    structures
        CIF or POSCAR files, and folders of them.
    out
        The dataset to write; beside it come NAME.excluded.csv and the folder NAME.store that makes runs resume.
    metal
        Absorbers, as in Fe,Cu; by default every 3d metal, Zr, Nb and Mo that a structure holds.
    ligand
        What a structure must hold one of, as in O, or F,Cl for halides; "" takes any structure.
    sites
        Add one sample per symmetry-distinct site.
    paths
        Calculate the scattering paths of all sites as well, NAME-paths.parquet: EXAFS is made from them.
    feff
        A FEFF9 or FEFF10 of yours to calculate XANES with, instead of feff8l: the folder of its modules, or one program
        or script that runs them all. Its settings are the table [xanes.feff] of a study.toml.
    shard
        The part of the materials to build, as in 1/8; firstshell merge puts the parts together.
    finished_only
        Simulate nothing: write what earlier runs have finished.
    retry_failed
        Try sites again that failed before.
    verify
        Build nothing new, but simulate this many entries, drawn at random, of the dataset that comes with firstshell
        again, and compare.
    dask
        Address of a Dask scheduler, as in tcp://host:8786; local processes by default.
    config
        A study.toml; its tables [xanes], [xanes.feff], [pdf] and [dpdf] hold the settings of each modality, [cluster] a
        queue. A file of somebody else's can name a program to run: read it first.
    set_
        One setting, as in --set xanes.preset=standard.
    workers
        Local processes; one a core by default.

    """
    from firstshell import simulation as modalities
    from firstshell.dataset import embedded, materials
    from firstshell.dataset.pipeline import Shard, build_dataset
    from firstshell.runtime.cluster import executor_for
    from firstshell.runtime.progress import make_reporter

    reporter = make_reporter(progress)
    if feff:
        set_ = (*set_, f"xanes.feff.path={json.dumps(feff)}")
    settings = read_settings(config, set_)
    with executor_for(settings["cluster"], dask, file=config) as executor:
        if verify:
            say(embedded.verify(verify, executor=executor, workers=workers, reporter=reporter))
            return
        metals, ligands = words(metal), words(ligand)
        found, refused = (
            materials.read_folder(structures, metals, partial, ligands)
            if structures
            else (embedded.materials(metals), [])
        )
        data = build_dataset(
            found,
            out,
            refused=refused,
            params={name: settings[name] for name in modalities.standard()},
            per_site=sites,
            shard=Shard.parse(shard),
            finished_only=finished_only,
            retry_failed=retry_failed,
            executor=executor,
            workers=workers,
            reporter=reporter,
        )
        failures = _paths(data, out, executor, workers, reporter) if paths else {}
    failed = "".join(f"\nno paths of {name}: {reason}" for name, reason in failures.items())
    say(f"{_summary(data)}{failed}\nwrote {out}")


def merge(
    *datasets: Path,
    out: Path = Path("data.parquet"),
) -> None:
    """Merge the parts of a build into one dataset.

    Example: firstshell merge part1.parquet part2.parquet --out data.parquet

    Parameters
    ----------
    datasets
        Datasets of the same settings, as firstshell build --shard writes them.
    out
        The dataset to write.

    """
    from firstshell.dataset.merge import merge_files

    say(f"{_summary(merge_files(datasets, out))}\nwrote {out}")


def _paths(
    data: Dataset, out: Path, executor: Executor | None, workers: int | None, reporter: Reporter
) -> dict[str, str]:
    from firstshell.dataset.exafs import make_paths
    from firstshell.dataset.paths import beside

    return make_paths(data, beside(out), executor=executor, workers=workers, reporter=reporter)


def _summary(data: Dataset) -> str:
    """Say how many materials of each metal there are, and how many were left out."""
    whole = data.frame[data.frame["level"] == "material"]
    lines = [f"{metal}: {n} materials" for metal, n in whole["metal"].value_counts().sort_index().items()]
    return "\n".join([*lines, f"left out: {len(data.excluded)}"])
