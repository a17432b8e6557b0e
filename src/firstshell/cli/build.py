"""`firstshell build` and `firstshell merge`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from firstshell.cli.parameters import Changes, Partial, Progress
from firstshell.runtime.console import say

if TYPE_CHECKING:
    from firstshell.dataset.table import Dataset


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
    was interrupted resumes; a site that fails is listed, and the others are simulated.

    Example: firstshell build cifs/ --metal Fe --out fe.parquet

    Parameters
    ----------
    structures
        CIF or POSCAR files, and folders of them.
    out
        The dataset to write. NAME.excluded.csv and the folder NAME.store, from which runs resume, are put beside it.
    metal
        Absorbers, as in Fe,Cu; by default every 3d metal, Zr, Nb and Mo in a structure.
    ligand
        Elements of which a structure must contain one, as in O, or F,Cl for halides; "" takes any structure.
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
    from firstshell.api import datasets
    from firstshell.runtime.progress import make_reporter

    reporter = make_reporter(progress)
    if verify:
        say(datasets.verify(verify, dask=dask, config=config, workers=workers, reporter=reporter))
        return
    data = datasets.build(
        structures,
        out,
        metal=metal,
        ligand=ligand,
        sites=sites,
        paths=paths,
        partial=partial,
        feff=feff,
        shard=shard,
        finished_only=finished_only,
        retry_failed=retry_failed,
        dask=dask,
        config=config,
        set_=set_,
        workers=workers,
        reporter=reporter,
    )
    say(f"{_summary(data)}\nwrote {out}")


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
    from firstshell.api.datasets import merge as whole_of

    say(f"{_summary(whole_of(datasets, out))}\nwrote {out}")


def _summary(data: Dataset) -> str:
    """Say how many materials of each metal there are, and how many were left out."""
    whole = data.frame[data.frame["level"] == "material"]
    lines = [f"{metal}: {n} materials" for metal, n in whole["metal"].value_counts().sort_index().items()]
    return "\n".join([*lines, f"left out: {len(data.excluded)}"])
