"""Hashes that say whether a finished fold may be used again.

A score depends on the trials, the fold, the model's settings, the seed, the code and the numerical
libraries; a record is used again only where all of these are the same. Stale results reported as
fresh have misled people before (moabb issue 628).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sys
import types
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import joblib
import numpy as np
from sklearn.base import BaseEstimator

import eegsnn
from eegsnn.evaluation.origins import origin
from eegsnn.evaluation.protocols import Fold
from eegsnn.evaluation.sources import source_hash

_LIBRARIES = ("mlx", "numpy", "scipy", "scikit-learn", "numba", "mne")


def dataset_fingerprint(dataset: Any) -> str:
    """Return a SHA-256 over the trials, labels, groups, split, names and sampling rate."""
    digest = hashlib.sha256()
    arrays = [dataset.X, np.asarray(dataset.y).astype(str)]
    for name in sorted(dataset.groups):
        digest.update(name.encode())
        arrays.append(np.asarray(dataset.groups[name]).astype(str))
    if dataset.split is not None:
        arrays.append(np.asarray(dataset.split).astype(str))
    for array in arrays:
        array = np.ascontiguousarray(array)
        digest.update(f"{array.dtype}{array.shape}".encode())
        digest.update(array.tobytes())
    # Where trials lie in their recordings is left out: it judges the split and moves no score.
    signal = [getattr(dataset, "ch_names", None), getattr(dataset, "sfreq", None)]
    digest.update(json.dumps([[str(c) for c in dataset.classes], signal]).encode())
    return digest.hexdigest()


def code_fingerprint(estimator: Any = None) -> dict[str, str]:
    """Return the versions that scores depend on, and a SHA-256 of this package's own sources.

    The version alone would not do: in a checkout the code changes while the version stays.

    Parameters
    ----------
    estimator : estimator, optional
        Only the sources that it imports, directly or not, and those that fit and score it; all
        that can change a score if not given.
    """
    found = {"eegsnn": eegsnn.__version__, "source": source_hash(estimator)}
    for library in _LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            found[library] = "not installed"
    return found


def describe_estimator(estimator: Any) -> Any:
    """Return an estimator's class and parameters as something that JSON can hold.

    Examples
    --------
    >>> from sklearn.preprocessing import StandardScaler
    >>> describe_estimator(StandardScaler())["parameters"]["with_mean"]
    True
    """
    if isinstance(estimator, BaseEstimator) or (
        hasattr(estimator, "get_params") and not isinstance(estimator, type)
    ):
        parameters = {
            key: describe_estimator(value)
            for key, value in sorted(estimator.get_params(deep=False).items())
        }
        return _with_origin(estimator, {"parameters": parameters})
    if isinstance(estimator, dict):
        return {str(key): describe_estimator(value) for key, value in estimator.items()}
    if isinstance(estimator, list | tuple):
        return [describe_estimator(value) for value in estimator]
    if isinstance(estimator, np.generic):
        return estimator.item()
    if estimator is None or isinstance(estimator, bool | int | float | str):
        return estimator
    if isinstance(estimator, np.ndarray):
        digest = hashlib.sha256(np.ascontiguousarray(estimator).tobytes()).hexdigest()
        return {"array": [str(estimator.dtype), list(estimator.shape), digest]}
    if isinstance(estimator, types.FunctionType):
        return _describe_function(estimator)
    if isinstance(estimator, type):
        file = getattr(sys.modules.get(estimator.__module__), "__file__", None)
        name = f"{estimator.__module__}.{estimator.__qualname__}"
        return [name, origin(estimator.__module__, file)]
    if dataclasses.is_dataclass(estimator):
        values = {
            field.name: getattr(estimator, field.name) for field in dataclasses.fields(estimator)
        }
        return _with_origin(estimator, {"parameters": describe_estimator(values)})
    try:
        return _with_origin(estimator, {"content": joblib.hash(estimator)})
    except Exception:  # whatever pickling an unknown object raises
        return repr(estimator)


def _with_origin(value: Any, content: dict[str, Any]) -> dict[str, Any]:
    """Describe a value by its class, and by where the code of that is from."""
    kind = type(value)
    named: dict[str, Any] = {"class": kind.__name__}
    if kind.__module__.partition(".")[0] in ("eegsnn", "builtins"):
        return named | content  # the sources of this package are hashed as a whole
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    named["origin"] = [kind.__module__, origin(kind.__module__, file)]
    if file is None:  # made in an interactive session
        methods = (value for value in vars(kind).values() if isinstance(value, types.FunctionType))
        named["methods"] = [_describe_code(method.__code__) for method in methods]
    return named | content


def _describe_function(function: types.FunctionType) -> dict[str, Any]:
    """Describe a function by what it does: its repr is its address, another in every process."""
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    return {
        "function": f"{function.__module__}.{function.__qualname__}",
        "code": _describe_code(function.__code__),
        "origin": origin(function.__module__, function.__code__.co_filename),
        "defaults": describe_estimator([function.__defaults__, function.__kwdefaults__]),
        "globals": {
            name: describe_estimator(function.__globals__[name])
            for name in sorted(set(function.__code__.co_names) & set(function.__globals__))
            if not isinstance(function.__globals__[name], types.ModuleType)
            and not callable(function.__globals__[name])
        },
        # One level deep: a function may enclose itself.
        "encloses": [
            _describe_code(cell.__code__)
            if isinstance(cell, types.FunctionType)
            else describe_estimator(cell)
            for cell in cells
        ],
    }


def _describe_code(code: types.CodeType) -> list[Any]:
    constants: list[Any] = []
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            constants.append(_describe_code(constant))
        elif isinstance(constant, frozenset):  # its order is another in every process
            constants.append(sorted(map(repr, constant)))
        else:
            constants.append(repr(constant))
    return [code.co_code.hex(), constants, list(code.co_names)]


def run_key(
    data: str,
    fold: Fold,
    settings: Any,
    seed: int | None,
    context: Any = None,
    code: dict[str, str] | None = None,
) -> str:
    """Return the hash under which a run is kept.

    Parameters
    ----------
    data : str
        From :func:`dataset_fingerprint`.
    fold : Fold
        Its trials count, its name does not.
    settings : object
        From :func:`describe_estimator`.
    seed : int or None
    context : object, optional
        Anything else that scores depend on, as JSON can hold it.
    code : dict, optional
        From :func:`code_fingerprint`, for the model; for all models if not given.
    """
    trials = hashlib.sha256(
        np.asarray(fold.train, dtype=np.int64).tobytes()
        + b"|"
        + np.asarray(fold.test, dtype=np.int64).tobytes()
    ).hexdigest()
    content = [data, trials, settings, seed, context, code or code_fingerprint()]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
