"""Time one training step of the networks that matter here, and MLX's matrix product.

    python benchmarks/training_step.py [--repeats 30]

Prints medians with the fastest and slowest of the repeats, all taken in one run on one machine.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import mlx.core as mx
import numpy as np

from eegsnn.backend import blas_state, describe, threads_for
from eegsnn.estimators._trials import Currents, PoissonSpikes
from eegsnn.models import NetworkConfig, SpikingNetwork
from eegsnn.neurons import Leaky, loop, scan
from eegsnn.training import Trainer, TrainingConfig, TrainingData


def measure(name: str, call: Callable[[], object], repeats: int) -> float:
    for _ in range(3):
        call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - start))
    median = statistics.median(times)
    print(f"{name:58s} {median:8.2f} ms   ({min(times):.2f} to {max(times):.2f})")
    return median


def matrix_product(repeats: int) -> None:
    generator = np.random.default_rng(0)
    left = generator.standard_normal((3200, 784), dtype=np.float32)
    right = generator.standard_normal((784, 256), dtype=np.float32)
    left_mlx, right_mlx = mx.array(left), mx.array(right)
    ours = measure(
        "MLX product [3200, 784] @ [784, 256]", lambda: mx.eval(left_mlx @ right_mlx), repeats
    )
    numpy = measure("NumPy, the same", lambda: left @ right, repeats)
    print(f"{'ratio MLX / NumPy':58s} {ours / numpy:8.2f}")


def neuron(repeats: int, n_steps: int) -> None:
    x = mx.random.normal((n_steps, 64, 128), key=mx.random.key(0))
    lif = Leaky(0.9)
    rest, values = lif.init_state(64, 128), lif.values(x)

    def gradient_of(run: Callable) -> Callable[[], None]:
        grad = mx.grad(lambda x: run(x)[0].sum())
        return lambda: mx.eval(grad(x))

    def general(how: Callable) -> Callable:
        return lambda x: how(lif.step, x, rest, values)

    name = f"LIF forward + backward, T = {n_steps}, 64 × 128"
    few = max(3, repeats // 5)
    fast = measure(f"{name}: kernel", gradient_of(lif.run), repeats)
    measure(f"{name}: scan", gradient_of(general(scan)), few)
    slow = measure(f"{name}: plain loop", gradient_of(general(loop)), few)
    print(f"{'ratio kernel / loop':58s} {fast / slow:8.2f}")


def training_step(repeats: int, name: str, shape: tuple[int, int, int, int], poisson: bool) -> None:
    n_steps, batch, n_inputs, hidden = shape
    generator = np.random.default_rng(0)
    network = SpikingNetwork(
        NetworkConfig(hidden=(hidden,)), n_inputs, 10, n_steps, key=mx.random.key(0)
    )
    if poisson:
        source = PoissonSpikes(generator.random((1, batch, n_inputs)) * 0.2, n_steps)
    else:
        source = Currents(generator.standard_normal((n_steps, batch, n_inputs), dtype=np.float32))
    labels = generator.integers(0, 10, batch).astype(np.int32)
    data = TrainingData(source, labels, np.ones(batch, np.float32), n_steps)
    trainer = Trainer(network, TrainingConfig(), seed=0)
    with threads_for(n_steps * batch * n_inputs * hidden):
        measure(name, lambda: trainer.step(data, np.arange(batch)), repeats)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=30)
    repeats = parser.parse_args().repeats
    blas_state()
    for name, value in describe().items():
        print(f"{name:20s} {value}")
    matrix_product(repeats)
    neuron(repeats, 25)
    neuron(repeats, 250)
    training_step(
        repeats, "step: 784-256-10, T = 25, batch 128, Poisson", (25, 128, 784, 256), True
    )
    training_step(repeats, "step: 10-64-10, T = 28, batch 32, currents", (28, 32, 10, 64), False)


if __name__ == "__main__":
    main()
