"""What a spike does to the membrane potential: one meaning for every neuron.

A neuron spikes when its membrane exceeds the threshold. ``reset_mechanism`` says what the spike
does to it: ``"subtract"`` takes the threshold off, ``"zero"`` empties it, ``"none"`` leaves it.
``reset_delay=True`` (snnTorch's default, and the update written in the mlx-snn paper) does so at
the next step, ``False`` at once. ``detach_reset=True`` lets no gradient through the reset; with
``False`` it flows through the spike that resets: the last one where the reset is delayed, the
present one where it is not (there snnTorch 1.0 does just that).

A delayed reset to zero comes in two forms, as in snnTorch 1.0, and every neuron says which it has:
the old membrane is emptied and the new input stays (LIF and its like), or the new membrane is
emptied, input and all (neurons with a synaptic current, recurrent ones, Lapicque's).
"""

from __future__ import annotations

from typing import NamedTuple

import mlx.core as mx

from eegsnn._validation import check_choice
from eegsnn.surrogate import Surrogate, get_surrogate, spike

RESET_MECHANISMS: tuple[str, ...] = ("subtract", "zero", "none")
"""What a spike does to the membrane: take the threshold off, set it to zero, or nothing."""

Value = float | mx.array
"""A parameter: a number, or an array that broadcasts to one step of the input."""


def as_array(value: Value, dtype: mx.Dtype) -> mx.array:
    """Make a parameter an array; one that is an array already stays what it is."""
    return value if isinstance(value, mx.array) else mx.array(value, dtype)


class Firing(NamedTuple):
    """How a neuron spikes and resets: the four settings that every step function takes."""

    reset_mechanism: str
    reset_delay: bool
    detach_reset: bool
    surrogate: Surrogate

    @classmethod
    def checked(
        cls,
        reset_mechanism: str,
        reset_delay: bool,
        detach_reset: bool,
        surrogate: Surrogate | None,
    ) -> Firing:
        """Refuse an unknown reset; without a surrogate take the default one."""
        check_choice("reset_mechanism", reset_mechanism, RESET_MECHANISMS)
        return cls(reset_mechanism, reset_delay, detach_reset, surrogate or get_surrogate())

    def previous_spikes(self, mem: mx.array, threshold: Value) -> mx.array:
        """Spikes of the step before, read off its membrane: what a delayed reset takes off now."""
        if self.reset_delay and not self.detach_reset:
            return spike(mem - threshold, self.surrogate)
        return mx.stop_gradient((mem > threshold).astype(mem.dtype))

    def due_at_once(self, spikes: mx.array, previous: mx.array) -> mx.array:
        """Present spikes, less those that the delayed reset has taken off in this step."""
        return (mx.stop_gradient(spikes) if self.detach_reset else spikes) - previous

    def take_off(self, mem: mx.array, due: mx.array, amount: Value) -> mx.array:
        """Reset a membrane where `due` is 1; `amount` is what a reset by subtraction takes."""
        if self.reset_mechanism == "none":
            return mem
        return mem - due * (amount if self.reset_mechanism == "subtract" else mem)

    def leak(
        self, x: mx.array, mem: mx.array, previous: mx.array, beta: Value, amount: Value
    ) -> mx.array:
        """LIF's new membrane, from which the delayed reset takes `amount` or all but the input."""
        if self.reset_mechanism == "subtract":
            return beta * mem + x - previous * amount
        if self.reset_mechanism == "zero":
            return beta * ((1.0 - previous) * mem) + x
        return beta * mem + x

    def fire(
        self, mem: mx.array, previous: mx.array, threshold: Value, amount: Value | None = None
    ) -> tuple[mx.array, mx.array]:
        """Spikes of the new membrane, and the membrane after the reset if that comes at once.

        `amount` is what a reset by subtraction takes off, where that is not the threshold.
        """
        spikes = spike(mem - threshold, self.surrogate)
        if not self.reset_delay:
            due = self.due_at_once(spikes, previous)
            mem = self.take_off(mem, due, threshold if amount is None else amount)
        return spikes, mem
