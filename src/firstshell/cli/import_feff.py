"""`firstshell import-feff`."""

from pathlib import Path

from firstshell.cli.parameters import Changes, Config, Partial, Progress, Workers
from firstshell.runtime.console import say


def import_feff(
    path: Path,
    /,
    *,
    out: Path = Path("data.parquet"),
    metal: str = "",
    sites: bool = False,
    partial: Partial = "refuse",
    config: Config = None,
    set_: Changes = (),
    workers: Workers = None,
    progress: Progress = "auto",
) -> None:
    """Turn a tree of finished FEFF runs into a dataset.

    The tree is a folder or a .tar(.xz|.gz) of ID/POSCAR and ID/FEFF-XANES/NNN_EL/xmu.dat, NNN the 0-based index of
    the absorber. Scattering paths (files.dat and feffNNNN.dat), of which EXAFS is made, are taken from there or from
    ID/FEFF-EXAFS/NNN_EL. An interrupted run resumes.

    Example: firstshell import-feff runs.tar.xz --out data.parquet

    Parameters
    ----------
    path
        The folder or archive.
    out
        The dataset to write; beside it come NAME.excluded.csv, NAME-paths.parquet where there are scattering paths, and
        the folder NAME.store that makes runs resume.
    metal
        Absorbers to take, as in Fe,Cu; all by default.
    sites
        Add one sample per symmetry-distinct site.
    set_
        One setting, as in --set pdf.qmax=24.

    """
    from firstshell.api.datasets import import_feff as dataset_of
    from firstshell.runtime.progress import make_reporter

    data = dataset_of(
        path,
        out,
        metal=metal,
        sites=sites,
        partial=partial,
        config=config,
        set_=set_,
        workers=workers,
        reporter=make_reporter(progress),
    )
    materials = data.frame[data.frame["level"] == "material"]
    for name, rows in materials.groupby("metal"):
        labelled = rows[["oxidation_state", "coordination_number", "bond_length"]].notna().sum()
        say(
            f"{name}: {len(rows)} materials; oxidation state known for {labelled['oxidation_state']}, coordination "
            f"number for {labelled['coordination_number']}, bond length for {labelled['bond_length']}; "
            f"{(rows['missing_sites'] > 0).sum()} without some of their sites"
        )
    if data.paths is not None:
        say(f"scattering paths, for EXAFS: of {len(data.paths.tables)} sites")
    say(f"left out: {len(data.excluded)} (see {out.with_suffix('.excluded.csv')})\nwrote {out}")
