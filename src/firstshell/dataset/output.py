"""Names of datasets that are to be written."""

from pathlib import Path

from firstshell.errors import InputError


def check_output(out: str | Path) -> None:
    """Raise InputError unless a dataset can have this name, before hours go into it."""
    if Path(out).is_dir() or Path(out).suffix != ".parquet":
        raise InputError("not the name of a dataset", remedy="Give a file name ending in .parquet", file=out)
