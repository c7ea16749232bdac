"""A block of layers with a way around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import mlx.core as mx
import mlx.nn as nn

from eegsnn.errors import DataError
from eegsnn.layers.base import Layer, check_features, check_key
from eegsnn.layers.containers import Container, LayerStates, LayerTrace
from eegsnn.layers.sequential import Sequential


class Residual(Container):
    """A block of layers with a way around it: ``block(x) + x``, or ``block(x) + shortcut(x)``.

    Parameters
    ----------
    *layers : modules or functions
        The block: what :class:`Sequential` takes, with or without state.
    shortcut : module or function, optional
        Takes the input to the shape of the block's output; None adds the input itself.

    Raises
    ------
    ConfigurationError
        As in :class:`Sequential`.

    Notes
    -----
    Its state is a dict with those of ``"block"`` and, where there is one, ``"shortcut"``. With a
    neuron last in the block, sums of spikes leave it (values up to 2, as in SEW-ResNet, Fang et al.
    2021); with the neuron after the sum, spikes leave it (as in Zheng et al. 2021, with
    :class:`~eegsnn.layers.TdBN` of ``alpha=2**-0.5``).

    Examples
    --------
    >>> from eegsnn.layers import Linear
    >>> from eegsnn.neurons import Leaky
    >>> block = Residual(Linear(4, 4, key=mx.random.key(0)), Leaky())
    >>> block.run(mx.zeros((5, 2, 4)))[0].shape
    (5, 2, 4)
    """

    def __init__(self, *layers: Layer, shortcut: Layer | None = None) -> None:
        super().__init__()
        self.block = Sequential(*layers)
        if shortcut is not None:
            self.shortcut = Sequential(shortcut)

    def _paths(self) -> dict[str, Sequential]:
        paths = {"block": self.block}
        return {**paths, "shortcut": self.shortcut} if "shortcut" in self else paths

    def init_state(self, batch: int, features: int | Sequence[int]) -> dict[str, LayerStates]:
        """State of both ways at rest."""
        return {name: path.init_state(batch, features) for name, path in self._paths().items()}

    def output_features(self, features: int | Sequence[int]) -> tuple[int, ...]:
        """Shape of one trial's output at one step."""
        around = self._paths().get("shortcut")
        given = check_features(features)
        shape = self.block.output_features(given)
        self._check_sum(shape, around.output_features(given) if around is not None else given)
        return shape

    def __call__(
        self, x: mx.array, state: dict[str, LayerStates], *, key: mx.array | None = None
    ) -> tuple[mx.array, dict[str, LayerStates]]:
        """One step: [batch, …] and state → [batch, …] and state."""
        return self._sum(x, lambda path, own, k: path(x, own, key=k), self._check_state(state), key)

    def run(
        self,
        x: mx.array,
        state: dict[str, LayerStates] | None = None,
        *,
        key: mx.array | None = None,
    ) -> tuple[mx.array, dict[str, LayerStates]]:
        """All steps: [T, batch, …] → [T, batch, …] and the state after the last."""
        own = dict.fromkeys(self._paths()) if state is None else self._check_state(state)
        return self._sum(x, lambda path, own, k: path.run(x, own, key=k), own, key)

    def trace(
        self,
        x: mx.array,
        state: dict[str, LayerStates] | None = None,
        *,
        key: mx.array | None = None,
    ) -> list[LayerTrace]:
        """As :meth:`run`, with the input, output and states of every layer inside, the sum last."""
        own = dict.fromkeys(self._paths()) if state is None else self._check_state(state)
        traces: list[LayerTrace] = []

        def visit(path: Sequential, own: Any, key: mx.array | None) -> tuple[mx.array, Any]:
            name = "block" if path is self.block else "shortcut"
            inside = path.trace(x, own, key=key)
            traces.extend(part._replace(name=f"{name}.{part.name}") for part in inside)
            return inside[-1].output, []

        out, _ = self._sum(x, visit, own, key)
        return [*traces, LayerTrace("sum", mx.add, x, out, {})]

    def unfreeze(self, *args: Any, **kwargs: Any) -> nn.Module:
        """As in ``mlx.nn``, but what a layer keeps fixed stays fixed."""
        for path in self._paths().values():
            path.unfreeze(*args, **kwargs)
        return self

    def _sum(
        self,
        x: mx.array,
        apply: Callable[[Sequential, Any, mx.array | None], tuple[mx.array, Any]],
        state: dict[str, Any],
        key: mx.array | None,
    ) -> tuple[mx.array, dict[str, LayerStates]]:
        keys: Any = [None, None] if key is None else mx.random.split(check_key(key), 2)
        outputs, after = {"shortcut": x}, {}
        for own_key, (name, path) in zip(keys, self._paths().items(), strict=False):
            outputs[name], after[name] = apply(path, state[name], own_key)
        self._check_sum(outputs["block"].shape, outputs["shortcut"].shape)
        return outputs["block"] + outputs["shortcut"], after

    def _check_sum(self, block: tuple[int, ...], around: tuple[int, ...]) -> None:
        if tuple(block) != tuple(around):
            raise DataError(
                f"expected a block that keeps the shape of its input, or a shortcut to the same "
                f"shape, but the block gives {tuple(block)} and the way around it {tuple(around)}."
            )

    def _check_state(self, state: Any) -> dict[str, LayerStates]:
        names = sorted(self._paths())
        if not isinstance(state, dict) or sorted(state) != names:
            got = sorted(state) if isinstance(state, dict) else type(state).__name__
            raise DataError(
                f"Residual: expected a state with the keys {names}, but got {got}. Start with "
                f"init_state."
            )
        return state
