"""Peak memory and time of one training step with and without recomputation over time.

    python benchmarks/time_checkpointing.py [--steps 250 500 1000 2000] [--batch 64] [--hidden 256]

Every case runs in a process of its own, so that the peak is its own. Printed are the rise of the
resident memory of the process (ru_maxrss) over what it had with model and input in place, MLX's own
count of its arrays (mx.get_peak_memory) over the same, and the time of the second step.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

MODES = {"plain": None, "sqrt": "sqrt"}


def measure(n_steps: int, batch: int, hidden: int, mode: str) -> dict[str, float]:
    import mlx.core as mx
    import mlx.nn as nn
    from mlx.optimizers import Adam

    from eegsnn.backend import use_fast_blas
    from eegsnn.neurons import Leaky, LeakyIntegrator
    from eegsnn.training import bptt_forward

    class Network(nn.Module):
        """Two hidden layers of LIF neurons and leaky integrators as readout."""

        def __init__(self) -> None:
            super().__init__()
            self.linear = [nn.Linear(32, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, 4)]
            self.neurons = [Leaky(0.9), Leaky(0.9), LeakyIntegrator(0.95)]

        def run(self, x: mx.array, state: list | None = None) -> tuple[mx.array, list]:
            after = []
            for linear, neurons, before in zip(
                self.linear, self.neurons, state or [None] * 3, strict=True
            ):
                x, last = neurons.run(linear(x), before)
                after.append(last)
            return x, after

    use_fast_blas()
    mx.random.seed(0)
    model, optimizer = Network(), Adam(1e-3)
    x = mx.random.normal((n_steps, batch, 32))
    labels = mx.random.randint(0, 4, (batch,))

    def loss(x: mx.array) -> mx.array:
        outputs, _ = bptt_forward(model, x, checkpoint=MODES[mode])
        return nn.losses.cross_entropy(outputs.mean(axis=0), labels).mean()

    step = nn.value_and_grad(model, loss)

    def train(x: mx.array) -> None:
        value, gradients = step(x)
        optimizer.update(model, gradients)
        mx.eval(value, model.parameters(), optimizer.state)

    mx.eval(x, labels, model.parameters())
    train(x[: min(n_steps, 16)])  # compiles the kernels
    mx.reset_peak_memory()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, mx.get_active_memory()
    for _ in range(2):
        start = time.perf_counter()
        train(x)
        seconds = time.perf_counter() - start
    unit = 1024 if sys.platform != "darwin" else 1
    resident = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before[0]) * unit
    return {
        "resident": resident / 2**20,
        "mlx": (mx.get_peak_memory() - before[1]) / 2**20,
        "ms": 1e3 * seconds,
    }


def in_child(case: tuple[int, int, int, str]) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, __file__, "--case", json.dumps(case)],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, nargs="+", default=[250, 500, 1000, 2000])
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--case", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.case:
        print(json.dumps(measure(*json.loads(arguments.case))))
        return
    print("    T  segments     resident MB    MLX's arrays MB    ms per step")
    for n_steps in arguments.steps:
        for mode in MODES:
            found = in_child((n_steps, arguments.batch, arguments.hidden, mode))
            print(
                f"{n_steps:5d}  {mode:8s} {found['resident']:15.1f} {found['mlx']:18.1f} "
                f"{found['ms']:14.0f}"
            )


if __name__ == "__main__":
    main()
