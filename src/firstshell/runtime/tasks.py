"""The only parallelism: one function over many tasks, wherever an `Executor` runs them, without losing anything.

Results go to the store as they come, so a second start does only what is missing.
"""

from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any

from firstshell.errors import InputError
from firstshell.runtime.executors import Batch, Executor, Failure, LocalExecutor, call
from firstshell.runtime.progress import Reporter, Silent, stage
from firstshell.runtime.store import Record, Store

__all__ = ["Failure", "call", "run_tasks"]


def run_tasks(
    function: Callable[[Any, Any], Record],
    tasks: Mapping[str, Any],
    *,
    shared: Any = None,
    store: Store | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    reporter: Reporter | None = None,
    label: str = "",
    limit_s: float | None = None,
    retries: int = 1,
) -> dict[str, Record | Failure]:
    """Return `function(shared, task)` of every task, in the order of `tasks` whatever finished first.

    function : defined at the top of an importable module; whatever it raises becomes the Failure of its task
    tasks : key -> task; a key that the store holds already is not run again
    workers : processes on this machine; None takes one a core, 0 works in this process (then without time limit)
    executor : where the tasks run, for instance `cluster.open_cluster`; None takes `workers`
    limit_s : wall-clock seconds after which a task's worker is killed and the task is a Failure
    retries : how often a task is tried again whose worker died (killed, out of memory)

    Raises InputError when a result cannot be stored, or a cluster is lost; what was stored before is kept.
    """
    reporter, executor = reporter or Silent(), executor or LocalExecutor(workers)
    found = store.keys() & tasks.keys() if store is not None else set()
    results: dict[str, Record | Failure] = {}
    with stage(reporter, label, len(tasks), len(found)):
        todo = {key: task for key, task in tasks.items() if key not in found}
        # Closed here and not whenever it is collected: on an error the workers end before it is reported.
        with closing(executor.stream(Batch(function, shared, todo, limit_s, retries))) as stream:
            for key, result in stream:
                results[key] = result
                if store is not None and isinstance(result, Record):
                    _put(store, key, result)
                reporter.advance()
    if store is not None:
        results |= {key: record for key in found if (record := store.get(key)) is not None}
    return {key: results[key] for key in tasks}


def _put(store: Store, key: str, record: Record) -> None:
    try:
        store.put(key, record)
    except InputError as error:
        raise InputError(
            f"{error.what}; the results before it are kept",
            remedy=f"{error.remedy.rstrip('.')}: only the rest will be done",
            file=error.file,
        ) from error
