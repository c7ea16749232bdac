"""Hashes that say whether a finished fold may be used again.

A score depends on the trials, the fold, the model's settings, the seed, the code and the numerical
libraries; a record is used again only where all of these are the same. Stale results reported as
fresh have misled people before (moabb issue 628).
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

import eegsnn
from eegsnn.evaluation.protocols import Fold

_LIBRARIES = ("mlx", "numpy", "scipy", "scikit-learn", "mne")
# How results are shown does not change what they are.
_PRESENTATION = {"cli", "plots", "reports"}


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
    signal = [getattr(dataset, "ch_names", None), getattr(dataset, "sfreq", None)]
    digest.update(json.dumps([[str(c) for c in dataset.classes], signal]).encode())
    return digest.hexdigest()


@cache
def code_fingerprint() -> dict[str, str]:
    """Return the versions that scores depend on, and a SHA-256 of this package's own sources.

    The version alone would not do: in a checkout the code changes while the version stays.
    """
    root = Path(eegsnn.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        relative = path.relative_to(root)
        if relative.parts[0] not in _PRESENTATION:
            digest.update(str(relative).encode())
            digest.update(path.read_bytes())
    found = {"eegsnn": eegsnn.__version__, "source": digest.hexdigest()}
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
    if isinstance(estimator, BaseEstimator):
        parameters = {
            key: describe_estimator(value)
            for key, value in sorted(estimator.get_params(deep=False).items())
        }
        return {"class": type(estimator).__name__, "parameters": parameters}
    if isinstance(estimator, dict):
        return {str(key): describe_estimator(value) for key, value in estimator.items()}
    if isinstance(estimator, list | tuple):
        return [describe_estimator(value) for value in estimator]
    if isinstance(estimator, np.generic):
        return estimator.item()
    if estimator is None or isinstance(estimator, bool | int | float | str):
        return estimator
    return repr(estimator)


def run_key(data: str, fold: Fold, settings: Any, seed: int | None, context: Any = None) -> str:
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
    """
    trials = hashlib.sha256(
        np.asarray(fold.train, dtype=np.int64).tobytes()
        + b"|"
        + np.asarray(fold.test, dtype=np.int64).tobytes()
    ).hexdigest()
    content = [data, trials, settings, seed, context, code_fingerprint()]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
