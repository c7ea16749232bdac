"""The folder that holds a model: readable JSON and safetensors; no pickle, no code run on load.

``model.json`` holds the format version, the class, its parameters, the classes, the front end, the
shape of the networks, and a hash of all these; ``weights.safetensors`` every array. The JSON holds
the checksum of the arrays, so that half a file is noticed. What these mean is known to
:mod:`eegsnn.estimators.persistence`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file
from safetensors.numpy import save as to_safetensors

from eegsnn._files import sha256_of
from eegsnn._version import __version__
from eegsnn.errors import ModelFileError

FORMAT, VERSION = "eegsnn-model", 3
DESCRIPTION = "model.json"
# 1 knew the feed-forward network alone; 2 no artefacts of networks, and other committees.
_READABLE = (1, 2, 3)
_ARRAYS = "weights.safetensors"

# What decides predictions, and is hashed: an edited file is refused and not half understood.
_DECIDING = (
    "class",
    "parameters",
    "encoder",
    "classes",
    "n_features_in",
    "feature_names_in",
    "network",
    "choice",
)


def write_model(target: Path, description: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Write description and arrays to a folder, whole or not at all.

    A model already there is replaced at the very end, so that a failure leaves it intact; what
    others keep beside it stays.

    Raises
    ------
    ModelFileError
        If `target` exists and is no model folder.
    """
    if not _may_be_replaced(target):
        raise ModelFileError(
            f"{target}: expected a new or empty folder, or a saved model to replace, but it holds "
            f"something else."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    whole = {"format": FORMAT, "version": VERSION, "eegsnn": __version__, **description}
    whole["configuration_sha256"] = configuration_hash(whole)
    temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
    try:
        if target.exists():
            ours = shutil.ignore_patterns(_ARRAYS, DESCRIPTION)  # written anew below
            shutil.copytree(target, temporary, ignore=ours, dirs_exist_ok=True)
        ordered = {name: np.asarray(array, order="C") for name, array in arrays.items()}
        # Not safetensors' own writer, which tells of a full disk in words of its own.
        (temporary / _ARRAYS).write_bytes(to_safetensors(ordered))
        whole["arrays_sha256"] = sha256_of(temporary / _ARRAYS)
        text = json.dumps(whole, indent=2, ensure_ascii=False)
        (temporary / DESCRIPTION).write_text(text + "\n", encoding="utf-8")
        _make_readable(temporary)
        _swap(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def read_description(folder: Path) -> dict[str, Any]:
    """Read what a folder says of its model; raise ModelFileError if it is none, or was edited."""
    if not folder.is_dir():
        raise ModelFileError(f"{folder}: expected the folder of a saved model, but there is none.")
    path = folder / DESCRIPTION
    if not path.is_file():
        raise ModelFileError(f"{folder}: expected a saved model, but it holds no {DESCRIPTION}.")
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ModelFileError(f"{path}: truncated or no JSON: {error}") from error
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        raise ModelFileError(f"{path}: no model of eegsnn.")
    if description.get("version") not in _READABLE:
        raise ModelFileError(
            f"{path}: expected format version {VERSION} or before, but got "
            f"{description.get('version')!r}. It was written by eegsnn "
            f"{description.get('eegsnn', '?')}; this is {__version__}."
        )
    if description["version"] < 3 and "choice" in description:
        raise ModelFileError(
            f"{path}: an automatic choice of format version {description['version']}, which "
            f"decided in another way. Fit it again with this version of eegsnn, {__version__}."
        )
    if description.get("configuration_sha256") != configuration_hash(description):
        raise ModelFileError(
            f"{path}: changed after the model was saved: its hash is not the one it names. Save "
            f"the model again instead of editing the file."
        )
    return description


def read_arrays(folder: Path, description: dict[str, Any]) -> dict[str, np.ndarray]:
    """Read the arrays that belong to a description; raise ModelFileError for any others."""
    path = folder / _ARRAYS
    if not path.is_file():
        raise ModelFileError(f"{folder}: expected a saved model, but it holds no {_ARRAYS}.")
    if sha256_of(path) != description.get("arrays_sha256"):
        raise ModelFileError(
            f"{path}: truncated or changed: its SHA-256 is not the one in {DESCRIPTION}."
        )
    try:
        return load_file(path)
    except SafetensorError as error:
        raise ModelFileError(f"{path}: no safetensors: {error}") from error


def configuration_hash(description: dict[str, Any]) -> str:
    """Return a SHA-256 over what decides predictions."""
    # "choice" came later: files without one keep the hash that they were written with.
    deciding = {
        key: description.get(key) for key in _DECIDING if key in description or key != "choice"
    }
    return hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()


def _swap(temporary: Path, target: Path) -> None:
    """Put a finished folder in the place of another; the old one goes only when all is well."""
    if not target.exists():
        temporary.rename(target)
        return
    old = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-old-"))
    old.rmdir()
    target.rename(old)
    try:
        temporary.rename(target)
    except BaseException:  # Ctrl-C too
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _may_be_replaced(target: Path) -> bool:
    if not target.is_dir():
        return not target.exists()
    return (target / DESCRIPTION).is_file() or not any(target.iterdir())


def _make_readable(folder: Path) -> None:
    """Give a folder that mkdtemp made private the permissions of any other new one."""
    umask = os.umask(0)
    os.umask(umask)
    folder.chmod(0o777 & ~umask)
