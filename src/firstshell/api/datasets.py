"""Datasets: built from structures, merged, imported from FEFF runs, fetched from the Materials Project."""

import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from firstshell import simulation as modalities
from firstshell.api.settings import read_settings, words
from firstshell.dataset import embedded, materials
from firstshell.dataset.exafs import make_paths
from firstshell.dataset.merge import merge_files
from firstshell.dataset.output import beside
from firstshell.dataset.table import Dataset
from firstshell.errors import DomainWarning
from firstshell.io.structures.files import Partial
from firstshell.runtime.cluster import executor_for
from firstshell.runtime.progress import Reporter


def build(
    structures: str | Path | Sequence[str | Path] = (),
    out: str | Path = "data.parquet",
    *,
    metal: str | Sequence[str] = "",
    ligand: str | Sequence[str] = "O",
    sites: bool = True,
    paths: bool = False,
    partial: Partial = "refuse",
    feff: str = "",
    shard: str = "1/1",
    finished_only: bool = False,
    retry_failed: bool = False,
    dask: str = "",
    config: str | Path | None = None,
    set_: Sequence[str] = (),
    workers: int | None = None,
    reporter: Reporter | None = None,
) -> Dataset:
    """Simulate and label structures, and write the dataset.

    An interrupted run resumes; a site that fails is listed, and the others are simulated.

    Parameters
    ----------
    structures : str, Path or list of these
        CIF or POSCAR files, and folders of them. Without any, those of the dataset that comes with firstshell are
        simulated again, which takes hours.
    out : str or Path
        The dataset to write. NAME.excluded.csv and the folder NAME.store, from which runs resume, are put beside it.
    metal : str or list of str
        Absorbers, a list or as in "Fe,Cu"; by default every 3d metal, Zr, Nb and Mo in a structure.
    ligand : str or list of str
        Elements of which a structure must contain one, as in "O", or "F,Cl" for halides; "" takes any structure.
    sites : bool
        Whether to add one sample per symmetry-distinct site.
    paths : bool
        Whether to calculate the scattering paths of all sites as well, NAME-paths.parquet: EXAFS is made from them.
    partial : {"refuse", "round"}
        What to do with partly occupied positions.
    feff : str
        A FEFF9 or FEFF10 of yours to calculate XANES with, instead of feff8l.
    shard : str
        The part of the materials to build, as in "1/8"; `merge` puts the parts together.
    finished_only : bool
        Simulate nothing: write what earlier runs have finished.
    retry_failed : bool
        Try sites again that failed before.
    dask : str
        Address of a Dask scheduler, as in "tcp://host:8786"; local processes by default.
    config : str or Path, optional
        A study.toml; its tables [xanes], [pdf] and [dpdf] hold the settings of each modality, [cluster] a queue. A file
        of somebody else's can name a program to run: read it first.
    set_ : list of str
        Single settings as on the command line, such as "xanes.preset=standard".
    workers : int, optional
        Local processes; one a core by default, 0 works in this process.
    reporter : Reporter, optional
        Shows progress.

    Returns
    -------
    Dataset
        What was written; what was left out is in `excluded`.

    Raises
    ------
    InputError
        When no structure can be used, and for settings without meaning.

    Warns
    -----
    DomainWarning
        For a site whose paths could not be calculated.

    Examples
    --------
    >>> import firstshell as fs
    >>> data = fs.build("rutile.cif", "ti.parquet", workers=0)  # doctest: +SKIP
    >>> data.metals  # doctest: +SKIP
    ('Ti',)

    """
    from firstshell.dataset.pipeline import Shard, build_dataset  # labels load much, which merge has no need of

    if feff:
        set_ = (*set_, f"xanes.feff.path={json.dumps(feff)}")
    settings = read_settings(config, set_)
    files = [Path(each) for each in ([structures] if isinstance(structures, str | Path) else structures)]
    with executor_for(settings["cluster"], dask, file=config) as executor:
        metals, ligands = words(metal), words(ligand)
        found, refused = (
            materials.read_folder(files, metals, partial, ligands) if files else (embedded.materials(metals), [])
        )
        data = build_dataset(
            found,
            Path(out),
            refused=refused,
            params=_params(settings),
            per_site=sites,
            shard=Shard.parse(shard),
            finished_only=finished_only,
            retry_failed=retry_failed,
            executor=executor,
            workers=workers,
            reporter=reporter,
        )
        failures = (
            make_paths(data, beside(Path(out)), executor=executor, workers=workers, reporter=reporter) if paths else {}
        )
    for name, reason in failures.items():
        warnings.warn(f"no paths of {name}: {reason}", DomainWarning, stacklevel=2)
    return data


def verify(
    count: int,
    *,
    dask: str = "",
    config: str | Path | None = None,
    workers: int | None = None,
    reporter: Reporter | None = None,
) -> str:
    """Simulate entries of the dataset that comes with firstshell again, and compare.

    Parameters
    ----------
    count : int
        How many entries, drawn at random.
    dask : str
        Address of a Dask scheduler; local processes by default.
    config : str or Path, optional
        A study.toml; its table [cluster] names a queue.
    workers : int, optional
        Local processes; one a core by default, 0 works in this process.
    reporter : Reporter, optional
        Shows progress.

    Returns
    -------
    str
        Which entries, and how far they differ at most.

    Raises
    ------
    InputError
        For a count out of range.
    EngineError
        Naming the first difference: labels must be equal, spectra within the tolerance of their modality.

    Examples
    --------
    >>> import firstshell as fs
    >>> print(fs.verify(12))  # doctest: +SKIP

    """
    with executor_for(read_settings(config, ())["cluster"], dask, file=config) as executor:
        return embedded.verify(count, executor=executor, workers=workers, reporter=reporter)


def merge(datasets: Sequence[str | Path], out: str | Path = "data.parquet") -> Dataset:
    """Put the parts of a build together.

    Parameters
    ----------
    datasets : list of str or Path
        Datasets of the same settings, as `build` writes them with `shard`.
    out : str or Path
        The dataset to write.

    Returns
    -------
    Dataset
        The whole.

    Raises
    ------
    InputError
        When a file is damaged or its settings differ from those of the first, which is named.

    Examples
    --------
    >>> import firstshell as fs
    >>> fs.merge(["small.parquet"], "all.parquet").metals
    ('Cu',)

    """
    return merge_files([datasets] if isinstance(datasets, str | Path) else datasets, Path(out))


def import_feff(
    path: str | Path,
    out: str | Path = "data.parquet",
    *,
    metal: str | Sequence[str] = "",
    sites: bool = False,
    partial: Partial = "refuse",
    config: str | Path | None = None,
    set_: Sequence[str] = (),
    workers: int | None = None,
    reporter: Reporter | None = None,
) -> Dataset:
    """Turn a tree of finished FEFF runs into a dataset.

    An interrupted run resumes.

    Parameters
    ----------
    path : str or Path
        Folder or .tar(.xz|.gz) with ID/POSCAR and ID/FEFF-XANES/NNN_EL/xmu.dat, NNN the 0-based index of the absorber.
        Scattering paths (files.dat, feffNNNN.dat) are taken from there or from ID/FEFF-EXAFS/NNN_EL where they exist.
    out : str or Path
        The dataset to write; beside it come NAME.excluded.csv, NAME-paths.parquet where there are scattering paths, and
        the folder NAME.store that makes runs resume.
    metal : str or list of str
        Absorbers to take, a list or as in "Fe,Cu"; all by default.
    sites : bool
        Whether to add one sample per symmetry-distinct site.
    partial : {"refuse", "round"}
        What to do with partly occupied positions.
    config : str or Path, optional
        A study.toml; its tables [xanes], [pdf] and [dpdf] hold the settings of each modality.
    set_ : list of str
        Single settings as on the command line, such as "pdf.qmax=24".
    workers : int, optional
        Processes; one a core by default, 0 works in this process.
    reporter : Reporter, optional
        Shows progress.

    Returns
    -------
    Dataset
        A material that cannot be used is a row of `excluded`; one with spectra of only some of its sites is kept and
        marked in `missing_sites`.

    Raises
    ------
    InputError
        When the tree cannot be read or nothing in it can be used.

    Examples
    --------
    >>> import firstshell as fs
    >>> data = fs.import_feff("runs", "runs.parquet", workers=0)
    >>> data.metals
    ('Cu', 'Mn')
    >>> sorted(data.spectra)
    ['dpdf', 'pdf', 'xanes']

    """
    from firstshell.dataset import feff

    options = feff.FeffOptions(words(metal), sites, partial)
    params = _params(read_settings(config, set_))
    return feff.import_feff(path, Path(out), options=options, params=params, workers=workers, reporter=reporter)


def fetch(
    metal: str | Sequence[str],
    out: str | Path = "mp.parquet",
    *,
    preset: str = "default",
    elements: str | Sequence[str] = "O",
    max_materials: int | None = None,
    config: str | Path | None = None,
    set_: Sequence[str] = (),
    workers: int | None = None,
    reporter: Reporter | None = None,
) -> Dataset:
    """Fetch structures and FEFF's K-edge XANES from the Materials Project, and make a dataset of them.

    Needs your key in MP_API_KEY. An interrupted run resumes; every answer is kept.

    Parameters
    ----------
    metal : str or list of str
        Absorbers, a list or as in "Ti,Mn,Fe,Cu".
    out : str or Path
        The dataset to write. NAME.excluded.csv and the folder NAME.store with every answer are written beside it.
    preset : {"default", "paper"}
        "paper": all oxides, on the grids and with the PDF settings of Na Narong et al. (2025).
    elements : str or list of str
        Elements that a material must contain besides the metal, as in "O" or "O,Li"; empty for every material.
    max_materials : int, optional
        Most materials of each metal, the lowest ids first; all by default.
    config : str or Path, optional
        A study.toml; its tables [xanes], [pdf] and [dpdf] hold the settings of each modality.
    set_ : list of str
        Single settings as on the command line, such as "pdf.qmax=24".
    workers : int, optional
        Processes for labels and PDFs; one a core by default.
    reporter : Reporter, optional
        Shows progress.

    Returns
    -------
    Dataset
        What was written.

    Raises
    ------
    InputError
        Without a key, for a key or a request that is refused, for a server that does not answer, and for a metal
        without spectra.

    Examples
    --------
    >>> import firstshell as fs
    >>> data = fs.fetch(["Ti", "Mn"], "mp.parquet", preset="paper")  # doctest: +SKIP

    """
    from firstshell.dataset.fetch import FetchOptions
    from firstshell.dataset.fetch import fetch as fetch_dataset

    options = FetchOptions(words(metal), words(elements), max_materials, preset)
    params = _params(read_settings(config, set_))
    return fetch_dataset(Path(out), options, params=params, workers=workers, reporter=reporter)


def _params(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of the modalities that a dataset holds."""
    return {name: settings[name] for name in modalities.standard()}
