"""What measurements are compared with beside oxides follows from the shipped dataset."""

import json

from embedded_dataset.non_oxides import compounds
from firstshell.dataset.embedded import load_everything
from firstshell.prediction import non_oxides


def test_the_file_holds_the_compounds_of_the_dataset_and_the_metals():
    rows = json.loads(non_oxides.FILE.read_text(encoding="utf-8"))
    found = compounds(load_everything())
    metals = {row["metal"] for row in found}
    assert [row for row in rows if row["metal"] in metals and row["name"] != non_oxides.metallic(row["metal"])] == found
    assert {"Cu", "Fe", "Mn"} <= metals
    assert len({(row["metal"], row["name"]) for row in found}) == len(found)
