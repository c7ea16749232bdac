"""Any neuron over a whole sequence [T, batch, …], with gradients whose cost is linear in T.

Indexing ``x[t]`` inside a differentiated loop costs O(T²) in MLX, because the gradient of every
index is an array of the full size. :func:`scan` puts the loop inside a custom function over the
sequence and differentiates one step at a time; :func:`loop` is the plain reference that it, and
every faster path, must equal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mlx.core as mx

State = dict[str, mx.array]
Step = Callable[[mx.array, State, State], tuple[mx.array, State]]
"""``step(x, state, parameters) → (output, state)``: pure, one time step."""


def loop(step: Step, x: mx.array, state: State, parameters: State) -> tuple[mx.array, State]:
    """Run `step` over x[T, batch, …] in a plain loop: the reference.

    Parameters
    ----------
    step : callable
        Pure: ``step(x[t], state, parameters) → (output, state)``.
    x : array [T, batch, …]
    state : dict of arrays
        Before the first step.
    parameters : dict of arrays
        Constant over time; they get gradients.

    Returns
    -------
    outputs : array [T, batch, …]
    states : dict of arrays [T, batch, …]
        After each step.
    """
    outputs, states = [], []
    for current in mx.split(x, x.shape[0]):
        output, state = step(current[0], state, parameters)
        outputs.append(output)
        states.append(state)
    return mx.stack(outputs), {name: mx.stack([s[name] for s in states]) for name in state}


def scan(step: Step, x: mx.array, state: State, parameters: State) -> tuple[mx.array, State]:
    """Run `step` over x[T, batch, …], forward and backward in time linear in T.

    Equal to :func:`loop`, gradients included; parameters and results are the same. The backward
    pass goes through the sequence from the end and takes the vector-Jacobian product of one step
    at a time, at the states that the forward pass gave.
    """
    names, constants = list(state), list(parameters)
    n_states = len(names)

    def one_step(current: mx.array, *rest: mx.array) -> list[mx.array]:
        before = dict(zip(names, rest[:n_states], strict=True))
        output, after = step(current, before, dict(zip(constants, rest[n_states:], strict=True)))
        if any(output is part for part in after.values()):
            output = output * 1  # MLX drops one of two cotangents that meet in one array
        return [output, *(after[name] for name in names)]

    def forward(x: mx.array, *rest: mx.array) -> tuple[mx.array, ...]:
        before = dict(zip(names, rest[:n_states], strict=True))
        outputs, states = loop(step, x, before, dict(zip(constants, rest[n_states:], strict=True)))
        return outputs, *(states[name] for name in names)

    run: Any = mx.custom_function(forward)

    @run.vjp
    def run_vjp(
        primals: tuple[mx.array, ...],
        cotangents: tuple[mx.array, ...],
        outputs: tuple[mx.array, ...],
    ) -> list[mx.array]:
        x, *rest = primals
        first, values = rest[:n_states], rest[n_states:]
        carried = [mx.zeros_like(part) for part in first]
        totals = [mx.zeros_like(value) for value in values]
        grad_x: list[mx.array] = []
        for t in range(x.shape[0] - 1, -1, -1):
            before = [states[t - 1] for states in outputs[1:]] if t else first
            flowing = [cot[t] + part for cot, part in zip(cotangents[1:], carried, strict=True)]
            _, grads = mx.vjp(one_step, [x[t], *before, *values], [cotangents[0][t], *flowing])
            grad_x.append(grads[0])
            carried = grads[1 : 1 + n_states]
            totals = [a + b for a, b in zip(totals, grads[1 + n_states :], strict=True)]
        return [mx.stack(grad_x[::-1]), *carried, *totals]

    outputs, *states = run(x, *state.values(), *parameters.values())
    return outputs, dict(zip(names, states, strict=True))
