"""Model files: a folder with readable JSON and safetensors; no pickle, no code that runs on load.

``model.json`` holds the format version, the class, its parameters, the classes, the front end, the
shape of the networks, and a hash of all these; ``weights.safetensors`` every array. The JSON holds
the checksum of the arrays, so that half a file is noticed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file
from safetensors.numpy import save as to_safetensors

from eegsnn._files import sha256_of
from eegsnn._version import __version__
from eegsnn.encoding import EEGEncoder
from eegsnn.encoding.union import EncoderUnion
from eegsnn.errors import ConfigurationError, ModelFileError
from eegsnn.estimators._ensemble import Ensemble
from eegsnn.estimators._trials import Scaler
from eegsnn.estimators.automatic import Committee
from eegsnn.estimators.eeg import EEGSpikingClassifier
from eegsnn.estimators.liquid import LiquidStateClassifier
from eegsnn.estimators.repair import ChannelRepair
from eegsnn.estimators.spiking import SpikingClassifier
from eegsnn.filters.inputs import SeriesInput
from eegsnn.models import ARCHITECTURES, Architecture, NetworkConfig

FORMAT, VERSION = "eegsnn-model", 3
# 1 knew the feed-forward network alone; 2 no artefacts of networks, and other committees.
_READABLE = (1, 2, 3)
_DESCRIPTION, _ARRAYS = "model.json", "weights.safetensors"
_CLASSES: dict[str, Any] = {
    c.__name__: c for c in (SpikingClassifier, EEGSpikingClassifier, LiquidStateClassifier)
}
_TRAINING = ("n_iter", "loss_curve", "validation_scores", "spike_rates", "interrupted")
_ENCODERS = {c.__name__: c for c in (EEGEncoder, EncoderUnion)}

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


def save_model(model: Any, path: str | os.PathLike[str]) -> Path:
    """Write a fitted estimator to the folder `path`, whole or not at all.

    A model already there is replaced at the very end, so that a failure leaves it intact.

    Parameters
    ----------
    model : SpikingClassifier, EEGSpikingClassifier or LiquidStateClassifier
        Fitted.
    path : path
        Folder to make, an empty one, or a model folder to replace.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ConfigurationError
        If a parameter is code (a custom surrogate), which no file can hold.
    ModelFileError
        If `path` exists and is no model folder: nothing else is overwritten.
    OSError
        If the disk is full, …; a model already there is intact.
    """
    from sklearn.utils.validation import check_is_fitted

    check_is_fitted(model, "classes_")
    target = Path(path)
    if not _may_be_replaced(target):
        raise ModelFileError(
            f"{target}: expected a new or empty folder, or a saved model to replace, but it holds "
            f"something else."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    description, arrays = _describe(model)
    temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
    try:
        if target.exists():  # what others keep beside the model stays beside it
            ours = shutil.ignore_patterns(_ARRAYS, _DESCRIPTION)  # written anew below
            shutil.copytree(target, temporary, ignore=ours, dirs_exist_ok=True)
        # Not safetensors' own writer, which tells of a full disk in words of its own.
        (temporary / _ARRAYS).write_bytes(to_safetensors(arrays))
        description["arrays_sha256"] = sha256_of(temporary / _ARRAYS)
        text = json.dumps(description, indent=2, ensure_ascii=False)
        (temporary / _DESCRIPTION).write_text(text + "\n", encoding="utf-8")
        _make_readable(temporary)
        _swap(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def load_model(path: str | os.PathLike[str], expected: type | None = None) -> Any:
    """Read a model that :func:`save_model` wrote; its class is found in the file.

    Parameters
    ----------
    path : path
        The model's folder.
    expected : class, optional
        Refuse a model that is not of this class.

    Raises
    ------
    ModelFileError
        If it is missing, truncated, foreign, of an unknown version, or another kind of model.
    """
    folder = Path(path)
    description = _read_description(folder)
    cls = _CLASSES.get(description.get("class", ""))
    if cls is None:
        raise ModelFileError(f"{folder}: unknown kind of model {description.get('class')!r}.")
    if expected is not None and not issubclass(cls, expected):
        raise ModelFileError(
            f"{folder}: expected {expected.__name__}, but it holds {cls.__name__}."
        )
    arrays = _read_arrays(folder, description)
    try:
        return _rebuild(cls, description, arrays)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ModelFileError(f"{folder / _DESCRIPTION}: damaged content: {error}") from error


def _describe(model: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    parameters = {
        k: _plain(k, v) for k, v in model.get_params(deep=False).items() if k != "encoder"
    }
    if isinstance(model, LiquidStateClassifier):
        network, own = model.get_state()
        decides, arrays = {"network": network}, {f"network.{k}": v for k, v in own.items()}
    elif getattr(model, "committee_", None) is None:
        decides, arrays = _describe_networks(model)
    else:
        decides, arrays = _describe_choice(model)
    encoder = getattr(model, "encoder_", None)
    front_end = None
    if encoder is not None:
        config, encoder_arrays = encoder.get_state()
        front_end = {"class": type(encoder).__name__, "config": config}
        arrays |= {f"encoder.{name}": np.asarray(value) for name, value in encoder_arrays.items()}
    description = {
        "format": FORMAT,
        "version": VERSION,
        "eegsnn": __version__,
        "class": type(model).__name__,
        "parameters": parameters,
        "encoder": front_end,
        "classes": {
            "dtype": model.classes_.dtype.str,
            "labels": [_plain("classes", label) for label in model.classes_.tolist()],
        },
        "n_features_in": model.n_features_in_,
        "feature_names_in": getattr(model, "feature_names_in_", np.array([])).tolist(),
        **decides,
        "training": {
            name: getattr(model, f"{name}_") for name in _TRAINING if hasattr(model, f"{name}_")
        },
    }
    if isinstance(model, EEGSpikingClassifier):
        description["artefacts"] = model.artefacts_
        repair = {} if model.repair_ is None else model.repair_.get_state()
        arrays |= {f"repair.{name}": array for name, array in repair.items()}
    description["configuration_sha256"] = _hash(description)
    return description, {name: np.asarray(array, order="C") for name, array in arrays.items()}


def _describe_networks(
    model: SpikingClassifier,
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Describe the networks that were trained: what is written under "network", and arrays."""
    ensemble = model._ensemble
    arrays = {"scaler.offset": ensemble.scaler.offset, "scaler.scale": ensemble.scaler.scale}
    for member, weights in enumerate(ensemble.weights):
        arrays |= {f"network.{member}.{name}": value for name, value in weights.items()}
    network = {
        "n_inputs": ensemble.n_inputs,
        "n_classes": ensemble.n_classes,
        "n_steps": ensemble.n_steps,
        "static": ensemble.static,
        "coding": ensemble.coding,
        "seed": ensemble.seed,
        "members": len(ensemble.weights),
        "architecture": _described_architecture(model),
    }
    return {"network": network}, arrays


def _describe_choice(model: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Describe what was chosen automatically: written under "choice", and arrays."""
    committee, arrays = model.committee_.get_state()
    choice = {
        "committee": committee,
        "selection": model.selection_,
        "input": asdict(model.input_),
    }
    return {"choice": choice}, {f"choice.{name}": array for name, array in arrays.items()}


def _rebuild(cls: type, description: dict[str, Any], arrays: dict[str, np.ndarray]) -> Any:
    parameters = {name: _unplain(value) for name, value in description["parameters"].items()}
    front_end = description["encoder"]
    encoder = None
    if front_end is not None:
        own = _with_prefix(arrays, "encoder.")
        encoder = _ENCODERS[front_end["class"]].from_state(front_end["config"], own)
    model = cls(**parameters)
    if isinstance(model, EEGSpikingClassifier | LiquidStateClassifier):
        from sklearn.base import clone

        model.encoder = None if encoder is None else clone(encoder)
        model.encoder_ = encoder
    if isinstance(model, EEGSpikingClassifier):
        repair = _with_prefix(arrays, "repair.")
        model.repair_ = ChannelRepair.from_state(repair) if repair else None
        model.committee_, model.selection_ = None, []
        model.artefacts_ = description.get("artefacts", [])
    if isinstance(model, LiquidStateClassifier):
        model.restore_state(description["network"], _with_prefix(arrays, "network."))
    elif "choice" in description:
        _restore_choice(model, description["choice"], _with_prefix(arrays, "choice."))
    else:
        _restore_networks(model, description["network"], parameters, arrays)
    classes = description["classes"]
    model.classes_ = np.array(classes["labels"], dtype=np.dtype(classes["dtype"]))
    model.n_features_in_ = description["n_features_in"]
    if description["feature_names_in"]:
        model.feature_names_in_ = np.array(description["feature_names_in"], dtype=object)
    for name, value in description["training"].items():
        if name in _TRAINING:
            setattr(model, f"{name}_", value)
    return model


def _restore_networks(
    model: SpikingClassifier,
    network: dict[str, Any],
    parameters: dict[str, Any],
    arrays: dict[str, np.ndarray],
) -> None:
    model._ensemble = Ensemble(
        config=_configuration(network, parameters),
        n_inputs=network["n_inputs"],
        n_classes=network["n_classes"],
        n_steps=network["n_steps"],
        static=network["static"],
        scaler=Scaler(arrays["scaler.offset"], arrays["scaler.scale"]),
        coding=network["coding"],
        seed=network["seed"],
        weights=[_with_prefix(arrays, f"network.{m}.") for m in range(network["members"])],
    )
    model._ensemble.networks()  # a wrong shape is noticed here and not at the first prediction


def _restore_choice(model: Any, choice: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    model.committee_ = Committee.from_state(choice["committee"], arrays)
    model.selection_, model.histories_ = choice["selection"], []
    model.input_ = SeriesInput(**choice["input"])
    model._ensemble = None


def _described_architecture(model: SpikingClassifier) -> dict[str, Any] | None:
    """Describe the whole configuration, unless the parameters of the estimator do."""
    if isinstance(model.architecture, str) and model.architecture == NetworkConfig.name:
        return None
    config = model._ensemble.config
    return {"name": config.name, **config.to_dict()}


def _configuration(network: dict[str, Any], parameters: dict[str, Any]) -> Architecture:
    if network.get("architecture") is not None:
        values = dict(network["architecture"])
        return ARCHITECTURES[values.pop("name")].from_dict(values)
    known = {field.name for field in fields(NetworkConfig)}
    return NetworkConfig(**{name: value for name, value in parameters.items() if name in known})


def _read_description(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise ModelFileError(f"{folder}: expected the folder of a saved model, but there is none.")
    path = folder / _DESCRIPTION
    if not path.is_file():
        raise ModelFileError(f"{folder}: expected a saved model, but it holds no {_DESCRIPTION}.")
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
    if description.get("configuration_sha256") != _hash(description):
        raise ModelFileError(
            f"{path}: changed after the model was saved: its hash is not the one it names. Save "
            f"the model again instead of editing the file."
        )
    return description


def _read_arrays(folder: Path, description: dict[str, Any]) -> dict[str, np.ndarray]:
    path = folder / _ARRAYS
    if not path.is_file():
        raise ModelFileError(f"{folder}: expected a saved model, but it holds no {_ARRAYS}.")
    if sha256_of(path) != description.get("arrays_sha256"):
        raise ModelFileError(
            f"{path}: truncated or changed: its SHA-256 is not the one in {_DESCRIPTION}."
        )
    try:
        return load_file(path)
    except SafetensorError as error:
        raise ModelFileError(f"{path}: no safetensors: {error}") from error


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


def _with_prefix(arrays: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}


def _hash(description: dict[str, Any]) -> str:
    # "choice" came later: files without one keep the hash that they were written with.
    deciding = {
        key: description.get(key) for key in _DECIDING if key in description or key != "choice"
    }
    return hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()


def _may_be_replaced(target: Path) -> bool:
    if not target.is_dir():
        return not target.exists()
    return (target / _DESCRIPTION).is_file() or not any(target.iterdir())


def _make_readable(folder: Path) -> None:
    """Give a folder that mkdtemp made private the permissions of any other new one."""
    umask = os.umask(0)
    os.umask(umask)
    folder.chmod(0o777 & ~umask)


def _plain(name: str, value: Any) -> Any:
    if name == "random_state" and not isinstance(value, int | np.integer):
        return None  # the seed that was drawn from it is kept with the network
    if isinstance(value, Architecture):  # as a user may give it too
        value = {"name": value.name, **value.to_dict()}
    if isinstance(value, dict):  # JSON would turn the labels into text
        return {"pairs": [[_plain(name, k), _plain(name, v)] for k, v in value.items()]}
    if isinstance(value, list | tuple):
        return [_plain(name, v) for v in value]
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise ConfigurationError(
        f"{name}: expected a plain value, which a file can hold, but got {value!r}. A custom "
        f"object cannot be saved; give it by name."
    )


def _unplain(value: Any) -> Any:
    if isinstance(value, dict):
        return {_unplain(key): _unplain(item) for key, item in value["pairs"]}
    return tuple(map(_unplain, value)) if isinstance(value, list) else value
