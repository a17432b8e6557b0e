"""Names of the files of datasets."""

from pathlib import Path

from firstshell.errors import InputError


def check_output(out: str | Path) -> None:
    """Raise InputError unless a dataset can have this name, before hours go into it."""
    if Path(out).is_dir() or Path(out).suffix != ".parquet":
        raise InputError("not the name of a dataset", remedy="Give a file name ending in .parquet", file=out)


def beside(path: Path) -> Path:
    """Return where the path tables of a dataset stand."""
    return path.with_name(f"{path.stem}-paths.parquet")
