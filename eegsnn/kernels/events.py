"""Products of spikes and weights that cost what the spikes cost, as kernels.

A spike train that is mostly zeros is kept as events in two orders. By row (one trial at one step):
the inputs that spiked, for the forward product, which adds up their columns of weights. By trial
and input: the steps at which it spiked, for the gradient by the weights, where the rows to be added
are then near each other in memory. Sums of several events at a time save loads and stores.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from eegsnn._compiling import compiled
from eegsnn._sharing import share

# An addition here costs so much less than a step of a neuron.
_ADDITIONS_PER_ELEMENT = 8


class Events(NamedTuple):
    """Spikes [T, batch, inputs] as events.

    Attributes
    ----------
    row_starts : ndarray of int64 (T·batch + 1,)
        Row t·batch + b has the events ``row_starts[row] … row_starts[row + 1]`` of `row_inputs`.
    row_inputs : ndarray of uint32 (events,)
    trial_starts : ndarray of int64 (batch + 1,)
        Likewise for `trial_inputs` and `trial_steps`, ordered by trial, input and step.
    trial_inputs, trial_steps : ndarray of uint32 (events,)
    """

    row_starts: np.ndarray
    row_inputs: np.ndarray
    trial_starts: np.ndarray
    trial_inputs: np.ndarray
    trial_steps: np.ndarray


def draw_events(
    levels: np.ndarray, n_steps: int, random: np.random.Generator, *, same_draws: bool = False
) -> Events:
    """Draw a spike at every step with probability level/65536.

    Parameters
    ----------
    levels : ndarray of uint32 (1 or T, batch, inputs)
        From 0 (never) to 65536 (always); one level for all steps, or one for each.
    n_steps : int
    random : Generator
        Numbers are drawn only for inputs that may spike.
    same_draws : bool, default False
        Compare every trial with the same numbers.
    """
    _, n_trials, n_inputs = levels.shape
    if same_draws:
        draw_starts = np.zeros(n_trials, np.int64)
        n_draws = n_inputs * n_steps
    else:
        active = n_steps * np.count_nonzero(levels.max(axis=0), axis=1)
        draw_starts = np.concatenate([[0], np.cumsum(active)[:-1]]).astype(np.int64)
        n_draws = int(active.sum())
    draws = np.frombuffer(random.bytes(2 * n_draws), dtype=np.uint16)
    counts = np.zeros((n_trials, n_steps), np.int64)
    arrays = (levels, draws, draw_starts, same_draws)
    work = n_steps * levels[0].size
    share(lambda lo, hi: _count_drawn(*arrays, counts, lo, hi), n_trials, work)
    trial_starts = _starts(counts.sum(axis=1))
    inputs, steps = (np.empty(trial_starts[-1], np.uint32) for _ in range(2))
    # Two threads at most write next to each other, never to the same event.
    share(
        lambda lo, hi: _fill_drawn(*arrays, n_steps, trial_starts, inputs, steps, lo, hi),
        n_trials,
        work,
    )
    return _with_rows(counts, trial_starts, inputs, steps)


def dense_events(spikes: np.ndarray) -> Events:
    """Find the events of spikes [T, batch, inputs], zeros and ones."""
    n_steps, n_trials, _ = spikes.shape
    trials, inputs, steps = np.nonzero(np.ascontiguousarray(spikes.transpose(1, 2, 0)))
    counts = np.zeros((n_trials, n_steps), np.int64)
    np.add.at(counts, (trials, steps), 1)
    starts = _starts(counts.sum(axis=1))
    return _with_rows(counts, starts, inputs.astype(np.uint32), steps.astype(np.uint32))


def columns(weight: np.ndarray, events: Events) -> np.ndarray:
    """Turn weights (outputs, inputs) into C-contiguous (inputs, outputs), at least where it spikes.

    The weights of one trial's spikes are a part of all, and quicker to fetch than all to turn.
    """
    if len(events.trial_starts) > 2:
        return np.ascontiguousarray(weight.T)
    by_input = np.empty(weight.shape[::-1], np.float32)
    _fetch(weight, events.trial_inputs, by_input)
    return by_input


def product(events: Events, weight: np.ndarray, bias: np.ndarray, out: np.ndarray) -> None:
    """Fill out[T·batch, outputs] with bias + Σ weight[input] over the events of each row.

    `weight` is (inputs, outputs), C-contiguous, float32.
    """
    arrays = (events.row_starts, events.row_inputs, weight, bias, out)
    work = len(events.row_inputs) * weight.shape[1] // _ADDITIONS_PER_ELEMENT
    share(lambda lo, hi: _product(*arrays, lo, hi), len(out), work)


def weight_gradient(events: Events, gradient: np.ndarray, out: np.ndarray) -> None:
    """Add Σ gradient[step, trial] over the events of each input to out(inputs, outputs)."""
    arrays = (events.trial_starts, events.trial_inputs, events.trial_steps, gradient, out)
    work = len(events.trial_inputs) * out.shape[1] // _ADDITIONS_PER_ELEMENT
    share(lambda lo, hi: _weight_gradient(*arrays, lo, hi), out.shape[1], work)


def _starts(counts: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _with_rows(
    counts: np.ndarray, trial_starts: np.ndarray, inputs: np.ndarray, steps: np.ndarray
) -> Events:
    row_starts = _starts(counts.T.reshape(-1))
    row_inputs = np.empty_like(inputs)
    n_trials = len(trial_starts) - 1
    arrays = (trial_starts, inputs, steps, row_starts, row_inputs, n_trials)
    share(lambda lo, hi: _order_by_row(*arrays, lo, hi), n_trials, len(inputs))
    return Events(row_starts, row_inputs, trial_starts, inputs, steps)


@compiled
def _count_drawn(levels, draws, draw_starts, same_draws, counts, lo, hi):  # type: ignore[no-untyped-def]
    n_levels, _, n_inputs = levels.shape
    n_steps = counts.shape[1]
    for b in range(lo, hi):
        at = draw_starts[b]
        for i in range(n_inputs):
            active = False
            for t in range(n_levels):
                active |= levels[t, b, i] > 0
            if active:
                for t in range(n_steps):
                    counts[b, t] += draws[at + t] < levels[t if n_levels > 1 else 0, b, i]
            if active or same_draws:
                at += n_steps


@compiled
def _fill_drawn(  # type: ignore[no-untyped-def]
    levels, draws, draw_starts, same_draws, n_steps, starts, inputs, steps, lo, hi
):
    n_levels, _, n_inputs = levels.shape
    spiked = np.empty(n_steps + 1, np.uint32)
    for b in range(lo, hi):
        at, k = draw_starts[b], starts[b]
        for i in range(n_inputs):
            active = False
            for t in range(n_levels):
                active |= levels[t, b, i] > 0
            if active:
                found = 0
                for t in range(n_steps):  # without a branch: nobody can predict a coin
                    spiked[found] = t
                    found += draws[at + t] < levels[t if n_levels > 1 else 0, b, i]
                for m in range(found):
                    inputs[k + m] = i
                    steps[k + m] = spiked[m]
                k += found
            if active or same_draws:
                at += n_steps


@compiled
def _order_by_row(trial_starts, inputs, steps, row_starts, row_inputs, n_trials, lo, hi):  # type: ignore[no-untyped-def]
    n_steps = (row_starts.size - 1) // n_trials
    free = np.empty(n_steps, np.int64)
    for b in range(lo, hi):
        for t in range(n_steps):
            free[t] = row_starts[t * n_trials + b]
        for k in range(trial_starts[b], trial_starts[b + 1]):
            t = steps[k]
            row_inputs[free[t]] = inputs[k]
            free[t] += 1


@compiled
def _fetch(weight, inputs, out):  # type: ignore[no-untyped-def]
    for k in range(inputs.size):
        if k == 0 or inputs[k] != inputs[k - 1]:  # in order: once for each input
            i = np.uintp(inputs[k])
            for j in range(np.uintp(weight.shape[0])):
                out[i, j] = weight[j, i]


@compiled
def _product(starts, inputs, weight, bias, out, lo, hi):  # type: ignore[no-untyped-def]
    n = np.uintp(weight.shape[1])
    for row in range(lo, hi):
        total = out[row]
        total[:] = bias
        k, last = starts[row], starts[row + 1]
        while k + 8 <= last:  # unsigned indices: no check for negative ones
            a, b = np.uintp(inputs[k]), np.uintp(inputs[k + 1])
            c, d = np.uintp(inputs[k + 2]), np.uintp(inputs[k + 3])
            e, f = np.uintp(inputs[k + 4]), np.uintp(inputs[k + 5])
            g, h = np.uintp(inputs[k + 6]), np.uintp(inputs[k + 7])
            for j in range(n):
                total[j] += ((weight[a, j] + weight[b, j]) + (weight[c, j] + weight[d, j])) + (
                    (weight[e, j] + weight[f, j]) + (weight[g, j] + weight[h, j])
                )
            k += 8
        while k < last:
            a = np.uintp(inputs[k])
            for j in range(n):
                total[j] += weight[a, j]
            k += 1


@compiled
def _weight_gradient(starts, inputs, steps, gradient, out, lo, hi):  # type: ignore[no-untyped-def]
    n_steps, n_trials, _ = gradient.shape
    n = np.uintp(hi - lo)
    # The rows of one trial lie far apart, at distances that share few cache lines: gather them.
    near = np.empty((n_steps, hi - lo), np.float32)
    for trial in range(n_trials):
        for t in range(n_steps):
            near[t, :] = gradient[t, trial, lo:hi]
        k, last = starts[trial], starts[trial + 1]
        while k < last:
            source = inputs[k]
            total = out[np.uintp(source), lo:hi]
            end = k
            while end < last and inputs[end] == source:
                end += 1
            while k + 4 <= end:
                a, b = np.uintp(steps[k]), np.uintp(steps[k + 1])
                c, d = np.uintp(steps[k + 2]), np.uintp(steps[k + 3])
                for j in range(n):
                    total[j] += (near[a, j] + near[b, j]) + (near[c, j] + near[d, j])
                k += 4
            while k < end:
                a = np.uintp(steps[k])
                for j in range(n):
                    total[j] += near[a, j]
                k += 1
