"""Encoders of values, each a train of steps: latency, phase, burst, rank order, and currents."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from eegsnn._validation import check_integer
from eegsnn.encoding import frames
from eegsnn.encoding.signals import SignalEncoder


class _ValueEncoder(SignalEncoder):
    """Codes of one value after the other, each the mean of `window` samples.

    A value has a fixed number of steps; the inverse holds it for `window` samples.
    """

    scaling: ClassVar[str] = "range"
    bipolar: ClassVar[bool] = False
    codes_values: ClassVar[bool] = True

    window: int

    def check_parameters(self) -> None:
        """Validate the constructor's values without data."""
        super().check_parameters()
        check_integer("window", self.window, low=1)

    @property
    def steps_per_sample_(self) -> float:
        """Steps of the output for each sample of the input."""
        return self._n_steps() / self.window

    def _n_steps(self) -> int:
        """Return the steps of one value."""
        raise NotImplementedError

    def _train(self, values: np.ndarray) -> np.ndarray:
        """Values (rows, values) to trains (rows, values, steps)."""
        raise NotImplementedError

    def _read_train(self, trains: np.ndarray) -> np.ndarray:
        """Trains (rows, values, steps) to values (rows, values)."""
        raise NotImplementedError

    def _values(self, rows: np.ndarray, state: Any, first_row: int) -> tuple[np.ndarray, Any]:
        """Means of whole windows, and the samples left over."""
        z = self._scaled(rows, first_row)
        if self.window == 1:
            return z, z[:, :0]
        if state is not None and state.shape[1]:
            z = np.concatenate([state, z], axis=1)
        whole = z.shape[1] // self.window * self.window
        values = z[:, :whole].reshape(len(z), whole // self.window, self.window).mean(axis=2)
        return values, z[:, whole:].copy()

    def _encode(self, rows: np.ndarray, state: Any, first_row: int) -> tuple[np.ndarray, Any]:
        values, rest = self._values(rows, state, first_row)
        return self._flat(values), rest

    def _finish(self, state: Any) -> np.ndarray | None:
        if not state.shape[1]:
            return None
        return self._flat(state.mean(axis=1, keepdims=True))

    def _flat(self, values: np.ndarray) -> np.ndarray:
        return self._train(values).reshape(len(values), values.shape[1] * self._n_steps())

    def _decode(
        self, spikes: np.ndarray, offset: np.ndarray, unit: np.ndarray, start: np.ndarray
    ) -> np.ndarray:
        values = self._read_train(spikes.reshape(len(spikes), -1, self._n_steps()))
        return offset + unit * np.repeat(values, self.window, axis=1)


class LatencyEncoder(_ValueEncoder):
    """One spike per value, the earlier the larger it is; see :func:`latency_code`.

    Parameters
    ----------
    n_steps : int, default 16
        Steps per value, at least 2: the output has n_steps / window steps for each sample.
    kind : {"linear", "logarithmic"}, default "linear"
    threshold : float, default 0.01
        Of the scaled value in [0, 1]; up to it there is no spike.
    tau : float, optional
        In steps, for "logarithmic".
    window : int, default 1
        Samples whose mean is one value.
    quantile : float, default 1.0
        The training quantiles 1 − quantile and quantile are coded as 0 and 1.
    """

    def __init__(
        self,
        n_steps: int = 16,
        kind: str = "linear",
        threshold: float = 0.01,
        tau: float | None = None,
        window: int = 1,
        quantile: float = 1.0,
    ) -> None:
        self.n_steps = n_steps
        self.kind = kind
        self.threshold = threshold
        self.tau = tau
        self.window = window
        self.quantile = quantile

    def check_parameters(self) -> None:
        """Validate the constructor's values without data."""
        super().check_parameters()
        self._train(np.zeros((1, 1)))

    def _n_steps(self) -> int:
        return self.n_steps

    def _train(self, values: np.ndarray) -> np.ndarray:
        return frames.latency_code(values, self.n_steps, self.kind, self.threshold, self.tau)

    def _read_train(self, trains: np.ndarray) -> np.ndarray:
        return frames.latency_decode(trains, self.kind, self.threshold, self.tau)


class PhaseEncoder(_ValueEncoder):
    """Values as bits, a step each; see :func:`phase_code`.

    Parameters
    ----------
    n_bits : int, default 8
        Steps per value.
    window, quantile
        As in :class:`LatencyEncoder`.
    """

    def __init__(self, n_bits: int = 8, window: int = 1, quantile: float = 1.0) -> None:
        self.n_bits = n_bits
        self.window = window
        self.quantile = quantile

    def check_parameters(self) -> None:
        """Validate the constructor's values without data."""
        super().check_parameters()
        self._train(np.zeros((1, 1)))

    def _n_steps(self) -> int:
        return self.n_bits

    def _train(self, values: np.ndarray) -> np.ndarray:
        return frames.phase_code(values, self.n_bits)

    def _read_train(self, trains: np.ndarray) -> np.ndarray:
        return frames.phase_decode(trains)


class BurstEncoder(_ValueEncoder):
    """Values as bursts, of more and closer spikes the larger they are; see :func:`burst_code`.

    Parameters
    ----------
    n_steps : int, default 16
        Steps per value.
    max_spikes : int, default 5
        Spikes of the largest value.
    window, quantile
        As in :class:`LatencyEncoder`.
    """

    def __init__(
        self, n_steps: int = 16, max_spikes: int = 5, window: int = 1, quantile: float = 1.0
    ) -> None:
        self.n_steps = n_steps
        self.max_spikes = max_spikes
        self.window = window
        self.quantile = quantile

    def check_parameters(self) -> None:
        """Validate the constructor's values without data."""
        super().check_parameters()
        self._train(np.zeros((1, 1)))

    def _n_steps(self) -> int:
        return self.n_steps

    def _train(self, values: np.ndarray) -> np.ndarray:
        return frames.burst_code(values, self.n_steps, self.max_spikes)

    def _read_train(self, trains: np.ndarray) -> np.ndarray:
        return frames.burst_decode(trains, self.max_spikes)


class RepeatEncoder(_ValueEncoder):
    """The standardised signal as a current, every value given `n_steps` times.

    Parameters
    ----------
    n_steps : int, default 4
    window : int, default 1
        Samples whose mean is one value.
    """

    scaling: ClassVar[str] = "standard"

    def __init__(self, n_steps: int = 4, window: int = 1) -> None:
        self.n_steps = n_steps
        self.window = window

    def check_parameters(self) -> None:
        """Validate the constructor's values without data."""
        super().check_parameters()
        check_integer("n_steps", self.n_steps, low=1)

    def _n_steps(self) -> int:
        return self.n_steps

    def _train(self, values: np.ndarray) -> np.ndarray:
        return np.repeat(values[..., None].astype(np.float32), self.n_steps, axis=-1)

    def _read_train(self, trains: np.ndarray) -> np.ndarray:
        return trains.mean(axis=-1, dtype=np.float64)


class DirectEncoder(RepeatEncoder):
    """The standardised signal itself, as a current: no spikes.

    Parameters
    ----------
    window : int, default 1
        Samples whose mean is one value.
    """

    def __init__(self, window: int = 1) -> None:
        super().__init__(1, window)

    def check_parameters(self) -> None:
        """Validate the constructor's values without data."""
        check_integer("window", self.window, low=1)


class RankOrderEncoder(_ValueEncoder):
    """The order of the channels by size, one spike each; see :func:`rank_order_code`.

    Every value takes as many steps as there are channels. The inverse gives every channel the
    mean that its rank had in training.

    Parameters
    ----------
    window : int, default 1
        Samples whose mean is one value.

    Attributes
    ----------
    by_rank_ : ndarray, shape (channels,) or (bands, channels)
        Mean standardised value of each rank, the largest first.
    """

    scaling: ClassVar[str] = "standard"
    couples_channels: ClassVar[bool] = True
    _more_arrays: ClassVar[tuple[str, ...]] = ("by_rank_",)

    def __init__(self, window: int = 1) -> None:
        self.window = window

    def _n_steps(self) -> int:
        return self.n_channels_in_

    def _learn(self, X: np.ndarray) -> None:
        rows = X.reshape(-1, X.shape[-1])
        values, rest = self._values(rows, None, 0)
        if not values.shape[1]:
            values = rest.mean(axis=1, keepdims=True)
        ranked = -np.sort(-self._grouped(values), axis=-1)
        # (trials × bands, values, channels) to the mean over trials and values
        by_band = ranked.reshape(len(X), -1, *ranked.shape[1:])
        self.by_rank_ = by_band.mean(axis=(0, 2)).reshape(self.offset_.shape)

    def _grouped(self, values: np.ndarray) -> np.ndarray:
        """(rows, values) to (groups of channels, values, channels)."""
        n_groups = len(values) // self.n_channels_in_
        return values.reshape(n_groups, self.n_channels_in_, values.shape[1]).swapaxes(1, 2)

    def _train(self, values: np.ndarray) -> np.ndarray:
        spikes = frames.rank_order_code(self._grouped(values))
        return spikes.swapaxes(1, 2).reshape(*values.shape, self.n_channels_in_)

    def _read_train(self, trains: np.ndarray) -> np.ndarray:
        n_bands = self.offset_.size // self.n_channels_in_
        table = self.by_rank_.reshape(n_bands, -1)
        band = np.arange(len(trains)) // self.n_channels_in_ % n_bands
        return np.einsum("rvs,rs->rv", trains, table[band])
