"""Which estimators a pipeline file may name, and what each of them takes."""

from __future__ import annotations

import inspect
from typing import Any

from eegsnn.pipeline.schema import PipelineConfig

ESTIMATORS = ("EEGSpikingClassifier", "LiquidStateClassifier", "SpikingClassifier")
"""What ``network.estimator`` may say; the first is the default."""

# The pipeline itself gives these: from the data, the seeds and the command line.
GIVEN = ("sfreq", "random_state", "encoder", "verbose", "warm_start")


def estimator_name(config: PipelineConfig) -> str:
    """Return what ``network.estimator`` says; it may be misspelt."""
    return str(config.network.get("estimator", ESTIMATORS[0]))


def estimator_class(name: str) -> Any:
    """Return the class of that name, one of :data:`ESTIMATORS`."""
    from eegsnn import estimators

    return getattr(estimators, name)


def takes(name: str, parameter: str) -> bool:
    """Whether an estimator's constructor has a parameter."""
    return parameter in inspect.signature(estimator_class(name)).parameters


def reads_series(name: str) -> bool:
    """Whether an estimator reads time series, which it encodes; or tables of features alone."""
    return takes(name, "encoder")


def settable(cls: type) -> list[str]:
    """List the constructor's parameters that a file may set."""
    return [name for name in inspect.signature(cls).parameters if name not in GIVEN]
