"""Functions that numba compiles: kept on disk for the next start where that works, compiled again where it does not.

Loops over numbers compile in a fraction of the time that expressions of arrays take, sorting and broadcasting above
all, and the first command on a machine waits for it.
"""

import tempfile
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def compiled(**options: Any) -> Callable[[F], F]:
    """Return the decorator of a function that numba compiles at its first call.

    options : as `numba.njit` takes them, `cache` aside

    What was compiled is kept in numba's cache. Where that is read-only, full or damaged the function is compiled
    without it, which takes seconds at each start; a damaged one is emptied.
    """

    def decorate(function: F) -> F:
        made = njit(**options)(function)
        try:
            made.enable_caching()
        except RuntimeError:  # numba finds no folder that can be written
            return cast(F, made)
        made._cache = Lenient(made._cache)
        return cast(F, made)

    return decorate


class Lenient:
    """A cache of numba whose faults cost time only."""

    def __init__(self, cache: Any) -> None:
        self._cache = cache

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache, name)

    def load_overload(self, signature: Any, context: Any) -> Any:
        """Return what was compiled; None where it is not there, or damaged."""
        try:
            return self._cache.load_overload(signature, context)
        except Exception:  # whatever the bytes of a damaged file make pickle raise
            with suppress(Exception):
                self._cache.flush()
            return None

    def save_overload(self, signature: Any, data: Any) -> None:
        """Keep what was compiled, where that works."""
        with suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a function cannot be kept is no fault of who calls it
            self._cache.save_overload(signature, data)


def where_kept(function: Callable[..., Any]) -> str | None:
    """Return the folder that keeps what a `compiled` function was compiled to; None where nothing can be kept."""
    cache = getattr(function, "_cache", None)
    if not isinstance(cache, Lenient):
        return None
    try:
        with tempfile.TemporaryFile(dir=cache.cache_path) as trial:
            trial.write(bytes(4096))
    except OSError:
        return None
    return str(cache.cache_path)
