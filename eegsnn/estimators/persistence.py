"""Saved models: what an estimator is made of as JSON and arrays, and an estimator from these.

The folder that they are written to is :mod:`eegsnn.estimators.model_files`.
"""

from __future__ import annotations

import os
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from eegsnn.encoding import EEGEncoder
from eegsnn.encoding.union import EncoderUnion
from eegsnn.errors import ConfigurationError, ModelFileError
from eegsnn.estimators._ensemble import Ensemble
from eegsnn.estimators._trials import Scaler
from eegsnn.estimators.automatic import Committee
from eegsnn.estimators.eeg import EEGSpikingClassifier
from eegsnn.estimators.liquid import LiquidStateClassifier
from eegsnn.estimators.model_files import (
    DESCRIPTION,
    read_arrays,
    read_description,
    write_model,
)
from eegsnn.estimators.repair import ChannelRepair
from eegsnn.estimators.spiking import SpikingClassifier
from eegsnn.filters.inputs import SeriesInput
from eegsnn.models import ARCHITECTURES, Architecture, NetworkConfig

_CLASSES: dict[str, Any] = {
    c.__name__: c for c in (SpikingClassifier, EEGSpikingClassifier, LiquidStateClassifier)
}
_TRAINING = ("n_iter", "loss_curve", "validation_scores", "spike_rates", "interrupted")
_ENCODERS = {c.__name__: c for c in (EEGEncoder, EncoderUnion)}


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
    write_model(target, *_describe(model))
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
    description = read_description(folder)
    cls = _CLASSES.get(description.get("class", ""))
    if cls is None:
        raise ModelFileError(f"{folder}: unknown kind of model {description.get('class')!r}.")
    if expected is not None and not issubclass(cls, expected):
        raise ModelFileError(
            f"{folder}: expected {expected.__name__}, but it holds {cls.__name__}."
        )
    arrays = read_arrays(folder, description)
    try:
        return _rebuild(cls, description, arrays)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ModelFileError(f"{folder / DESCRIPTION}: damaged content: {error}") from error


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
    return description, arrays


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


def _with_prefix(arrays: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}


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
