"""Trained forests in a file: nothing is built from it before it is audited."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import skops.io
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from firstshell.errors import InputError
from firstshell.runtime.store import write_atomic
from firstshell.study.forest import Forest

PROTOCOL = 1
TRUSTED = "sklearn.tree._tree.Tree"
MAX_BYTES = 2**30
REMEDY = "Use a model file written by firstshell, or train the model again"


@dataclass(frozen=True, eq=False)
class Model:
    """Forests and what one must know to use them.

    forests : plain scikit-learn forests, as `fit_forest` returns them, by name
    about : JSON-able: metal, inputs, hash of the dataset and whatever else belongs to it
    arrays : arrays of numbers, by name
    """

    forests: dict[str, Forest]
    about: dict[str, Any]
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)


def save_model(model: Model, path: str | Path) -> None:
    """Write a model file (skops, with protocol number), whole or not at all."""
    about = json.dumps(model.about, sort_keys=True)
    content = {"firstshell": PROTOCOL, "about": about, "forests": model.forests, "arrays": model.arrays}
    write_atomic(path, lambda p: p.write_bytes(skops.io.dumps(content)))


def load_model(path: str | Path) -> Model:
    """Read a model file.

    Raises InputError when it is missing, too large (packed or unpacked), damaged, of another protocol, holds any type
    but a scikit-learn forest, or trees whose nodes point outside themselves.
    """
    path = Path(path)
    data = _read(path)
    try:
        types = set(skops.io.get_untrusted_types(data=data))
        if types - {TRUSTED}:
            raise InputError(f"holds types that are not trusted: {', '.join(sorted(types - {TRUSTED}))}")
        content = skops.io.loads(data, trusted=[TRUSTED])
        return _checked(content)
    except InputError as error:
        raise InputError(f"this model file {error.what}", remedy=REMEDY, file=path) from None
    except Exception as error:  # whatever a crafted file makes skops raise
        raise InputError(f"not a model file: {type(error).__name__}: {error}", remedy=REMEDY, file=path) from error


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"a model file of over {MAX_BYTES / 2**30:.0f} GB", remedy=REMEDY, file=path)
        data = path.read_bytes()
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(member.file_size for member in archive.infolist()) > MAX_BYTES:
                raise InputError(f"a model of over {MAX_BYTES / 2**30:.0f} GB unpacked", remedy=REMEDY, file=path)
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"not a model file: {error}", remedy=REMEDY, file=path) from error
    return data


def _checked(content: Any) -> Model:
    if not isinstance(content, dict) or set(content) != {"firstshell", "about", "forests", "arrays"}:
        raise InputError("was not written by firstshell")
    if content["firstshell"] != PROTOCOL:
        raise InputError(f"is of protocol {content['firstshell']!r}; this firstshell reads {PROTOCOL}")
    forests, arrays = content["forests"], content["arrays"]
    if not (isinstance(forests, dict) and isinstance(arrays, dict) and (forests or arrays)):
        raise InputError("holds nothing")
    for forest in forests.values():
        _check_forest(forest)
    if not all(isinstance(each, np.ndarray) and each.dtype.kind in "iuf" for each in arrays.values()):
        raise InputError("holds other arrays than of numbers")
    return Model(forests, json.loads(content["about"]), arrays)


def _check_forest(forest: Any) -> None:
    if type(forest) not in (RandomForestClassifier, RandomForestRegressor):
        raise InputError("holds something else than a random forest")
    for estimator in forest.estimators_:
        if type(estimator) not in (DecisionTreeClassifier, DecisionTreeRegressor):
            raise InputError("holds a forest of other things than trees")
        _check_tree(estimator.tree_, forest)


def _check_tree(tree: Any, forest: Forest) -> None:
    """Refuse a tree that would read outside its memory: scikit-learn follows node numbers unchecked."""
    left, right, count = tree.children_left, tree.children_right, tree.node_count
    parent, leaf = np.arange(count), left == -1
    inner = (left > parent) & (left < count) & (right > parent) & (right < count)
    known = (tree.feature >= 0) & (tree.feature < forest.n_features_in_)
    if count == 0 or tree.n_features != forest.n_features_in_ or not np.all(np.where(leaf, right == -1, inner & known)):
        raise InputError("holds a tree whose nodes point outside it")
