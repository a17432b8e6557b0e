"""The dataset file: round trip, checks on reading, same bytes."""

import hashlib
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from firstshell.dataset.table import (
    COLUMNS,
    CRYSTAL,
    FIXED_CELL,
    KEY,
    SINCE_3,
    Dataset,
    make_dataset,
    read_dataset,
    write_dataset,
)
from firstshell.errors import InputError
from synthetic import synthetic_dataset


@pytest.fixture
def data():
    return synthetic_dataset(12, ("Cu", "Fe"), sites=True)


@pytest.fixture
def file(data, tmp_path):
    write_dataset(data, tmp_path / "data.parquet")
    return tmp_path / "data.parquet"


def test_round_trip(data, file):
    back = read_dataset(file)
    assert back.hash == data.hash
    pd.testing.assert_frame_equal(back.frame, data.frame)
    assert back.grids == data.grids
    assert back.settings == data.settings
    assert back.excluded.values.tolist() == data.excluded.values.tolist()
    for name in data.spectra:
        assert np.array_equal(back.spectra[name], data.spectra[name])
    assert back.crystals.keys() == data.crystals.keys()
    assert back.structure("cu-0000", "Cu") == data.structure("cu-0000", "Cu")


def test_same_data_same_bytes(data, file, tmp_path):
    write_dataset(read_dataset(file), tmp_path / "again.parquet")
    assert (tmp_path / "again.parquet").read_bytes() == file.read_bytes()


def test_a_sample_stands_once_and_spectra_are_finite(data):
    with pytest.raises(InputError, match="is there twice"):
        make_dataset(rows_of(data, [0, 0]), {}, {}, {})
    spectra = {"pdf": np.full((1, 100), np.nan)}
    with pytest.raises(InputError, match="finite numbers"):
        make_dataset(rows_of(data, [0]), spectra, data.grids, {})


def rows_of(data, numbers):
    frame = data.frame.astype(object).where(data.frame.notna(), None)
    return [frame.iloc[i].to_dict() for i in numbers]


def test_select(data):
    one = data.select("Fe", "site")
    assert set(one.frame["metal"]) == {"Fe"}
    assert len(one.frame) == 24
    assert one.spectra["pdf"].shape == (24, 100)
    with pytest.raises(InputError, match="no material-level samples of 'Zr'"):
        data.select("Zr")


def test_a_notebook_shows_what_a_dataset_holds(data):
    page = data._repr_html_()
    assert "<th>Metal</th><th>Materials</th><th>Sites</th><th>given</th>" in page
    assert "<td>Cu</td><td>12</td><td>24</td>" in page
    assert "XANES: 100 points, 0 to 55 eV" in page
    assert data.select("Fe", "site")._repr_html_().count("<tr>") == 2


def rewrite(file, change):
    table = pq.read_table(file)
    header = json.loads(table.schema.metadata[KEY])
    table, header = change(table, header)
    pq.write_table(table.replace_schema_metadata({KEY: json.dumps(header).encode()}), file)


def drop(name):
    return lambda table, header: (table.drop_columns([name]), header)


def header_with(**changes):
    return lambda table, header: (table, header | changes)


@pytest.mark.skipif(int(pa.__version__.partition(".")[0]) < 26, reason="pyarrow does not read empty ones")
def test_cells_of_fixed_length_are_read(file, data):
    """As the first files of this protocol have them."""

    def change(table, header):
        cells = pa.array(table.column("cell").to_pylist(), FIXED_CELL)
        return table.set_column(table.column_names.index("cell"), "cell", cells), header

    rewrite(file, change)
    assert read_dataset(file).hash == data.hash


def poison(table, header):
    values = table.column("pdf").to_pylist()
    values[3][5] = float("nan")
    return table.set_column(
        table.column_names.index("pdf"), "pdf", pa.array(values, pa.list_(pa.float32(), 100))
    ), header


def break_structure(name, value):
    def change(table, header):
        values = table.column(name).to_pylist()
        values[0] = value
        return table.set_column(table.column_names.index(name), name, pa.array(values, CRYSTAL[name])), header

    return change


def relabel(table, header):
    states = table.column("oxidation_state").to_pylist()
    states[0] = 7
    return table.set_column(table.column_names.index("oxidation_state"), "oxidation_state", pa.array(states)), header


def another_grid(table, header):
    header["grids"]["xanes"]["values"] = header["grids"]["xanes"]["values"][:50]
    return table, header


def falling_grid(table, header):
    header["grids"]["xanes"]["values"].reverse()
    return table, header


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (drop("bond_length"), "columns missing or of another type: bond_length"),
        (drop("dpdf"), "dpdf spectra are not on their grid"),
        (drop("species"), "columns missing or of another type: species"),
        (break_structure("cell", [0.0] * 9), "'cu-0000': a structure has no volume"),
        (break_structure("species", ["Cu"]), "'cu-0000': the lists of a structure differ in length"),
        (break_structure("species", ["Cu", "Qq"]), "'Qq' is not the symbol of an element"),
        (break_structure("positions", [0.0] * 5 + [float("nan")]), "numbers that are not finite"),
        (break_structure("positions", [0.0] * 6), "does not match its hash"),
        (header_with(protocol=99), "protocol 99"),
        (header_with(hash="0"), "does not match its hash"),
        (header_with(grids=3), "grids cannot be read"),
        (poison, "pdf spectra with missing or infinite values"),
        (relabel, "does not match its hash"),
        (another_grid, "not on their grid of 50 points"),
        (falling_grid, "does not increase"),
    ],
)
def test_a_changed_file_is_refused(file, change, message):
    rewrite(file, change)
    with pytest.raises(InputError, match=message):
        read_dataset(file)


def test_files_that_are_no_dataset(tmp_path):
    path = tmp_path / "x.parquet"
    with pytest.raises(InputError, match="cannot read the dataset"):
        read_dataset(path)
    path.write_bytes(b"PAR1 not parquet")
    with pytest.raises(InputError, match="cannot read the dataset"):
        read_dataset(path)
    pd.DataFrame({"a": [1]}).to_parquet(path)
    with pytest.raises(InputError, match="not a firstshell dataset"):
        read_dataset(path)


def test_hash_covers_everything(data):
    def changed(**fields):
        parts = {
            k: getattr(data, k) for k in ("frame", "spectra", "grids", "settings", "excluded", "crystals")
        } | fields
        return Dataset(**parts).hash

    spectra = {k: v.copy() for k, v in data.spectra.items()}
    spectra["pdf"][0, 0] += 1e-5
    crystals = dict(data.crystals)
    crystals["cu-0003", "Cu"] = crystals["cu-0004", "Cu"]
    assert changed() == data.hash
    assert changed(crystals=crystals) != data.hash
    assert changed(spectra=spectra) != data.hash
    assert changed(settings={"other": 1}) != data.hash
    assert changed(frame=data.frame.assign(formula="X")) != data.hash


def test_a_file_of_the_protocol_before_is_read_but_for_structures(data, tmp_path):
    file = write_without_structures(data, tmp_path / "old.parquet")
    old = read_dataset(file)
    names = [name for name in COLUMNS if name not in SINCE_3]
    pd.testing.assert_frame_equal(old.frame[names], data.frame[names])
    assert set(old.frame["ligand"]) == {""}
    with pytest.raises(InputError, match=r"no structure of 'cu-0001' \(Cu\). Build the dataset again"):
        old.structure("cu-0001", "Cu")
    write_dataset(old, tmp_path / "new.parquet")
    assert read_dataset(tmp_path / "new.parquet").hash == old.hash
    rewrite(file, relabel)
    with pytest.raises(InputError, match="does not match its hash"):
        read_dataset(file)


def write_without_structures(data, file):
    """Write a dataset as firstshell did when it kept no structures: protocol 2."""
    write_dataset(data, file)
    table = pq.read_table(file)
    header = json.loads(table.schema.metadata[KEY]) | {"protocol": 2}
    table = table.drop_columns([*SINCE_3, *CRYSTAL])
    grids = {name: [g["quantity"], g["unit"]] for name, g in header["grids"].items()}
    head = {"settings": header["settings"], "grids": grids}
    digest = hashlib.sha256(json.dumps(head, sort_keys=True).encode())
    for name in (name for name in COLUMNS if name not in SINCE_3):
        digest.update(json.dumps([name, table.column(name).to_pylist()]).encode())
    for name in sorted(grids):
        values = np.array(table.column(name).to_pylist(), dtype=np.float64)
        double = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])
        table = table.set_column(table.column_names.index(name), name, double)
        digest.update(name.encode() + np.array(header["grids"][name]["values"]).tobytes() + values.tobytes())
    header["hash"] = digest.hexdigest()
    pq.write_table(table.replace_schema_metadata({KEY: json.dumps(header).encode()}), file)
    return file
