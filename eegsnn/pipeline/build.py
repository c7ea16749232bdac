"""From settings to objects: data set, split, estimator and baselines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from eegsnn.errors import ConfigurationError, DataError, EegsnnError
from eegsnn.evaluation import (
    Candidate,
    Signal,
    Split,
    align_dataset,
    baseline_is_seeded,
    build_baseline,
    check_curve,
    join_for_transfer,
    make_split,
)
from eegsnn.pipeline.estimators import estimator_class, estimator_name, reads_series, takes
from eegsnn.pipeline.schema import BaselineSection, DataSection, PipelineConfig

SPIKING = "spiking network"
"""The name under which the network appears in results."""


def load_data(config: PipelineConfig, *, progress: bool = True) -> Any:
    """Load the data set of a pipeline, with its classes and interval chosen.

    Of a transfer between two data sets both are loaded, and joined.

    Returns
    -------
    EEGDataset or TabularDataset

    Raises
    ------
    EegsnnError
        Whatever loading says; a class or interval that the data do not have; two data sets that
        cannot be joined.
    """
    dataset = _load(config, "data", config.data, progress)
    if config.test_data is None:
        return dataset
    other = _load(config, "test_data", config.test_data, progress)
    try:
        return join_for_transfer(dataset, other)
    except DataError as error:
        raise DataError(f"{config.source.name}: test_data: {error}") from error


def _load(config: PipelineConfig, where: str, section: DataSection, progress: bool) -> Any:
    from eegsnn.datasets import load_dataset
    from eegsnn.recordings import Preprocessing

    options: dict[str, Any] = dict(section.options)
    if config.preprocessing:
        options["preprocessing"] = Preprocessing.from_dict(config.preprocessing)
    try:
        dataset = load_dataset(section.name, progress=progress, **options)
    except ConfigurationError as error:
        text = _locate(config, where, section, str(error))
        raise ConfigurationError(f"{config.source.name}: {text}") from error
    if section.classes is not None:
        dataset = dataset.select_classes(section.classes)
    if section.tmin is not None or section.tmax is not None:
        if not hasattr(dataset, "crop"):
            raise ConfigurationError(
                f"{config.source.name}: {where}.tmin, {where}.tmax: {section.name} is a table of "
                f"features and has no time axis; remove them."
            )
        dataset = dataset.crop(section.tmin, section.tmax)
    return dataset


def _locate(config: PipelineConfig, where: str, section: DataSection, message: str) -> str:
    """Put the section before a message that begins with the name of one of its keys."""
    name = message.partition(":")[0]
    sections = {f"{where}.options": section.options, "preprocessing": config.preprocessing}
    place = next((f"{key}." for key, keys in sections.items() if name in keys), "")
    return f"{place}{message}"


def align(config: PipelineConfig, dataset: Any) -> Any:
    """Align a data set as [alignment] says; the data set itself where there is no such section."""
    if config.alignment is None:
        return dataset
    try:
        return align_dataset(dataset, config.alignment.method, config.alignment.group)
    except DataError as error:
        raise DataError(f"{config.source.name}: {error}") from error


def build_split(config: PipelineConfig, dataset: Any) -> Split:
    """Divide the trials as [protocol] says; refuses what cannot run, learning curves included."""
    protocol = config.protocol
    split = make_split(
        dataset,
        protocol.kind,
        group=protocol.group,
        n_splits=protocol.n_splits,
        gap=protocol.gap,
        within=protocol.within,
        train=protocol.train,
        test=protocol.test,
    )
    curve = config.learning_curve
    if curve is not None:
        check_curve(dataset, split, sizes=curve.sizes, by=curve.by, draws=curve.draws)
    return split


def make_encoder(config: PipelineConfig, sfreq: float | None = None) -> Any:
    """Return the unfitted encoder of [bands] and [encoder], or the union of [[encoders]].

    None where there is no such section: the estimator then does what it does by default.
    """
    from eegsnn.encoding import EEGEncoder
    from eegsnn.encoding.union import EncoderUnion

    if config.encoders:
        return EncoderUnion([EEGEncoder(**settings, sfreq=sfreq) for settings in config.encoders])
    if not (config.bands or config.encoder):
        return None
    return EEGEncoder(**config.bands, **config.encoder, sfreq=sfreq)


def make_estimator(
    config: PipelineConfig, sfreq: float | None = None, seed: int | None = None, verbose: int = 0
) -> Any:
    """Return the unfitted estimator of a pipeline.

    Parameters
    ----------
    config : PipelineConfig
    sfreq : float, optional
        Sampling rate in hertz; needed by estimators of time series before they are fitted.
    seed : int, optional
    verbose : int, default 0
    """
    settings = {**config.network, **config.training}
    settings.pop("estimator", None)
    name = estimator_name(config)
    given: dict[str, Any] = {"random_state": seed, "verbose": verbose, "sfreq": sfreq}
    settings |= {key: value for key, value in given.items() if takes(name, key)}
    if reads_series(name):
        settings["encoder"] = make_encoder(config, sfreq)
    return estimator_class(name)(**settings)


def build_candidates(config: PipelineConfig, dataset: Any, verbose: int = 0) -> list[Candidate]:
    """Return the network and its baselines, checked against the data.

    Raises
    ------
    ConfigurationError
        If a band lies beyond the Nyquist frequency, trials are shorter than a bin or a filter,
        the estimator cannot read this kind of data, or a baseline cannot; before anything is
        trained.
    """
    sfreq = getattr(dataset, "sfreq", None)
    where = config.source.name
    name = estimator_name(config)
    if sfreq is None and reads_series(name):
        raise ConfigurationError(
            f"{where}: network.estimator: {config.data.name} is a table of features, which needs "
            f"'SpikingClassifier', but got {name!r}."
        )

    def network(seed: int | None) -> Any:
        return make_estimator(config, sfreq, seed, verbose)

    try:
        if sfreq is not None and reads_series(name):
            _rehearse(network(None), dataset)
        candidates = [Candidate(SPIKING, network)]
        signal = Signal.of(dataset)
        for number, baseline in enumerate(config.baselines):
            where = f"{config.source.name}: baselines[{number}]"
            candidate = _baseline(baseline, signal, network)
            candidate.build(None)
            candidates.append(candidate)
    except EegsnnError as error:
        raise ConfigurationError(f"{where}: {error}") from error
    names = [candidate.name for candidate in candidates]
    for name in names:
        if names.count(name) > 1:
            raise ConfigurationError(
                f"{config.source.name}: baselines: {name!r} is given more than once; tell the two "
                f"apart with label."
            )
    return candidates


def _rehearse(estimator: Any, dataset: Any) -> None:
    """Let an encoder see noise of the data's shape, so that what cannot fit is said at once."""
    shape = dataset.X.shape
    if getattr(estimator, "is_automatic", False):
        estimator.plan(shape, dataset.classes)
        return
    if estimator.encoder is None:
        return
    estimator.encoder.check_parameters()
    noise = np.random.default_rng(0).normal(size=(4, *shape[1:]))
    estimator.encoder.fit(noise, np.array([0, 1, 0, 1]))


def _baseline(
    section: BaselineSection, signal: Signal, network: Callable[[int | None], Any]
) -> Candidate:
    def build(seed: int | None) -> Any:
        return build_baseline(
            section.name, section.parameters, signal, seed=seed, network=network(seed)
        )

    seeded = baseline_is_seeded(section.name)
    return Candidate(section.label or section.name, build, "baseline", seeded=seeded)
