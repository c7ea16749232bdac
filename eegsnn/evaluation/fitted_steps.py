"""Find steps of a model that were fitted before its folds and are not fitted anew in them.

Such a step may have seen the test trials: a scaler or spatial filter that was fitted on all the
data, frozen into a pipeline, is the commonest leak that no look at groups or trials can find.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import joblib
from sklearn.frozen import FrozenEstimator

# What a fit leaves behind that tells the shape of the data and nothing of their values.
_SHAPES = {"n_features_in_", "feature_names_in_", "classes_", "n_outputs_"}


def fitted_steps(estimator: Any) -> list[str]:
    """Return why a model, before its fit, must be thought to know trials that it will be tested on.

    Found are frozen estimators, estimators taken as fitted (``prefit=True``, ``cv="prefit"``),
    methods of fitted estimators (``FunctionTransformer(scaler.transform)``), and models that go on
    from an earlier fit (``warm_start=True``). What a class of one's own keeps fitted within it, and
    a function with learned numbers in it, cannot be told from an honest step.

    Parameters
    ----------
    estimator : estimator
        As it is about to be fitted.

    Returns
    -------
    list of str
        A reason for each such step; empty where everything learned will be learned in the fold.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> scaler = StandardScaler().fit([[0.0], [1.0]])
    >>> fitted_steps(make_pipeline(scaler))
    []
    >>> fitted_steps(make_pipeline(FrozenEstimator(scaler)))
    ['StandardScaler was fitted before the folds and frozen, so that it may know the test trials']
    """
    return list(dict.fromkeys(_reasons(estimator)))


def _reasons(estimator: Any) -> Iterator[str]:
    if isinstance(estimator, FrozenEstimator):
        if is_fitted(estimator.estimator):
            yield (
                f"{type(estimator.estimator).__name__} was fitted before the folds and frozen, so "
                f"that it may know the test trials"
            )
        return
    parameters = _parameters(estimator)
    taken = parameters.get("prefit") is True or parameters.get("cv") == "prefit"
    given = [parameters.get("estimator"), *_inside(parameters.get("estimators") or [])]
    for inner in filter(is_fitted, given if taken else []):
        yield (
            f"{type(inner).__name__} in {type(estimator).__name__} was fitted before the folds, so "
            f"that it may know the test trials"
        )
    if parameters.get("warm_start") is True and is_fitted(estimator):
        yield (
            f"{type(estimator).__name__} goes on from an earlier fit (warm_start), which may have "
            f"seen the test trials"
        )
    for value in parameters.values():
        method = value.func if isinstance(value, functools.partial) else value
        owner = getattr(method, "__self__", None)
        if hasattr(owner, "fit") and is_fitted(owner):
            yield (
                f"{type(owner).__name__}.{method.__name__} in {type(estimator).__name__} is of an "
                f"estimator fitted before the folds, so that it may know the test trials"
            )
    for step in _inside(parameters):
        yield from _reasons(step)


def fitted_before(estimator: Any) -> dict[int, tuple[Any, str]]:
    """Note what the steps of a pipeline have learned before a fit: id → (step, hash).

    Given to :func:`unchanged_steps` after the fit. Empty for a model that is not fitted, which is
    the usual case and costs nothing.
    """
    noted = {}
    for step in _in_place(estimator):
        learned = _learned(step)
        if learned is not None:
            noted[id(step)] = (step, learned)
    return noted


def unchanged_steps(before: dict[int, tuple[Any, str]]) -> list[str]:
    """Return a reason for each step that had learned something and still says just the same.

    Parameters
    ----------
    before : dict
        From :func:`fitted_before`, taken before the fit.
    """
    return [
        f"{type(step).__name__} was fitted before the folds and its fit changed nothing, so that "
        f"it may know the test trials"
        for step, learned in before.values()
        if _learned(step) == learned
    ]


def is_fitted(estimator: Any) -> bool:
    """Whether an estimator has learned anything, by the convention of trailing underscores.

    A pipeline has whatever its steps have.
    """
    return any(_learned_names(step) for step in _in_place(estimator))


def _learned_names(estimator: Any) -> list[str]:
    names = getattr(estimator, "__dict__", {})
    return [name for name in names if name.endswith("_") and not name.startswith("_")]


def _learned(estimator: Any) -> str | None:
    """Hash what was learned from values; None where that is nothing, or cannot be compared."""
    values = {
        name: estimator.__dict__[name]
        for name in _learned_names(estimator)
        if name not in _SHAPES and not hasattr(estimator.__dict__[name], "fit")
    }
    if not values:
        return None
    try:
        return str(joblib.hash(values))
    except Exception:  # whatever pickling an unknown object raises: it cannot be compared
        return None


def _in_place(estimator: Any) -> Iterator[Any]:
    """Yield the model and the steps that its fit fits as they are: those that are not cloned."""
    yield estimator
    for name in ("steps", "transformer_list"):
        for step in getattr(estimator, name, None) or []:
            if isinstance(step, tuple) and hasattr(step[1], "fit"):
                yield from _in_place(step[1])


def _parameters(estimator: Any) -> dict[str, Any]:
    if not hasattr(estimator, "get_params") or isinstance(estimator, type):
        return {}
    return dict(estimator.get_params(deep=False))


def _inside(value: Any) -> Iterator[Any]:
    """Yield the estimators within parameters, lists and (name, estimator) pairs."""
    values = value.values() if isinstance(value, dict) else value
    for item in values:
        if hasattr(item, "get_params") and not isinstance(item, type):
            yield item
        elif isinstance(item, list | tuple | dict):
            yield from _inside(item)
