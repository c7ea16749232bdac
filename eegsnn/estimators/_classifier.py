"""What all classifiers of trials have in common for their users: decisions, tags, model folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class TrialClassifier(ClassifierMixin, BaseEstimator):
    """A classifier of rows (trials, features) and of series (trials, channels, times)."""

    classes_: np.ndarray

    def __sklearn_tags__(self) -> Any:
        """Rows and series are both taken."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probability of each class, float64 (trials, classes), columns as in `classes_`."""
        raise NotImplementedError

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable label of each trial."""
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]

    def save(self, path: str | Path) -> Path:
        """Write the fitted model to a folder; see :mod:`eegsnn.estimators.persistence`."""
        from eegsnn.estimators.persistence import save_model

        return save_model(self, path)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a model that :meth:`save` wrote.

        Raises
        ------
        ModelFileError
            If it is missing, truncated, foreign, of an unknown version or another kind of model.
        """
        from eegsnn.estimators.persistence import load_model

        return load_model(path, expected=cls)
