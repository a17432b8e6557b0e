"""`firstshell advise` as a user runs it."""

import pandas as pd
import pytest

from firstshell.dataset.table import write_dataset
from synthetic import synthetic_dataset

QUICK = ["--repeats", "4", "--workers", "0", "--set", "study.forest.trees=[8]", "--inputs", "xanes,pdf"]
QUICK += ["--sizes", "0.3,0.6", "--progress", "none"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "d.parquet"
    write_dataset(synthetic_dataset(75), path)
    return path


@pytest.mark.slow
def test_advice_is_printed_and_its_files_are_written(command, data, tmp_path):
    words = [data, "--metal", "Cu", "--target", "oxidation_state", "--out", tmp_path, *QUICK]
    status, out, err = command("advise", *words)
    assert (status, err) == (0, "")
    assert "Cu, oxidation state" in out
    assert "Advice: " in out
    table = pd.read_csv(tmp_path / "advice.csv")
    assert set(table["inputs"]) == {"xanes", "pdf", "composition", "modal"}
    assert set(table.loc[~table["extrapolated"], "size"]) == {0.3, 0.6, 1.0}
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.*")}
    assert command("advise", *words)[:2] == (0, out)
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.*")} == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--metal", "Zn"], "no samples of 'Zn'"),
        (["--metal", "Cu", "--target", "oxidation"], "oxidation_state"),
        (["--metal", "Cu", "--inputs", "xanes,exafs"], "exafs"),
        (["--metal", "Cu", "--sizes", "a,b"], "sizes = 'a,b' are not numbers"),
        (["--metal", "Cu", "--sizes", "2"], "a size of 2 is out of range"),
        (["--metal", "Cu", "--repeats", "0"], "repeats"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(command, data, tmp_path, words, message):
    status, out, err = command("advise", data, "--out", tmp_path / "advice", "--progress", "none", *words)
    assert (status, out) == (2, "")
    assert message in err
    assert "Traceback" not in err
    assert not (tmp_path / "advice").exists()
