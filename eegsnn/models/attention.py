"""Small spiking attention model: spike-driven query, key and value over the steps of a trial."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import mlx.core as mx
import mlx.nn as nn

from eegsnn._validation import check_integer
from eegsnn.errors import ConfigurationError
from eegsnn.layers import Dropout
from eegsnn.models.base import (
    ArchitectureConfig,
    Connection,
    NetworkOutput,
    presented,
    split_key,
)
from eegsnn.models.parts import (
    Affine,
    SpikingHead,
    gain_for_rate,
    neurons_of,
    sample,
    scale_to_rate,
)


@dataclass(frozen=True, kw_only=True)
class SpikingAttentionConfig(ArchitectureConfig):
    """Spiking self-attention over time, on features or spikes of an encoder.

    ::

        features ─► Linear ─► LIF ─┬─► q, k, v: Linear ─► LIF ─► q(kᵀv) ─► LIF ─► Linear, LIF
                                   └──────────────────────────────────────────────────► + ─► readout

    Tokens are the steps (bins) of a trial. Query, key and value are spikes, so that attention is
    additions alone and needs no softmax; then q·(kᵀv) = (q·kᵀ)v, and the sum over tokens is taken
    first, at a cost that is linear in their number. The sum looks at the whole trial: the model is
    not causal within a trial.

    Attributes
    ----------
    size : int, default 48
        Neurons of each layer; a multiple of `n_heads`.
    n_heads : int, default 4
    beta, threshold, target_rate, dropout, readout_beta, readout_gain, n_windows, surrogate, \
surrogate_slope
        See :class:`ArchitectureConfig`.

    References
    ----------
    Zhou et al. (2023), Spikformer: when spiking neural network meets transformer, ICLR; Yao et al.
    (2023), Spike-driven transformer, NeurIPS.
    """

    name: ClassVar[str] = "attention"

    size: int = 48
    n_heads: int = 4

    def __post_init__(self) -> None:
        """Validate every field."""
        super().__post_init__()
        check_integer("size", self.size, low=1)
        check_integer("n_heads", self.n_heads, low=1)
        if self.size % self.n_heads:
            raise ConfigurationError(
                f"size: expected a multiple of n_heads = {self.n_heads}, but got {self.size}."
            )

    @property
    def layer_names(self) -> tuple[str, ...]:
        """The embedding, query, key, value, attention and the block's output."""
        return ("embedding", "query", "key", "value", "attention", "block")

    def build(self, n_inputs: int, n_classes: int, n_steps: int, *, key: mx.array) -> Any:
        """Make a network with the weights that it starts from."""
        return SpikingAttentionNetwork(self, n_inputs, n_classes, n_steps, key=key)

    def _product_sizes(self, n_inputs: int, n_classes: int) -> list[int]:
        return [n_inputs, self.size, self.size, n_classes]


class SpikingAttentionNetwork(nn.Module):
    """Network of a :class:`SpikingAttentionConfig`; inputs [T, batch, features]."""

    def __init__(
        self,
        config: SpikingAttentionConfig,
        n_inputs: int,
        n_classes: int,
        n_steps: int,
        *,
        key: mx.array,
    ) -> None:
        super().__init__()
        self._config = config
        self._dropout = Dropout(config.dropout)
        keys = mx.random.split(key, 6)
        size = config.size
        self.embedding = Affine(n_inputs, size, keys[0])
        self.projections = [Affine(size, size, k) for k in keys[1:4]]
        self.block = Affine(size, size, keys[4])
        self.neurons = [neurons_of(config, size) for _ in range(6)]
        self.gain = mx.ones((size,))
        self.head = SpikingHead(config, 2 * size, n_classes, key=keys[5])

    def __call__(
        self, x: Any, *, n_steps: int | None = None, dropout_key: mx.array | None = None
    ) -> NetworkOutput:
        """Class scores and spikes of x[T, batch, features]; a key means training."""
        keys = split_key(dropout_key, 3)
        spikes = self._spikes(x, n_steps, keys[:2])
        logits, _ = self.head(mx.concatenate([spikes[0], spikes[-1]], axis=-1), keys[2])
        return NetworkOutput(logits, spikes)

    def _spikes(self, x: Any, n_steps: int | None, keys: list[mx.array | None]) -> list[mx.array]:
        embedded, *rest = self.neurons
        spikes = embedded.run(presented(self.embedding(x), n_steps))[0]
        given = self._dropout(spikes, key=keys[0])
        query, key, value = (
            neurons.run(affine(given))[0]
            for affine, neurons in zip(self.projections, rest[:3], strict=True)
        )
        attention = rest[3].run(self._attend(query, key, value) * self.gain)[0]
        block = rest[4].run(self.block(self._dropout(attention, key=keys[1])))[0]
        return [spikes, query, key, value, attention, block]

    def _attend(self, query: mx.array, key: mx.array, value: mx.array) -> mx.array:
        """q·(kᵀv) by heads, as a mean over the tokens: [T, batch, size]."""
        q, k, v = (self._by_head(part) for part in (query, key, value))
        out = q @ (k.transpose(0, 1, 3, 2) @ v) * (1.0 / len(query))
        return out.transpose(2, 0, 1, 3).reshape(query.shape)

    def _by_head(self, x: mx.array) -> mx.array:
        """[T, batch, size] → [batch, heads, T, size/heads]."""
        split = x.reshape(*x.shape[:2], self._config.n_heads, -1)
        return split.transpose(1, 2, 0, 3)

    def calibrate(self, x: Any, *, n_steps: int | None = None) -> None:
        """Bring every layer to its rate, from the first to the last, on x[T, batch, features]."""
        target, x = self._config.target_rate, presented(x, n_steps)
        first, *rest = self.neurons
        scale_to_rate(self.embedding, first, x, target)
        given = first.run(self.embedding(x))[0]
        parts = []
        for affine, neurons in zip(self.projections, rest[:3], strict=True):
            scale_to_rate(affine, neurons, given, target)
            parts.append(neurons.run(affine(given))[0])
        attended = self._attend(*parts)
        self.gain = gain_of(attended, rest[3], target)
        attention = rest[3].run(attended * self.gain)[0]
        scale_to_rate(self.block, rest[4], attention, target)
        block = rest[4].run(self.block(attention))[0]
        self.head.calibrate(mx.concatenate([given, block], axis=-1))
        mx.eval(self.parameters())

    def connections(self, x: Any, *, n_steps: int | None = None) -> list[Connection]:
        """Run it and give what arrives at weights, and the additions of attention."""
        arriving = x if isinstance(x, mx.array) else x.dense()
        spikes = self._spikes(x, n_steps, [None, None])
        embedded, query, key, value, attention, block = spikes
        size, width = float(self._config.size), self._config.size // self._config.n_heads
        passes = len(embedded)
        # kᵀv: a spike of a key meets all spikes of the values of its head at the same step.
        split = value.reshape(*value.shape[:2], self._config.n_heads, width)
        met = mx.repeat(split.sum(axis=-1), width, axis=-1)
        joined = mx.concatenate([embedded, block], axis=-1)
        return [
            Connection("embedding", "Linear", arriving, size, len(arriving)),
            Connection("query, key, value", "Linear", embedded, 3 * size, passes),
            Connection("key × value", "attention", key * met, 1.0, passes * width),
            Connection("query × key × value", "attention", query, float(width), passes),
            Connection("block", "Linear", attention, size, passes),
            *self.head.connections(joined, passes),
        ]


def gain_of(current: mx.array, neurons: Any, target: float) -> mx.array:
    """Gains [units] at which neurons fire at a target rate on a current [T, batch, units]."""
    some = sample(current)
    return gain_for_rate(lambda g: neurons.run(some * g)[0], current.shape[-1], target)
