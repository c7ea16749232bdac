"""From settings to objects: data set, split, estimator and baselines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from eegsnn.errors import ConfigurationError, EegsnnError
from eegsnn.evaluation import (
    Candidate,
    Signal,
    Split,
    baseline_is_seeded,
    build_baseline,
    make_split,
)
from eegsnn.pipeline.schema import BaselineSection, PipelineConfig

SPIKING = "spiking network"
"""The name under which the network appears in results."""


def load_data(config: PipelineConfig, *, progress: bool = True) -> Any:
    """Load the data set of a pipeline, with its classes and interval chosen.

    Returns
    -------
    EEGDataset or TabularDataset

    Raises
    ------
    EegsnnError
        Whatever loading says; a class or interval that the data do not have.
    """
    from eegsnn.datasets import load_dataset
    from eegsnn.recordings import Preprocessing

    options: dict[str, Any] = dict(config.data.options)
    if config.preprocessing:
        options["preprocessing"] = Preprocessing.from_dict(config.preprocessing)
    try:
        dataset = load_dataset(config.data.name, progress=progress, **options)
    except ConfigurationError as error:
        raise ConfigurationError(f"{config.source.name}: {_locate(config, str(error))}") from error
    if config.data.classes is not None:
        dataset = dataset.select_classes(config.data.classes)
    if config.data.tmin is not None or config.data.tmax is not None:
        if not hasattr(dataset, "crop"):
            raise ConfigurationError(
                f"{config.source.name}: data.tmin, data.tmax: {config.data.name} is a table of "
                f"features and has no time axis; remove them."
            )
        dataset = dataset.crop(config.data.tmin, config.data.tmax)
    return dataset


def _locate(config: PipelineConfig, message: str) -> str:
    """Put the section before a message that begins with the name of one of its keys."""
    name = message.partition(":")[0]
    sections = {"data.options": config.data.options, "preprocessing": config.preprocessing}
    place = next((f"{section}." for section, keys in sections.items() if name in keys), "")
    return f"{place}{message}"


def build_split(config: PipelineConfig, dataset: Any) -> Split:
    """Divide the trials as [protocol] says; refuses what cannot run."""
    protocol = config.protocol
    return make_split(
        dataset,
        protocol.kind,
        group=protocol.group,
        n_splits=protocol.n_splits,
        gap=protocol.gap,
    )


def make_encoder(config: PipelineConfig, sfreq: float | None = None) -> Any:
    """Return the unfitted encoder of [bands] and [encoder], or the union of [[encoders]]."""
    from eegsnn.encoding import EEGEncoder
    from eegsnn.encoding.union import EncoderUnion

    if config.encoders:
        return EncoderUnion([EEGEncoder(**settings, sfreq=sfreq) for settings in config.encoders])
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
    from eegsnn import estimators

    settings = {**config.network, **config.training}
    name = settings.pop("estimator", "EEGSpikingClassifier")
    settings |= {"random_state": seed, "verbose": verbose}
    if name == "EEGSpikingClassifier":
        settings |= {"encoder": make_encoder(config, sfreq), "sfreq": sfreq}
    return getattr(estimators, name)(**settings)


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
    table = config.network.get("estimator") == "SpikingClassifier"
    if sfreq is None and not table:
        raise ConfigurationError(
            f"{where}: network.estimator: {config.data.name} is a table of features, which needs "
            f"'SpikingClassifier', but got 'EEGSpikingClassifier'."
        )

    def network(seed: int | None) -> Any:
        return make_estimator(config, None if table else sfreq, seed, verbose)

    try:
        if sfreq is not None and not table:
            _rehearse(make_encoder(config, sfreq), dataset.X.shape)
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


def _rehearse(encoder: Any, shape: tuple[int, ...]) -> None:
    """Let an encoder see noise of the data's shape, so that what cannot fit is said at once."""
    encoder.check_parameters()
    noise = np.random.default_rng(0).normal(size=(4, *shape[1:]))
    encoder.fit(noise, np.array([0, 1, 0, 1]))


def _baseline(
    section: BaselineSection, signal: Signal, network: Callable[[int | None], Any]
) -> Candidate:
    def build(seed: int | None) -> Any:
        return build_baseline(
            section.name, section.parameters, signal, seed=seed, network=network(seed)
        )

    seeded = baseline_is_seeded(section.name)
    return Candidate(section.label or section.name, build, "baseline", seeded=seeded)
