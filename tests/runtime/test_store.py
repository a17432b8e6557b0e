"""Records and files survive, or their absence is said."""

import sqlite3

import numpy as np
import pytest

from firstshell.errors import InputError
from firstshell.runtime.store import Record, Store, write_atomic
from firstshell.runtime.tasks import run_tasks


def test_round_trip_and_replacement(tmp_path):
    with Store.open(tmp_path) as store:
        store.put("k", Record({"a": [1, None, "x"]}, {"x": np.arange(4.0), "y": np.array(["a", "b"])}))
        store.put("k", Record({"a": 2}, {"x": np.arange(3)}))
    with Store.open(tmp_path) as store:
        record = store.get("k")
        assert record.meta == {"a": 2}
        assert np.array_equal(record.arrays["x"], np.arange(3))
        assert store.get("other") is None
        store.delete(["k"])
        assert store.keys() == set()


def test_a_store_of_another_protocol_is_refused(tmp_path):
    with sqlite3.connect(tmp_path / "results.sqlite") as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(InputError, match="protocol 99"), Store.open(tmp_path):
        pass


def test_a_database_of_somebody_else_is_refused_and_left_as_it_is(tmp_path):
    with sqlite3.connect(tmp_path / "results.sqlite") as connection:
        connection.execute("CREATE TABLE records (name TEXT)")
    connection.close()
    with pytest.raises(InputError, match="not a usable store: no such column"), Store.open(tmp_path):
        pass
    with sqlite3.connect(tmp_path / "results.sqlite") as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (0,)
    connection.close()


def test_damaged_pages_are_one_clear_error(tmp_path):
    with Store.open(tmp_path) as store:
        for i in range(50):
            store.put(f"k{i}", Record({}, {"x": np.arange(400.0)}))
    file = tmp_path / "results.sqlite"
    content = bytearray(file.read_bytes())
    for start in range(8192, len(content), 4096):
        content[start : start + 64] = b"\xff" * 64
    file.write_bytes(content)
    with Store.open(tmp_path) as store:
        for use in (
            store.keys,
            lambda: store.get("k7"),
            lambda: store.put("k7", Record()),
            lambda: store.delete(["k7"]),
        ):
            with pytest.raises(InputError, match="cannot use the store: database disk image is malformed"):
                use()


def test_a_full_disk_keeps_what_was_stored_and_is_gone_on_from(tmp_path):
    record = Record({}, {"x": np.arange(500.0)})
    with Store.open(tmp_path) as store:
        store.put("first", record)
        # SQLite answers as it does when the disk is full.
        pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count={pages + 3}")
        tasks = {str(i): i for i in range(20)}
        with pytest.raises(
            InputError, match=r"cannot write a result: .*full; the results before it are kept"
        ) as caught:
            run_tasks(_large, tasks, store=store, workers=0)
        assert "Free some disk space" in caught.value.remedy
        assert np.array_equal(store.get("first").arrays["x"], record.arrays["x"])
        kept = store.keys()
        assert 1 < len(kept) < 21
    done = []
    with Store.open(tmp_path) as store:
        assert len(run_tasks(_large, tasks, shared=done, store=store, workers=0)) == 20
    assert len(done) == 21 - len(kept)


def _large(done, i):
    if done is not None:
        done.append(i)
    return Record({}, {"x": np.full(200, float(i))})


def test_a_file_that_is_no_store_is_refused(tmp_path):
    (tmp_path / "results.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(InputError, match="not a usable store"), Store.open(tmp_path):
        pass


def test_a_damaged_record_is_named(tmp_path):
    with Store.open(tmp_path) as store:
        store.put("k", Record({}, {"x": np.arange(4.0)}))
    with sqlite3.connect(tmp_path / "results.sqlite") as connection:
        connection.execute("UPDATE records SET arrays = ?", (b"PK broken",))
    connection.close()
    with Store.open(tmp_path) as store, pytest.raises(InputError, match="damaged"):
        store.get("k")


def test_write_atomic_keeps_the_old_file_when_writing_fails(tmp_path):
    path = tmp_path / "out.csv"
    write_atomic(path, lambda p: p.write_text("old"))

    def fail(temporary):
        temporary.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(InputError, match="No space left"):
        write_atomic(path, fail)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["out.csv"]


def test_an_unwritable_folder_is_one_clear_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot write"):
        write_atomic(tmp_path / "file" / "x.csv", lambda p: p.write_text(""))
    with pytest.raises(InputError, match="cannot open a store"), Store.open(tmp_path / "file" / "store"):
        pass


def test_a_store_on_a_full_disk_is_no_reason_to_delete_it(tmp_path, monkeypatch):
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL

    class Full(sqlite3.Connection):
        def execute(self, *_):
            raise full

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **how: connect(*args, **how, factory=Full))
    with pytest.raises(InputError, match="Free some disk space"), Store.open(tmp_path):
        pass
