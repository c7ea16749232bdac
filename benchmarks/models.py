"""What every architecture costs at one shape: parameters, operations of a trial, a pass of a batch.

    python benchmarks/models.py [--repeats 20]

22 channels for 3 s at 128 Hz and two classes; architectures that do not take the signal itself get
22 x 5 features of an encoder in 30 steps. Weights are those that training starts from, on noise.
"""

from __future__ import annotations

import argparse
import time

import mlx.core as mx
import mlx.nn as nn
from mlx.nn.losses import cross_entropy

from eegsnn.models import ARCHITECTURES
from eegsnn.monitoring import count_connections

SFREQ, N_CLASSES, BATCH = 128.0, 2, 32
RAW, ENCODED = (384, BATCH, 22), (30, BATCH, 110)  # [T, batch, features]


def seconds_of_a_pass(network: nn.Module, x: mx.array, repeats: int) -> float:
    """Forward and backward through a batch; the fastest, since others may be at work."""
    labels = mx.arange(BATCH) % N_CLASSES

    def loss(x: mx.array) -> mx.array:
        return cross_entropy(network(x).logits, labels).mean()

    gradient = nn.value_and_grad(network, loss)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        mx.eval(gradient(x))
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=20)
    repeats = parser.parse_args().repeats
    print(f"{'':12s} parameters   additions per trial   products per trial   pass of {BATCH}")
    for name, kind in ARCHITECTURES.items():
        config = kind(sfreq=SFREQ) if name in ("eegnet", "resonator") else kind()
        shape = RAW if config.raw else ENCODED
        n_steps, _, n_inputs = shape
        x = mx.random.normal(shape, key=mx.random.key(1))
        network = config.build(n_inputs, N_CLASSES, n_steps, key=mx.random.key(0))
        network.calibrate(x)
        parts = [(part, part.arriving) for part in network.connections(x)]
        cost = count_connections([(BATCH, parts)], BATCH).total
        parameters = config.n_parameters(n_inputs, N_CLASSES, n_steps)
        print(
            f"{name:12s} {parameters:10,d} {cost.synaptic_operations:21,.0f} "
            f"{cost.multiply_accumulates:20,.0f} "
            f"{1e3 * seconds_of_a_pass(network, x, repeats):10.1f} ms"
        )


if __name__ == "__main__":
    main()
