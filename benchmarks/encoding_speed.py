"""Time every encoder of signals on a long recording, beside the plain loops it must equal.

    python benchmarks/encoding_speed.py [--seconds 3600] [--loop-seconds 30] [--cpu]

The recording is made here: 64 channels of 1/f noise at 160 Hz, filtered into five bands. The plain
loops are the reference implementations of the tests, one NumPy step per sample over all channels;
their cost grows with time alone, so that they are timed on a shorter stretch. "× real time" counts
all channels and bands, without and with the band filters. On a machine that others use too, --cpu
counts the time that the processor gave, of all threads together.
"""

from __future__ import annotations

import argparse
import resource
import time
import warnings
from collections.abc import Callable

import numpy as np

from eegsnn.encoding import crossing, delta, make_encoder, modulation, rate, spikers, window
from eegsnn.errors import SlewLimitWarning
from eegsnn.filters import BAND_SETS, apply_filter, design_filter

SFREQ, N_CHANNELS = 160.0, 64
BANDS = BAND_SETS["standard"]
TAPS = spikers.spiker_taps(5)

# Encoders whose every sample waits for the one before, with the loop that each must equal.
LOOPS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "level_crossing": lambda z: delta.level_crossing_reference(z, 0.5),
    "step_forward": lambda z: delta.step_forward_reference(z, 0.5),
    "moving_window": lambda z: window.moving_window_reference(z, 0.5, 25),
    "threshold_crossing": lambda z: crossing.threshold_crossing_reference(z, 1.0, 0.25, 0),
    "regular": lambda z: rate.signed_rate_reference(z, 1.0),
    "sigma_delta": lambda z: modulation.sigma_delta_reference(z, 3.0),
    "bsa": lambda z: spikers.spiker_reference(positive(z), TAPS, 0.5, "bsa"),
    "hsa": lambda z: spikers.spiker_reference(positive(z), TAPS, 0.0, "hsa"),
    "modified_hsa": lambda z: spikers.spiker_reference(positive(z), TAPS, 0.1, "modified_hsa"),
}
OTHERS = ("temporal_contrast", "poisson", "direct")


def positive(z: np.ndarray) -> np.ndarray:
    low, high = z.min(axis=1, keepdims=True), z.max(axis=1, keepdims=True)
    return np.clip((z - low) / (high - low), 0.0, 1.0)


def recording(seconds: float) -> np.ndarray:
    """Noise falling with frequency, in volts, (channels, times)."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((N_CHANNELS, int(seconds * SFREQ)))
    for row in x:
        np.cumsum(row, out=row)
        row -= row.mean()
    return 1e-6 * x


def timed(call: Callable[[], object], clock: Callable[[], float]) -> float:
    start = clock()
    call()
    return clock() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--loop-seconds", type=float, default=30.0)
    parser.add_argument("--cpu", action="store_true", help="processor time, all cores added up")
    arguments = parser.parse_args()
    clock = time.process_time if arguments.cpu else time.perf_counter
    warnings.simplefilter("ignore", SlewLimitWarning)

    raw = recording(arguments.seconds)
    n_samples = raw.size * len(BANDS)
    filters = [design_filter(band, SFREQ) for band in BANDS]
    names = [*LOOPS, *OTHERS]
    for name in names:  # compile
        make_encoder(name).fit_transform(raw[None, :, :2000])
    apply_filter(raw, filters[0])

    filtering = {"causal": 0.0, "zero": 0.0}
    encoding = dict.fromkeys(names, 0.0)
    looping = dict.fromkeys(LOOPS, 0.0)
    n_loop = int(arguments.loop_seconds * SFREQ)
    for band_filter in filters:
        for phase in filtering:
            filtering[phase] += timed(
                lambda p=phase, f=band_filter: apply_filter(raw, f, phase=p), clock
            )
        band = apply_filter(raw, band_filter, phase="causal")[None]
        for name in names:
            encoder = make_encoder(name).fit(band)
            encoding[name] += timed(lambda e=encoder, b=band: e.transform(b), clock)
        z = (band[0] - band[0].mean(axis=1, keepdims=True)) / band[0].std(axis=1, keepdims=True)
        z = np.ascontiguousarray(z[:, :n_loop])
        for name, loop in LOOPS.items():
            looping[name] += timed(lambda run=loop, z=z: run(z), clock) * raw.shape[1] / z.shape[1]

    print(f"{N_CHANNELS} channels × {SFREQ:g} Hz × {len(BANDS)} bands × {arguments.seconds:g} s")
    for phase, seconds in filtering.items():
        print(
            f"filters, {phase:6s} {seconds:8.2f} s  {arguments.seconds / seconds:8.0f} × real time"
        )
    header = f"{'encoder':20s}{'s':>8s}{'ns/sample':>11s}{'loop s':>9s}{'× loop':>8s}"
    print(f"{header}{'× real time':>13s}{'with causal filters':>21s}")
    for name in names:
        seconds, total = encoding[name], encoding[name] + filtering["causal"]
        line = f"{name:20s}{seconds:8.2f}{1e9 * seconds / n_samples:11.2f}"
        loop = looping.get(name)
        line += f"{loop:9.1f}{loop / seconds:8.0f}" if loop else f"{'':17s}"
        print(f"{line}{arguments.seconds / seconds:13.0f}{arguments.seconds / total:21.0f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"memory: peak {peak:.0f} MiB, of which the recording {raw.nbytes / 2**20:.0f} MiB")


if __name__ == "__main__":
    main()
