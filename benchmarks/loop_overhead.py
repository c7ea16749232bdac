"""What `fit` adds to a training step: beside a bare loop of the same arithmetic.

    python benchmarks/loop_overhead.py [--steps 2000]

Prints the tenth percentile of the time per step of both, taken in turn several times, because other
work on the machine only ever adds. The model is one small Linear layer: nearly all is overhead.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
from mlx.optimizers import Adam, clip_grad_norm

from eegsnn.training import fit


class Clock:
    """The same batch again and again; remembers when each was asked for."""

    def __init__(self, n_steps: int) -> None:
        self.n_steps = n_steps
        self.times: list[float] = []
        self.batch = mx.ones((16, 8)), mx.ones((16, 1))

    def __call__(self, epoch: int, seed: int) -> Iterator[Any]:
        for _ in range(self.n_steps):
            self.times.append(time.perf_counter())
            yield self.batch

    def per_step(self) -> float:
        return 1e3 * float(np.percentile(np.diff(self.times), 10))


def loss(model: nn.Module, batch: Any, key: mx.array) -> mx.array:
    return mx.square(model(batch[0]) - batch[1]).mean()


def bare(n_steps: int) -> float:
    model, optimizer = nn.Linear(8, 1), Adam(1e-3, bias_correction=True)
    step = nn.value_and_grad(model, lambda batch, key: loss(model, batch, key))
    clock, key = Clock(n_steps), mx.random.key(0)
    for batch in clock(0, 0):
        value, gradients = step(batch, key)
        gradients, _ = clip_grad_norm(gradients, 1.0)
        optimizer.update(model, gradients)
        mx.eval(model.parameters(), optimizer.state, value)
        value.item()
    return clock.per_step()


def ours(n_steps: int) -> float:
    clock = Clock(n_steps)
    optimizer = Adam(1e-3, bias_correction=True)
    fit(nn.Linear(8, 1), loss, clock, optimizer, epochs=1, clip_norm=1.0)
    return clock.per_step()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=2000)
    n_steps = parser.parse_args().steps
    print("bare loop ms    fit ms    fit adds ms")
    for _ in range(5):
        without, with_fit = bare(n_steps), ours(n_steps)
        print(f"{without:12.3f} {with_fit:9.3f} {with_fit - without:14.3f}")


if __name__ == "__main__":
    main()
