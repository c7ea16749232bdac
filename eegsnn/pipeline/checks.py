"""Check the sections of a pipeline file against the classes whose parameters they hold.

Which keys there are is read from constructors, and which values are allowed is asked of
``check_parameters``, so that both are stated in one place only.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator
from typing import Any

from eegsnn._validation import check_choice, suggestion
from eegsnn.errors import ConfigurationError, EegsnnError
from eegsnn.pipeline.estimators import (
    ESTIMATORS,
    GIVEN,
    estimator_class,
    estimator_name,
    reads_series,
    settable,
)
from eegsnn.pipeline.schema import DataSection, PipelineConfig

# Encoder parameters that describe the filter bank have a section of their own.
_BANDS = ("bands", "order", "phase", "padding")


def check_sections(config: PipelineConfig) -> None:
    """Check keys and values of every section that no schema describes.

    Raises
    ------
    ConfigurationError
        Naming ``section.key``, what is allowed and what came.
    """
    _check_preprocessing(config)
    estimator = estimator_name(config)
    check_choice("network.estimator", estimator, ESTIMATORS)
    _check_keys(config, estimator)
    _check_values(config, estimator)
    _check_data("data", config.data)
    if config.test_data is not None:
        _check_data("test_data", config.test_data)
    _check_baselines(config)
    _check_protocol(config)
    if config.alignment is not None and not reads_series(estimator):
        raise ConfigurationError(
            f"alignment: {estimator} reads tables of features, which have no channels to "
            "align; remove this section."
        )
    if config.learning_curve is not None:
        from eegsnn.evaluation.learning_curves import check_sizes

        check_sizes("learning_curve.sizes", config.learning_curve.sizes)


def _check_protocol(config: PipelineConfig) -> None:
    from eegsnn.evaluation.splitting import NEED_GROUP, check_protocol_options

    protocol = config.protocol
    lists = {"protocol.seeds": protocol.seeds}
    if config.learning_curve is not None and config.learning_curve.seeds is not None:
        lists["learning_curve.seeds"] = config.learning_curve.seeds
    for where, seeds in lists.items():
        if len(set(seeds)) < len(seeds):
            raise ConfigurationError(f"{where}: expected different integers, but got {seeds}.")
    if protocol.kind in NEED_GROUP and protocol.group is None:
        raise ConfigurationError(
            f"protocol.group: missing; {protocol.kind} needs the name of the group to keep "
            f"whole, such as 'subject' or 'run'."
        )
    check_protocol_options(protocol.kind, protocol.within, protocol.train, protocol.test)
    if config.test_data is not None and (protocol.kind != "transfer" or protocol.train is not None):
        raise ConfigurationError(
            "test_data: is what is tested on under protocol.kind = 'transfer', without "
            "protocol.train and protocol.test; correct the one or remove the other."
        )
    if protocol.kind == "transfer" and protocol.train is None and config.test_data is None:
        raise ConfigurationError(
            "protocol.train: missing; transfer needs protocol.train and protocol.test, such as "
            "{ session = [1] } and { session = [2] }, or a second data set as [test_data]."
        )


def section_keys(estimator: str) -> dict[str, list[str]]:
    """Return the allowed keys of the sections whose parameters belong to classes.

    Parameters
    ----------
    estimator : str
        One of :data:`ESTIMATORS`.
    """
    from eegsnn.encoding import EEGEncoder

    model = settable(estimator_class(estimator))
    keys = {"network": ["estimator", *model], "training": model}
    if reads_series(estimator):
        encoder = settable(EEGEncoder)
        keys["bands"] = [key for key in _BANDS if key in encoder]
        keys["encoder"] = [key for key in encoder if key not in _BANDS]
        keys["encoders"] = encoder
    return keys


def _check_keys(config: PipelineConfig, estimator: str) -> None:
    allowed = section_keys(estimator)
    for where, section, given in _tables(config):
        if given and section not in allowed:
            raise ConfigurationError(
                f"{where}: {estimator} reads tables of features and has no encoder; remove this "
                f"section or use network.estimator = 'EEGSpikingClassifier'."
            )
        for key, value in given.items():
            if key in GIVEN:
                raise ConfigurationError(
                    f"{where}.{key}: is set by the pipeline itself (seeds under [protocol], the "
                    f"rest from the data); remove it. Got {value!r}."
                )
            if key not in allowed[section]:
                message = _unknown(f"{where}.{key}", key, value, allowed[section])
                raise ConfigurationError(message + _belongs_to(key, section))
    if config.encoders and (config.bands or config.encoder):
        raise ConfigurationError(
            "encoders: [[encoders]] stands in place of [bands] and [encoder]; remove "
            "one of the two."
        )
    for key in config.training:
        if key in config.network:
            raise ConfigurationError(
                f"training.{key}: is given under [network] too; remove one of the two."
            )


def _belongs_to(key: str, section: str) -> str:
    """Name the other estimators that a key is a parameter of."""
    if section not in ("network", "training"):
        return ""
    owners = [name for name in ESTIMATORS if key in settable(estimator_class(name))]
    if not owners:
        return ""
    return f" It belongs to network.estimator = {' or '.join(map(repr, owners))}."


def _tables(config: PipelineConfig) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (how messages call it, section, content) of the tables that belong to classes."""
    for section in ("bands", "encoder", "network", "training"):
        yield section, section, getattr(config, section)
    for number, table in enumerate(config.encoders):
        yield f"encoders[{number}]", "encoders", table


def _check_values(config: PipelineConfig, estimator: str) -> None:
    from eegsnn.pipeline.build import make_encoder, make_estimator

    try:
        if reads_series(estimator):
            encoder = make_encoder(config)
            if encoder is not None:
                encoder.check_parameters()
        make_estimator(config).check_parameters()
    except EegsnnError as error:
        raise ConfigurationError(_locate(config, str(error))) from error


def _locate(config: PipelineConfig, message: str) -> str:
    """Put the section before a message that begins with a parameter's name."""
    several = re.match(r"encoder (\d+): (.*)", message, re.DOTALL)
    if several:
        return f"encoders[{int(several[1]) - 1}].{several[2]}"
    name = message.partition(":")[0].split(".")[-1].strip()
    for section in ("encoder", "bands", "training", "network"):
        if name in getattr(config, section):
            return f"{section}.{name}:{message.partition(':')[2]}"
    return message


def _check_preprocessing(config: PipelineConfig) -> None:
    from eegsnn.recordings import Preprocessing

    allowed = [field.name for field in dataclasses.fields(Preprocessing)]
    for key, value in config.preprocessing.items():
        if key not in allowed:
            raise ConfigurationError(_unknown(f"preprocessing.{key}", key, value, allowed))
    try:
        Preprocessing.from_dict(config.preprocessing)
    except EegsnnError as error:
        raise ConfigurationError(f"preprocessing.{error}") from error


def _check_data(where: str, data: DataSection) -> None:
    from eegsnn.datasets import read_manifest
    from eegsnn.datasets.loading import dataset_options

    try:
        allowed = dataset_options(read_manifest(data.name))
    except EegsnnError as error:
        raise ConfigurationError(f"{where}.name: {error}") from error
    for key, value in data.options.items():
        if key not in allowed:
            raise ConfigurationError(_unknown(f"{where}.options.{key}", key, value, allowed))
    if data.tmin is not None and data.tmax is not None and data.tmin >= data.tmax:
        raise ConfigurationError(
            f"{where}.tmax: expected a time after {where}.tmin = {data.tmin:g} s, but got "
            f"{data.tmax:g} s."
        )


def _check_baselines(config: PipelineConfig) -> None:
    from eegsnn.evaluation import BASELINES, baseline_parameters

    for number, baseline in enumerate(config.baselines):
        check_choice(f"baselines[{number}].name", baseline.name, BASELINES)
        allowed = list(baseline_parameters(baseline.name))
        for key, value in baseline.parameters.items():
            if key not in allowed:
                where = f"baselines[{number}].parameters.{key}"
                raise ConfigurationError(_unknown(where, key, value, allowed))


def _unknown(where: str, key: str, value: Any, allowed: Iterable[str]) -> str:
    names = list(allowed)
    return (
        f"{where}: unknown key.{suggestion(key, names)} Allowed: {', '.join(names)}. Got {value!r}."
    )
