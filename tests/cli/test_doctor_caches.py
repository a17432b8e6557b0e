"""`firstshell doctor` says which cache works."""

from firstshell.api import checkup


def test_a_model_cache_is_tried(tmp_path, monkeypatch):
    monkeypatch.setenv("FIRSTSHELL_CACHE", str(tmp_path))
    assert checkup._model_cache().state == "ok"
    assert list((tmp_path / "models").iterdir()) == []
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FIRSTSHELL_CACHE", str(tmp_path / "file"))
    found = checkup._model_cache()
    assert found.state == "missing"
    assert "FIRSTSHELL_CACHE" in found.detail


def test_the_folder_of_compiled_code_is_named(monkeypatch):
    found = checkup._compiled()
    assert (found.state, "kept in" in found.detail) == ("ok", True)
    monkeypatch.setattr("firstshell.runtime.compiled.where_kept", lambda _: None)
    found = checkup._compiled()
    assert (found.state, "NUMBA_CACHE_DIR" in found.detail) == ("missing", True)
