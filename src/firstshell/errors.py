"""What firstshell raises: bad input, a failed or missing engine, and input outside what is known."""

from pathlib import Path


class InputError(ValueError):
    """Something the user gave is wrong; the message says where, what and what to do.

    Parameters
    ----------
    what : str
        What is wrong, one sentence without a full stop.
    remedy : str
        What to do about it, one sentence without a full stop.
    file : str or Path, optional
        The file it was found in.
    line : int, optional
        1-based line of that file.

    Examples
    --------
    >>> import firstshell as fs
    >>> try:
    ...     fs.read_structure("absent.cif")
    ... except fs.InputError as error:
    ...     print(error)
    absent.cif: cannot read the file: No such file or directory. Check the path.

    """

    def __init__(self, what: str, *, remedy: str = "", file: str | Path | None = None, line: int | None = None) -> None:
        self.what, self.remedy, self.file, self.line = what, remedy, file, line
        super().__init__(what)

    def __str__(self) -> str:
        where = "" if self.file is None else f"{self.file}: " if self.line is None else f"{self.file}:{self.line}: "
        remedy = self.remedy if self.remedy.endswith(("?", ".", "!")) else f"{self.remedy}."
        return f"{where}{self.what}" + (f". {remedy}" if self.remedy else "")

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments are lost by the default protocol, and errors cross process borders.
        return _rebuild, (type(self), self.what, self.remedy, self.file, self.line)


class EngineError(RuntimeError):
    """A physics engine could not finish a valid job; the message names the stage and the cause.

    Examples
    --------
    >>> import firstshell as fs
    >>> failed = []
    >>> for name in ["rutile.cif"]:
    ...     try:
    ...         spectrum = fs.simulate(fs.read_structure(name), "Ti", "pdf")
    ...     except fs.EngineError as error:  # the next structure may succeed
    ...         failed.append((name, str(error)))
    >>> failed
    []

    """


class UnavailableError(EngineError):
    """An engine is missing or cannot be started on this machine, which says nothing about the job: it is not kept."""


class DomainWarning(UserWarning):
    """The input is legal but lies outside what the calculation or the model is meant for.

    Examples
    --------
    >>> import warnings
    >>> import firstshell as fs
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     params = fs.PdfParams(rstep=0.2, qmax=30, points=None)
    >>> [each.category is fs.DomainWarning for each in caught]
    [True]

    """


class SlowWarning(UserWarning):
    """The answer is right, but what took time cannot be kept for the next one."""


def _rebuild(kind: type[InputError], what: str, remedy: str, file: str | Path | None, line: int | None) -> InputError:
    return kind(what, remedy=remedy, file=file, line=line)
