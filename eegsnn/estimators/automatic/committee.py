"""Several rate-coded views, each with its readout, whose log-probabilities are added up."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from eegsnn._compiling import n_cores
from eegsnn.backend import one_blas_thread
from eegsnn.errors import DataError
from eegsnn.estimators.automatic.coding import PopulationCode, RateCode
from eegsnn.features import FEATURES, KernelRates, TrialFeatures
from eegsnn.filters.decimation import decimated
from eegsnn.monitoring.operations import Operations
from eegsnn.training.readouts import LOWEST_LOG_PROBABILITY, LinearReadout, log_softmax

_CODES: dict[str, type[PopulationCode] | type[RateCode]] = {
    "population": PopulationCode,
    "rate": RateCode,
}


@dataclass(frozen=True)
class Member:
    """A view that was fitted: features → spikes → readout.

    Attributes
    ----------
    name : str
    features : TrialFeatures
        Fitted.
    code : PopulationCode or RateCode
    readout : LinearReadout
        On the values of the code.
    weight : float
        With which its log-probabilities enter the decision.
    """

    name: str
    features: TrialFeatures
    code: PopulationCode | RateCode
    readout: LinearReadout
    weight: float

    def log_probabilities(self, X: np.ndarray) -> np.ndarray:
        """Log-probability of each class, (trials, classes), from this view alone."""
        return self.readout.log_probabilities(self.code.values(self.features.transform(X)))

    def spikes(self, X: np.ndarray) -> np.ndarray:
        """Spikes of the neurons of this view, bool [T, trials, neurons]."""
        if isinstance(self.features, KernelRates):
            return self.features.spikes(X)
        assert isinstance(self.code, PopulationCode)
        return self.code.spikes(self.features.transform(X))

    def rates(self, X: np.ndarray) -> np.ndarray:
        """Means of :meth:`spikes` over time, (trials, neurons): known without running them."""
        return self.code.rates(self.features.transform(X))


@dataclass(frozen=True)
class Committee:
    """Members and what they decide together.

    Attributes
    ----------
    members : list of Member
    base : ndarray (classes,)
        Log-probabilities that are given before any member is heard: class frequencies.
    n_times : int
        Samples of a trial.
    step : int, default 1
        Members see one of so many samples.
    """

    members: list[Member]
    base: np.ndarray
    n_times: int
    step: int = 1

    @property
    def n_classes(self) -> int:
        """Classes it tells apart."""
        return len(self.base)

    def seen(self, X: np.ndarray) -> np.ndarray:
        """Trials as members see them: no more samples than serve.

        Raises
        ------
        DataError
            If trials are longer or shorter than those of training.
        """
        if X.shape[2] != self.n_times:
            raise DataError(
                f"X: expected {self.n_times} samples, as in training, but got {X.shape[2]}."
            )
        return decimated(X, self.step)

    def probabilities(self, X: np.ndarray) -> np.ndarray:
        """Probability of each class, float64 (trials, classes)."""
        total = np.tile(self.base, (len(X), 1))
        with one_blas_thread(), ThreadPoolExecutor(n_cores()) as pool:
            logs = pool.map(lambda member: member.log_probabilities(X), self.members)
            for member, values in zip(self.members, logs, strict=True):
                said = np.maximum(values, LOWEST_LOG_PROBABILITY)
                total += member.weight * (said - self.base)
        return np.exp(log_softmax(total))

    def encode(self, X: np.ndarray) -> np.ndarray:
        """Spikes of all views that are presented as constant currents: float32 [T, trials, …]."""
        parts = [m.spikes(X) for m in self.members if isinstance(m.code, PopulationCode)]
        if not parts:
            parts = [m.spikes(X) for m in self.members]
        return np.concatenate(parts, axis=2).astype(np.float32)

    def operations(self, X: np.ndarray) -> Operations:
        """Count what the code and readout of every member cost per trial."""
        layers = []
        for member in self.members:
            features = member.features.transform(X)
            layers += member.code.operations(member.name, features, self.n_classes)
        return Operations(tuple(layers), tuple(f"{m.name}: features" for m in self.members))

    def get_state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Everything the committee is, as a JSON-able dict and named arrays."""
        described: list[dict[str, Any]] = []
        arrays = {"base": self.base}
        for number, member in enumerate(self.members):
            features, own = member.features.get_state()
            kind = next(name for name, cls in _CODES.items() if isinstance(member.code, cls))
            described.append(
                {
                    "name": member.name,
                    "weight": member.weight,
                    "features": features,
                    "code": kind,
                    "n_steps": member.code.n_steps,
                }
            )
            own = {f"features.{name}": array for name, array in own.items()}
            own |= {"code.offset": member.code.offset, "code.scale": member.code.scale}
            own |= {"readout.weights": member.readout.weights, "readout.bias": member.readout.bias}
            arrays |= {f"member{number}.{name}": array for name, array in own.items()}
        config = {"members": described, "n_times": self.n_times, "step": self.step}
        return config, arrays

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Committee:
        """Make the committee that :meth:`get_state` described.

        Raises
        ------
        ValueError, KeyError
            If something is missing or of an unknown kind.
        """
        members = []
        for number, described in enumerate(config["members"]):
            start = f"member{number}."
            own = {k.removeprefix(start): v for k, v in arrays.items() if k.startswith(start)}
            kind = described["features"]
            features = FEATURES[kind["kind"]](**kind["parameters"])
            features.check_parameters()
            features.set_state(
                {k.removeprefix("features."): v for k, v in own.items() if "features." in k}
            )
            code = _CODES[described["code"]](
                own["code.offset"], own["code.scale"], int(described["n_steps"])
            )
            readout = LinearReadout(own["readout.weights"], own["readout.bias"])
            members.append(
                Member(described["name"], features, code, readout, float(described["weight"]))
            )
        return cls(members, arrays["base"], int(config["n_times"]), int(config["step"]))
