"""Steps of a scikit-learn pipeline: spectra on the training grid, and the study's forests."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from firstshell import simulation as modalities
from firstshell.errors import InputError
from firstshell.study.forest import fit_forest
from firstshell.study.forest import predict as answers_of
from firstshell.types import Array, Grid, Spectrum


class TrainingGrid(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Spectra from their own axis to the grid that datasets have, as a transformer of scikit-learn.

    Parameters
    ----------
    modality : {"xanes", "pdf", "dpdf"}
        What the spectra are.
    metal : str
        The absorber; its K edge is where energies count from.
    axis : array_like, optional
        (p,) energies in eV, or r in Å, of the columns; by default the columns are evenly spaced over the grid.

    Examples
    --------
    >>> import firstshell as fs
    >>> import numpy as np
    >>> energy = np.arange(8960.0, 9100.0, 0.25)
    >>> step = fs.TrainingGrid("xanes", "Cu", energy)
    >>> step.fit_transform(np.arctan(energy - 8990)[None]).shape
    (1, 100)

    """

    def __init__(self, modality: str = "xanes", metal: str = "Fe", axis: ArrayLike | None = None) -> None:
        self.modality = modality
        self.metal = metal
        self.axis = axis

    def fit(self, X: ArrayLike, y: Any = None) -> Self:  # noqa: ARG002  as scikit-learn has it
        """Check the axis against the spectra; nothing is learnt.

        Parameters
        ----------
        X : array_like
            (n, p) spectra, XANES in edge steps, G(r) in Å⁻².
        y : Any
            Ignored.

        Returns
        -------
        TrainingGrid
            Itself.

        Raises
        ------
        InputError
            When the axis has another number of points than the spectra.

        """
        kind = modalities.get(self.modality)
        spectra = validate_data(self, X, dtype=np.float64)
        self.grid_ = kind.grid(kind.Params(), self.metal)
        if self.axis is None:
            self.axis_ = np.linspace(self.grid_.values[0], self.grid_.values[-1], spectra.shape[1])
        else:
            self.axis_ = np.asarray(self.axis, dtype=np.float64)
        if self.axis_.shape != (spectra.shape[1],):
            what = f"the axis has {self.axis_.size} points, the spectra {spectra.shape[1]}"
            raise InputError(what, remedy="Give one position for each column")
        return self

    def transform(self, X: ArrayLike) -> Array:
        """Return the spectra on the grid.

        Parameters
        ----------
        X : array_like
            (n, p) spectra.

        Returns
        -------
        ndarray
            (n, points) on `grid_`.

        Raises
        ------
        InputError
            When the axis does not reach over the grid.

        """
        check_is_fitted(self)
        spectra = validate_data(self, X, reset=False, dtype=np.float64)
        if self.axis is None:
            return np.array([np.interp(self.grid_.values, self.axis_, row) for row in spectra])
        kind, axis = modalities.get(self.modality), Grid(self.axis_, self.grid_.quantity, self.grid_.unit)
        made = [Spectrum(axis, row, self.modality, kind.quantity, kind.unit, self.metal) for row in spectra]
        return np.array([kind.prepare(each, kind.Params()).values for each in made])


class _Forest(BaseEstimator):  # type: ignore[misc]
    """What classifier and regressor share."""

    def __init__(
        self,
        kind: str = "extra",
        trees: int = 64,
        max_features: int = 40,
        min_samples_leaf: int = 1,
        random_state: int = 0,
    ) -> None:
        self.kind = kind
        self.trees = trees
        self.max_features = max_features
        self.min_samples_leaf = min_samples_leaf
        self.random_state = random_state

    def _grow(self, X: Array, labels: NDArray[Any]) -> None:
        self.forest_ = fit_forest(
            X,
            labels,
            trees=self.trees,
            max_features=self.max_features,
            kind=self.kind,
            min_samples_leaf=self.min_samples_leaf,
            seed=self.random_state,
        )

    def _checked(self, X: ArrayLike) -> Array:
        check_is_fitted(self)
        return np.asarray(validate_data(self, X, reset=False, dtype=np.float64))


class ShellClassifier(ClassifierMixin, _Forest):  # type: ignore[misc]
    """Classes from spectra, such as oxidation states: the study's forest as a classifier of scikit-learn.

    Parameters
    ----------
    kind : {"extra", "random"}
        Extremely randomised trees, or a random forest.
    trees : int
        Number of trees.
    max_features : int
        Features that each split chooses from; at most those there are.
    min_samples_leaf : int
        Samples that a leaf must have.
    random_state : int
        What the trees follow from.

    Examples
    --------
    >>> import firstshell as fs
    >>> from sklearn.model_selection import cross_val_score
    >>> data = fs.load_dataset("small.parquet").select("Cu")
    >>> states = data.frame["oxidation_state"].to_numpy(int)
    >>> scores = cross_val_score(fs.ShellClassifier(trees=20), data.spectra["xanes"], states, cv=3)
    >>> len(scores), bool(scores.mean() > 0.5)
    (3, True)

    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Grow the forest.

        Parameters
        ----------
        X : array_like
            (n, p) spectra, on one grid.
        y : array_like
            (n,) classes.

        Returns
        -------
        ShellClassifier
            Itself.

        """
        spectra, labels = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(labels)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        self._grow(spectra, codes)
        return self

    def predict_proba(self, X: ArrayLike) -> Array:
        """Return the share of trees for each class.

        Parameters
        ----------
        X : array_like
            (n, p) spectra.

        Returns
        -------
        ndarray
            (n, classes) in the order of `classes_`; not calibrated.

        """
        spectra = self._checked(X)
        return np.asarray(self.forest_.predict_proba(spectra))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most likely class of each spectrum.

        Parameters
        ----------
        X : array_like
            (n, p) spectra.

        Returns
        -------
        ndarray
            (n,) classes.

        """
        likely = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[likely])


class ShellRegressor(RegressorMixin, _Forest):  # type: ignore[misc]
    """Numbers from spectra, such as mean bond lengths: the study's forest as a regressor of scikit-learn.

    Parameters
    ----------
    kind : {"extra", "random"}
        Extremely randomised trees, or a random forest.
    trees : int
        Number of trees.
    max_features : int
        Features that each split chooses from; at most those there are.
    min_samples_leaf : int
        Samples that a leaf must have.
    random_state : int
        What the trees follow from.

    Examples
    --------
    >>> import firstshell as fs
    >>> from sklearn.pipeline import make_pipeline
    >>> data = fs.load_dataset("small.parquet").select("Cu")
    >>> model = make_pipeline(fs.TrainingGrid("pdf", "Cu"), fs.ShellRegressor(trees=20))
    >>> lengths = model.fit(data.spectra["pdf"], data.frame["bond_length"]).predict(data.spectra["pdf"])  # Å
    >>> lengths.shape == (len(data.frame),)
    True

    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Grow the forest.

        Parameters
        ----------
        X : array_like
            (n, p) spectra, on one grid.
        y : array_like
            (n,) numbers.

        Returns
        -------
        ShellRegressor
            Itself.

        """
        spectra, labels = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        self._grow(spectra, np.asarray(labels, dtype=np.float64))
        return self

    def predict(self, X: ArrayLike) -> Array:
        """Return the number for each spectrum.

        Parameters
        ----------
        X : array_like
            (n, p) spectra.

        Returns
        -------
        ndarray
            (n,) numbers, in the unit of those it learnt from.

        """
        spectra = self._checked(X)
        return np.asarray(answers_of(self.forest_, spectra))
