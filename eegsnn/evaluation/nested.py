"""Choose parameters within the training trials of a fold, by whole groups where there are some."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV, GroupKFold, StratifiedGroupKFold, StratifiedKFold

from eegsnn._validation import check_integer
from eegsnn.errors import DataError


class InnerFolds(BaseEstimator):
    """Validation folds that keep groups whole where groups are given, and classes even.

    A splitter of scikit-learn, for whatever takes ``cv``. Deterministic.

    Parameters
    ----------
    n_splits : int, default 3
        At most; fewer where there are fewer groups, or trials of a class.
    """

    def __init__(self, n_splits: int = 3) -> None:
        self.n_splits = n_splits

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return how many folds there will be."""
        if y is not None and _several(groups):
            return len(self._by_groups(np.asarray(y), groups))
        return self._at_most(y, groups)

    def split(
        self, X: Any, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield positions to train on and to validate on.

        Raises
        ------
        DataError
            If a class has one trial only, or one group holds all of a class.
        """
        y = np.asarray(y)
        if _several(groups):
            yield from self._by_groups(y, groups)
            return
        n_splits = self._at_most(y, groups)
        if n_splits < 2:
            raise DataError(
                "search: expected at least 2 trials of every class to choose parameters by, but a "
                "class has 1."
            )
        yield from StratifiedKFold(n_splits, shuffle=True, random_state=0).split(y, y)

    def _at_most(self, y: Any, groups: Any) -> int:
        wanted = check_integer("n_splits", self.n_splits, low=2)
        if _several(groups):
            return min(wanted, len(np.unique(groups)))
        if y is None:
            return wanted
        return min(wanted, int(np.unique(y, return_counts=True)[1].min()))

    def _by_groups(self, y: np.ndarray, groups: Any) -> list[tuple[np.ndarray, np.ndarray]]:
        """Folds of whole groups, without those that take a class from training."""
        n_splits = self._at_most(y, groups)
        pairs = list(StratifiedGroupKFold(n_splits).split(y, y, groups))
        if any(not len(test) or not len(train) for train, test in pairs):
            pairs = list(GroupKFold(n_splits).split(y, y, groups))
        usable = [pair for pair in pairs if len(np.unique(y[pair[0]])) == len(np.unique(y))]
        if not usable:
            raise DataError(
                "search: no group can be held out without taking a class from training. Give more "
                "groups."
            )
        return usable


def _several(groups: Any) -> bool:
    return groups is not None and len(np.unique(groups)) > 1


def nested_search(
    estimator: Any,
    grid: Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Sequence[Any]]],
    *,
    n_splits: int = 3,
    scoring: str = "balanced_accuracy",
) -> GridSearchCV:
    """Return an estimator that chooses parameters by itself, whenever it is fitted.

    In an experiment it is fitted on the training trials of each fold, so that the choice is made
    there and the test trials have no part in it; the group that the protocol keeps whole is kept
    whole in the choice too (:func:`~eegsnn.evaluation.fit_on_trials` hands it on).

    Parameters
    ----------
    estimator : classifier
        Its own ``fit`` is given no groups: early stopping within it would validate on single
        trials. Choose the number of epochs by the grid there.
    grid : dict or list of dict
        Parameter → values to try, as in ``GridSearchCV``.
    n_splits : int, default 3
        Inner folds, see :class:`InnerFolds`.
    scoring : str, default "balanced_accuracy"
        Classes count alike, however many trials they have.

    Returns
    -------
    GridSearchCV
        Fitted anew with the best parameters on all trials that it is given.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> search = nested_search(LogisticRegression(), {"C": [0.01, 1.0]})
    >>> X, y = np.array([[0.0], [1.0]] * 6), np.array([0, 1] * 6)
    >>> search.fit(X, y, groups=np.repeat([1, 2, 3], 4)).best_params_["C"]
    0.01
    """
    return GridSearchCV(
        estimator,
        dict(grid) if isinstance(grid, Mapping) else list(grid),
        cv=InnerFolds(n_splits),
        scoring=scoring,
        error_score="raise",
    )
