"""What a spike does to the membrane potential: one meaning for every neuron.

A neuron spikes when its membrane exceeds the threshold. ``reset_mechanism`` says what the spike
does to it: ``"subtract"`` takes the threshold off, ``"zero"`` empties it, ``"none"`` leaves it.
``reset_delay=True`` (snnTorch's default, and the update written in the mlx-snn paper) does so at
the next step, ``False`` at once. ``detach_reset=True`` lets no gradient through the reset; with
``False`` it flows through the spike that resets: the last one where the reset is delayed, the
present one where it is not (there snnTorch 1.0 does just that).
"""

from __future__ import annotations

import mlx.core as mx

from eegsnn._validation import check_choice
from eegsnn.surrogate import Surrogate, get_surrogate, spike

RESET_MECHANISMS: tuple[str, ...] = ("subtract", "zero", "none")
"""What a spike does to the membrane: take the threshold off, set it to zero, or nothing."""

Value = float | mx.array
"""A parameter: a number, or an array that broadcasts to one step of the input."""


def checked(reset_mechanism: str, surrogate: Surrogate | None) -> Surrogate:
    """Refuse an unknown reset; give the surrogate that was asked for or the default."""
    check_choice("reset_mechanism", reset_mechanism, RESET_MECHANISMS)
    return surrogate or get_surrogate()


def previous_spikes(
    mem: mx.array, threshold: Value, surrogate: Surrogate, reset_delay: bool, detach_reset: bool
) -> mx.array:
    """Spikes of the step before, read off its membrane: what a delayed reset takes off now."""
    if reset_delay and not detach_reset:
        return spike(mem - threshold, surrogate)
    return mx.stop_gradient((mem > threshold).astype(mem.dtype))


def reset_at_once(
    mem: mx.array,
    spikes: mx.array,
    previous: mx.array,
    threshold: Value,
    reset_mechanism: str,
    detach_reset: bool,
) -> mx.array:
    """Take the present spikes off at once, but not those that the delayed reset has taken off."""
    if reset_mechanism == "none":
        return mem
    due = (mx.stop_gradient(spikes) if detach_reset else spikes) - previous
    return mem - due * (threshold if reset_mechanism == "subtract" else mem)
