"""Records and files survive, or their absence is said."""

import sqlite3

import numpy as np
import pytest

from firstshell.errors import InputError
from firstshell.store import Record, Store, write_atomic


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
