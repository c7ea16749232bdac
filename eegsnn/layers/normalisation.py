"""Batch normalisation for sequences: one set of statistics for all steps, or one for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from eegsnn._validation import check_integer, check_number
from eegsnn.backend import has_values
from eegsnn.errors import DataError
from eegsnn.layers.base import OverTime, check_sequence

_STATISTICS = ["running_mean", "running_var"]


class _KeepsStatistics(nn.Module):
    """Running statistics are saved with the weights and never trained."""

    def unfreeze(self, *args: Any, **kwargs: Any) -> nn.Module:
        super().unfreeze(*args, **kwargs)
        return self.freeze(keys=_STATISTICS, recurse=False)


class TdBN(OverTime, _KeepsStatistics):
    """Threshold-dependent batch normalisation (tdBN): over trials, space *and* time.

    With mean and variance of each feature over everything else, steps included::

        y = λ · α·threshold·(x − mean)/√(variance + ε) + β

    so that the currents of a layer start with a spread of the order of its neurons' threshold.

    Parameters
    ----------
    n_features : int
        Size of the last axis.
    threshold : float > 0, default 1.0
        Threshold of the neurons that follow.
    alpha : float > 0, default 1.0
        1/√2 where two such layers meet in a sum (:class:`~eegsnn.layers.Residual`).
    momentum : float in (0, 1], default 0.1
        Weight of a new batch in the running statistics, which are used after ``eval()``.
    eps : float > 0, default 1e-5

    Raises
    ------
    ConfigurationError
        If a parameter has an impossible value.

    Notes
    -----
    In training it needs all steps at once; step by step it works after ``eval()`` only. The running
    statistics are saved with the weights.

    References
    ----------
    Zheng, Wu, Deng, Hu & Li (2021), Going deeper with directly-trained larger spiking neural
    networks, AAAI; Eqs. 7–10.
    """

    def __init__(
        self,
        n_features: int,
        threshold: float = 1.0,
        *,
        alpha: float = 1.0,
        momentum: float = 0.1,
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        n_features = check_integer("n_features", n_features, low=1)
        self._gain = check_number("threshold", threshold, low=0, low_open=True)
        self._gain *= check_number("alpha", alpha, low=0, low_open=True)
        self._momentum, self._eps = _check_constants(momentum, eps)
        self.weight = mx.ones((n_features,))
        self.bias = mx.zeros((n_features,))
        self.running_mean = mx.zeros((n_features,))
        self.running_var = mx.ones((n_features,))
        self.freeze(keys=_STATISTICS, recurse=False)

    @property
    def any_length(self) -> bool:
        """In training the statistics are those of all steps: no parts."""
        return not self.training

    def __call__(self, x: mx.array, *, key: mx.array | None = None) -> mx.array:
        """All steps, [T, batch, …, features] → the same shape; `key` is not used."""
        check_sequence("TdBN", x)
        _check_last_axis("TdBN", x, self.weight.shape[-1])
        mean, variance = self.running_mean, self.running_var
        if self.training:
            mean, variance, spread = _statistics(x, tuple(range(x.ndim - 1)))
            self.running_mean = _moved(self.running_mean, mean, self._momentum)
            self.running_var = _moved(self.running_var, spread, self._momentum)
        scaled = (x - mean) * (self._gain * mx.rsqrt(variance + self._eps))
        return self.weight * scaled + self.bias

    def step(self, x: mx.array, *, key: mx.array | None = None) -> mx.array:
        """One step with the running statistics, [batch, …] → [batch, …].

        Raises
        ------
        DataError
            In training mode, where the statistics of all steps would be needed.
        """
        if self.training:
            raise DataError(
                "TdBN: expected all time steps at once, because training normalises over them, but "
                "got a single one. Use run, or call eval() first."
            )
        return super().step(x)


class BNTT(_KeepsStatistics):
    """Batch normalisation through time (BNTT): every time step has its own statistics and scale.

    With mean and variance of each feature over trials and space at step t::

        y[t] = γ[t] · (x[t] − mean[t])/√(variance[t] + ε)

    There is no shift. Its state is the number of the step, so that a sequence may be run step by
    step or in parts.

    Parameters
    ----------
    n_features : int
        Size of the last axis.
    n_steps : int
        Longest sequence: there is a scale γ for each step.
    momentum, eps
        As in :class:`TdBN`.

    Raises
    ------
    ConfigurationError
        If a parameter has an impossible value.

    References
    ----------
    Kim & Panda (2021), Revisiting batch normalization for training low-latency deep spiking neural
    networks from scratch, Frontiers in Neuroscience 15; Eq. 6.
    """

    def __init__(
        self, n_features: int, n_steps: int, *, momentum: float = 0.1, eps: float = 1e-5
    ) -> None:
        super().__init__()
        shape = (
            check_integer("n_steps", n_steps, low=1),
            check_integer("n_features", n_features, low=1),
        )
        self._momentum, self._eps = _check_constants(momentum, eps)
        self.weight = mx.ones(shape)
        self.running_mean = mx.zeros(shape)
        self.running_var = mx.ones(shape)
        self.freeze(keys=_STATISTICS, recurse=False)

    def init_state(self, batch: int, features: Any) -> dict[str, mx.array]:
        """Before the first step; sizes do not matter."""
        return {"step": mx.array(0)}

    def __call__(
        self, x: mx.array, state: dict[str, mx.array]
    ) -> tuple[mx.array, dict[str, mx.array]]:
        """One step, [batch, …, features] → the same shape, and the state."""
        out, state = self.run(x[None], state)
        return out[0], state

    def run(
        self, x: mx.array, state: dict[str, mx.array] | None = None
    ) -> tuple[mx.array, dict[str, mx.array]]:
        """All steps, [T, batch, …, features] → the same shape, and the state after the last.

        Raises
        ------
        DataError
            If there are more steps than scales, or the state is of another layer.
        """
        check_sequence("BNTT", x)
        _check_last_axis("BNTT", x, self.weight.shape[-1])
        first = self._first_step(state)
        self._check_length(first, x.shape[0])
        steps = first + mx.arange(x.shape[0])
        mean, variance = self.running_mean[steps], self.running_var[steps]
        if self.training:
            before = mean, variance
            mean, variance, spread = _statistics(x, tuple(range(1, x.ndim - 1)))
            for name, old, new in zip(_STATISTICS, before, (mean, spread), strict=True):
                self[name] = self[name].at[steps].add(_moved(old, new, self._momentum) - old)
        shape = (x.shape[0], *[1] * (x.ndim - 2), x.shape[-1])
        scale = self.weight[steps] * mx.rsqrt(variance + self._eps)
        out = (x - mean.reshape(shape)) * scale.reshape(shape)
        return out, {"step": first + x.shape[0]}

    def _first_step(self, state: Any) -> mx.array:
        if state is None:
            return mx.array(0)
        if not isinstance(state, Mapping) or set(state) != {"step"}:
            got = sorted(state) if isinstance(state, Mapping) else type(state).__name__
            raise DataError(
                f"BNTT: expected a state with the key 'step', but got {got}. Start with init_state."
            )
        return state["step"]

    def _check_length(self, first: mx.array, n_steps: int) -> None:
        last = int(np.asarray(first)) + n_steps if has_values(first) else 0
        if last > len(self.weight):
            raise DataError(
                f"BNTT: expected at most n_steps = {len(self.weight)} steps, each of which has its "
                f"scale, but got {last}. Give it more n_steps, or start anew with init_state."
            )


def _statistics(x: mx.array, axes: tuple[int, ...]) -> tuple[mx.array, mx.array, mx.array]:
    """Mean, variance, and the unbiased variance that the running one is made of."""
    mean = mx.mean(x, axis=axes)
    variance = mx.var(x, axis=axes)
    count = x.size // mean.size
    if count < 2:
        raise DataError(
            f"expected at least two values of each feature to normalise over in training, but got "
            f"shape {tuple(x.shape)}. Use larger batches, or call eval()."
        )
    return mean, variance, variance * (count / (count - 1))


def _moved(old: mx.array, new: mx.array, momentum: float) -> mx.array:
    return mx.stop_gradient((1 - momentum) * old + momentum * new)


def _check_last_axis(name: str, x: mx.array, n_features: int) -> None:
    if x.shape[-1] != n_features:
        raise DataError(
            f"{name}: expected {n_features} features on the last axis, but got shape "
            f"{tuple(x.shape)}."
        )


def _check_constants(momentum: float, eps: float) -> tuple[float, float]:
    momentum = check_number("momentum", momentum, low=0, low_open=True, high=1)
    return momentum, check_number("eps", eps, low=0, low_open=True)
