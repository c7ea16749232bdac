"""Time the codes for still inputs and for series beside snnTorch's, in one process.

    pip install '.[peers]'
    python benchmarks/spikegen.py [--repeats 9]

Each library gets what it takes: float32 arrays here, float32 tensors there; one thread and two.
Medians in milliseconds, and our time over the faster of theirs.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from snntorch import spikegen

from eegsnn.encoding import delta_encode, latency_encode, rate_encode


def median_ms(call: Callable[[], object], repeats: int) -> float:
    call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1e3 * float(np.median(times))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=9)
    repeats = parser.parse_args().repeats

    rng = np.random.default_rng(0)
    images = rng.random((128, 784), dtype=np.float32)
    series = rng.standard_normal((9600, 64 * 5), dtype=np.float32).cumsum(axis=0)  # a minute
    shown, told = torch.from_numpy(images), torch.from_numpy(series)
    cases: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "rate, 128 × 784, T = 25": (
            lambda: rate_encode(images, 25, random_state=0),
            lambda: spikegen.rate(shown, num_steps=25),
        ),
        "latency, 128 × 784, T = 25": (
            lambda: latency_encode(images, 25, tau=5.0, normalize=True),
            lambda: spikegen.latency(shown, num_steps=25, tau=5.0, normalize=True),
        ),
        "delta, 9600 × 320": (
            lambda: delta_encode(series, 0.5, off_spike=True),
            lambda: spikegen.delta(told, threshold=0.5, off_spike=True),
        ),
    }
    threads = torch.get_num_threads()
    print(f"{'ms':28s}{'eegsnn':>9s}{'snnTorch':>10s}{'one thread':>12s}{'ratio':>8s}")
    for name, (ours, theirs) in cases.items():
        own = median_ms(ours, repeats)
        other = median_ms(theirs, repeats)
        torch.set_num_threads(1)
        alone = median_ms(theirs, repeats)
        torch.set_num_threads(threads)
        print(f"{name:28s}{own:9.1f}{other:10.1f}{alone:12.1f}{own / min(other, alone):8.2f}")


if __name__ == "__main__":
    main()
