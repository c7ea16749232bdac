"""What every library is measured on, and how: shared by the scripts ``measure_<library>.py``.

A script gives :func:`main` a function for each measure that it can do. Called as

    python measure_<library>.py --measure lif_250 --repeats 20

it prepares that one measure, runs it, and prints one line of JSON. Needs NumPy only, so that it
runs in the environment of every library. Times are wall-clock, in milliseconds; memory is that of
the process, which does nothing else.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

Prepare = Callable[[], Callable[[], object]]
"""Builds what a measure needs and returns the call to be timed; the call waits for its result."""

N_STEPS, BATCH, INPUTS, HIDDEN, CLASSES = 25, 128, 784, 256, 10
BETA, THRESHOLD, SLOPE, RATE = 0.9, 1.0, 25.0, 1e-3
POOL = 8  # batches that take turns: no library may prepare for one of them

NEURON_BATCH, NEURONS = 64, 128
NEURON_STEPS = (25, 100, 250, 1000)

MEASURES: dict[str, str] = {
    "product": "[3200, 784] @ [784, 256]",
    "training_step": "training step 784-256-10, T = 25, batch 128",
    "forward": "forward only 784-256-10, T = 25, batch 128",
    "latency": "forward only 784-256-10, T = 25, one trial",
    **{f"lif_{t}": f"LIF forward + backward, T = {t}" for t in NEURON_STEPS},
    "synaptic_250": "Synaptic forward + backward, T = 250",
    "alif_250": "Adaptive LIF forward + backward, T = 250",
    "rlif_250": "Recurrent LIF (dense) forward + backward, T = 250",
}


@dataclass(frozen=True)
class Pixels:
    """Batches that look like MNIST to an encoder: most pixels black, the others of any grey."""

    probabilities: np.ndarray  # [POOL, BATCH, INPUTS] float32
    labels: np.ndarray  # [POOL, BATCH] int32


def pixels(batch: int = BATCH) -> Pixels:
    """80 % exact zeros and the rest uniform in (0, 1); the same for every library."""
    rng = np.random.default_rng(7)
    grey = rng.random((POOL, batch, INPUTS), dtype=np.float32)
    black = rng.random((POOL, batch, INPUTS), dtype=np.float32) < 0.8
    labels = rng.integers(0, CLASSES, (POOL, batch)).astype(np.int32)
    return Pixels(np.where(black, np.float32(0), grey), labels)


def weights() -> list[tuple[np.ndarray, np.ndarray]]:
    """Weights [out, in] and biases of the two layers, uniform within ±1/√inputs."""
    rng = np.random.default_rng(8)
    layers = []
    for n_in, n_out in ((INPUTS, HIDDEN), (HIDDEN, CLASSES)):
        bound = 1 / np.sqrt(n_in)
        weight = rng.uniform(-bound, bound, (n_out, n_in)).astype(np.float32)
        layers.append((weight, rng.uniform(-bound, bound, n_out).astype(np.float32)))
    return layers


def currents(n_steps: int) -> np.ndarray:
    """Input of the neurons measured alone, [n_steps, NEURON_BATCH, NEURONS]."""
    rng = np.random.default_rng(9)
    shape = (n_steps, NEURON_BATCH, NEURONS)
    return rng.normal(0.2, 0.6, shape).astype(np.float32)


def recurrent_weight() -> np.ndarray:
    """Weight of the dense recurrence, [NEURONS, NEURONS]."""
    rng = np.random.default_rng(10)
    return (rng.normal(size=(NEURONS, NEURONS)) / np.sqrt(NEURONS)).astype(np.float32)


def matrices() -> tuple[np.ndarray, np.ndarray]:
    """Factors of the product."""
    rng = np.random.default_rng(11)
    left = rng.standard_normal((N_STEPS * BATCH, INPUTS), dtype=np.float32)
    return left, rng.standard_normal((INPUTS, HIDDEN), dtype=np.float32)


def memory() -> float:
    """Largest resident size of this process so far, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # where it is there: getrusage counts what ran before this program, too
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) / 1024
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest / (1024**2 if sys.platform == "darwin" else 1024)


def measure(prepare: Prepare, repeats: int) -> dict[str, object]:
    """Time a call: the first one apart, then a warm-up, then `repeats` (fewer of slow ones)."""
    before = memory()
    call = prepare()
    first = timed(call)
    warm = [timed(call) for _ in range(3 if first < 1000 else 1)]
    if min(warm) > 1000:
        repeats = min(repeats, 5)
    times = [timed(call) for _ in range(repeats)]
    return {
        "median_ms": round(statistics.median(times), 4),
        "min_ms": round(min(times), 4),
        "max_ms": round(max(times), 4),
        "first_ms": round(first, 3),
        "repeats": len(times),
        "memory_mb": round(memory() - before, 1),
        "memory_total_mb": round(memory(), 1),
    }


def timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return 1e3 * (time.perf_counter() - start)


def main(library: str, packages: list[str], measures: dict[str, Prepare]) -> None:
    """Measure one thing, as the command line says, and print it as a line of JSON."""
    unknown = set(measures) - set(MEASURES)
    if unknown:
        raise ValueError(f"measures that no table knows: {sorted(unknown)}")
    parser = argparse.ArgumentParser(description=f"Measure {library}.")
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--measure", choices=sorted(measures))
    group.add_argument("--list", action="store_true", help="print the names of the measures")
    parser.add_argument("--repeats", type=int, default=20)
    options = parser.parse_args()
    if options.list:
        print(json.dumps([name for name in MEASURES if name in measures]))
        return
    versions = {name: importlib.metadata.version(name) for name in packages}
    result = measure(measures[options.measure], options.repeats)
    record = {"library": library, "measure": options.measure, "versions": versions, **result}
    print(json.dumps(record), flush=True)
