"""Encoders by rate: regular and Poisson spikes, and populations of units."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from eegsnn._validation import check_number
from eegsnn.encoding.population import population_activity, population_decode, receptive_fields
from eegsnn.encoding.rate import (
    rate_decode,
    signed_poisson_chunk,
    signed_rate_chunk,
    smooth,
    smoothing_kernel,
)
from eegsnn.encoding.signals import SignalEncoder


class RegularRateEncoder(SignalEncoder):
    """Spikes in proportion to the signal, by integrating and firing; its half-waves are signs.

    Parameters
    ----------
    spikes_per_sample : float, default 1.0
        At full scale; spikes per second divided by the sampling rate.
    quantile : float, default 0.95
        Training quantile of the distance from the mean that is full scale; beyond it the code
        saturates.
    kernel : {"boxcar", "exponential", "gaussian"}, default "gaussian"
        Of the inverse, see :func:`rate_decode`.
    width : float, default 1.5
        Of the kernel, in samples.
    """

    scaling: ClassVar[str] = "peak"

    def __init__(
        self,
        spikes_per_sample: float = 1.0,
        quantile: float = 0.95,
        kernel: str = "gaussian",
        width: float = 1.5,
    ) -> None:
        self.spikes_per_sample = spikes_per_sample
        self.quantile = quantile
        self.kernel = kernel
        self.width = width

    def check_parameters(self) -> None:
        """Validate the constructor's values without data."""
        super().check_parameters()
        check_number("spikes_per_sample", self.spikes_per_sample, low=0.0, low_open=True)
        smoothing_kernel(self.kernel, self.width)

    def _encode(self, rows: np.ndarray, state: Any, first_row: int) -> tuple[np.ndarray, Any]:
        offset, unit = self._scale(len(rows), first_row)
        return signed_rate_chunk(rows, self.spikes_per_sample, state, offset, unit)

    def _decode(
        self, spikes: np.ndarray, offset: np.ndarray, unit: np.ndarray, start: np.ndarray
    ) -> np.ndarray:
        kernel = smoothing_kernel(self.kernel, self.width)
        return offset + unit * rate_decode(spikes, self.spikes_per_sample, kernel)


class PoissonRateEncoder(RegularRateEncoder):
    """Spikes drawn with a probability in proportion to the signal; its half-waves are signs.

    Parameters
    ----------
    spikes_per_sample : float, default 1.0
        Probability of a spike at full scale, at most 1.
    quantile, kernel, width
        As in :class:`RegularRateEncoder`.
    random_state : int, RandomState or None, default None
        A seed is fixed in `fit`, and every `transform` begins with it anew. Each row has its own
        draws: spikes depend neither on how many trials there are nor on chunks.
    """

    def __init__(
        self,
        spikes_per_sample: float = 1.0,
        quantile: float = 0.95,
        kernel: str = "gaussian",
        width: float = 1.5,
        random_state: Any = None,
    ) -> None:
        super().__init__(spikes_per_sample, quantile, kernel, width)
        self.random_state = random_state

    def check_parameters(self) -> None:
        """Validate the constructor's values without data."""
        super().check_parameters()
        check_number("spikes_per_sample", self.spikes_per_sample, low=0.0, high=1.0, low_open=True)

    def _encode(self, rows: np.ndarray, state: Any, first_row: int) -> tuple[np.ndarray, Any]:
        if state is None:
            places = range(first_row, first_row + len(rows))
            seeds = [np.random.SeedSequence(self.seed_, spawn_key=(place,)) for place in places]
            state = [np.random.default_rng(seed) for seed in seeds]
        offset, unit = self._scale(len(rows), first_row)
        return signed_poisson_chunk(rows, self.spikes_per_sample, state, offset, unit), state


class PopulationEncoder(SignalEncoder):
    """A group of units with bell-shaped tuning, firing at the rate of their activity.

    See :func:`receptive_fields`. The inverse is the centre of the units' smoothed activity.

    Parameters
    ----------
    n_units : int, default 8
        At least 3.
    beta : float, default 1.5
        Larger: narrower fields.
    spikes_per_sample : float, default 1.0
        Of a unit at the top of its field, integrating and firing.
    quantile : float, default 1.0
        The fields cover the training data between the quantiles 1 − quantile and quantile.
    kernel, width
        Of the inverse, see :func:`smoothing_kernel`. Defaults "gaussian" and 1.5 samples.
    """

    scaling: ClassVar[str] = "range"
    bipolar: ClassVar[bool] = False

    def __init__(
        self,
        n_units: int = 8,
        beta: float = 1.5,
        spikes_per_sample: float = 1.0,
        quantile: float = 1.0,
        kernel: str = "gaussian",
        width: float = 1.5,
    ) -> None:
        self.n_units = n_units
        self.beta = beta
        self.spikes_per_sample = spikes_per_sample
        self.quantile = quantile
        self.kernel = kernel
        self.width = width

    def check_parameters(self) -> None:
        """Validate the constructor's values without data."""
        super().check_parameters()
        receptive_fields(self.n_units, beta=self.beta)
        check_number("spikes_per_sample", self.spikes_per_sample, low=0.0, low_open=True)
        smoothing_kernel(self.kernel, self.width)

    def _unit_names(self) -> list[str]:
        return [f"_unit{i + 1}" for i in range(self.n_units)]

    def _encode(self, rows: np.ndarray, state: Any, first_row: int) -> tuple[np.ndarray, Any]:
        fields = receptive_fields(self.n_units, beta=self.beta)
        activity = population_activity(self._scaled(rows, first_row), fields)
        flat = activity.reshape(-1, rows.shape[1])
        spikes, state = signed_rate_chunk(flat, self.spikes_per_sample, state)
        return spikes.reshape(activity.shape), state

    def _decode(
        self, spikes: np.ndarray, offset: np.ndarray, unit: np.ndarray, start: np.ndarray
    ) -> np.ndarray:
        fields = receptive_fields(self.n_units, beta=self.beta)
        activity = np.maximum(smooth(spikes, smoothing_kernel(self.kernel, self.width)), 0.0)
        activity[activity < 1e-9] = 0.0  # what the transform of the convolution rounds
        values = population_decode(activity, fields)
        # Where all are silent there is no centre; the middle errs least.
        return offset + unit * np.where(np.isnan(values), 0.5, values)
