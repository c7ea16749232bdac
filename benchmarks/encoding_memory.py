"""Measure the peak memory of `eegsnn encode` on recordings of growing length.

    python benchmarks/encoding_memory.py [--seconds 900] [--times 1 4 16] [--bands theta alpha]

Recordings of 64 channels at 160 Hz are written here as EDF, a second at a time, into a temporary
folder that is removed at the end. Each is encoded by the command in a process of its own, whose
peak resident memory the operating system counts. With --limit that process may not have more
memory than so many MiB above what it needs to start, so that holding the recording would fail.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

N_CHANNELS, SFREQ = 64, 160


def write_edf(path: Path, seconds: int) -> None:
    """Write noise that falls with frequency, ±1 mV in 16 bits, in records of one second."""
    fields: list[tuple[int, list[str]]] = [
        (16, [f"EEG{i:03d}" for i in range(N_CHANNELS)]),
        (80, ["electrode"]),
        (8, ["uV"]),
        (8, ["-1000"]),
        (8, ["1000"]),
        (8, ["-32768"]),
        (8, ["32767"]),
        (80, [""]),
        (8, [str(SFREQ)]),
        (32, [""]),
    ]
    start = [(8, "0"), (80, "X X X X"), (80, "Startdate 01-JAN-2020 X X X"), (8, "01.01.20")]
    start += [(8, "00.00.00"), (8, str(256 * (N_CHANNELS + 1))), (44, ""), (8, str(seconds))]
    start += [(8, "1"), (4, str(N_CHANNELS))]
    header = "".join(text.ljust(width) for width, text in start)
    for width, texts in fields:
        per_channel = texts * (N_CHANNELS // len(texts))
        header += "".join(text.ljust(width) for text in per_channel)
    rng = np.random.default_rng(0)
    level = np.zeros(N_CHANNELS)
    with path.open("wb") as file:
        file.write(header.encode("ascii"))
        for _ in range(seconds):
            x = rng.normal(scale=200.0, size=(SFREQ, N_CHANNELS))
            for t in range(SFREQ):
                level = 0.98 * level + x[t]
                x[t] = level
            file.write(np.clip(x.T, -32000, 32000).astype("<i2").tobytes())


def peak_of(arguments: list[str], limit: int | None) -> tuple[float, float]:
    """Run the command; return its peak memory in MiB, and its processor seconds."""
    code = "import sys; from eegsnn.cli import main; sys.exit(main(sys.argv[1:]))"
    child = os.fork()
    if child == 0:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_DATA, (limit * 2**20, limit * 2**20))
        os.execv(sys.executable, [sys.executable, "-c", code, *arguments])
    _, status, usage = os.wait4(child, 0)
    if status != 0:
        sys.exit(f"eegsnn {' '.join(arguments)} failed")
    return usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=900)
    parser.add_argument("--times", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--bands", nargs="+", default=["theta", "alpha"])
    parser.add_argument("--method", nargs="+", default=["level_crossing"])
    parser.add_argument("--formats", nargs="+", default=["npz", "events"])
    parser.add_argument("--limit", type=int, metavar="MIB", help="of data that may be allocated")
    arguments = parser.parse_args()
    print(
        f"{'recording':>10s}{'file':>10s}{'as float64':>12s}{'spikes':>10s}{'peak':>10s}{'CPU':>8s}"
    )
    for times in arguments.times:
        seconds = times * arguments.seconds
        with tempfile.TemporaryDirectory() as folder:
            recording, out = Path(folder) / "long.edf", Path(folder) / "out"
            write_edf(recording, seconds)
            command = ["encode", str(recording), "--out", str(out), "--quiet"]
            command += ["--bands", *arguments.bands, "--method", *arguments.method]
            command += ["--formats", *arguments.formats]
            peak, cpu = peak_of(command, arguments.limit)
            spikes = sum(file.stat().st_size for file in out.glob("spikes*"))
            print(
                f"{seconds:8d} s{recording.stat().st_size / 2**20:6.0f} MiB"
                f"{8 * N_CHANNELS * SFREQ * seconds / 2**20:8.0f} MiB{spikes / 2**20:6.0f} MiB"
                f"{peak:6.0f} MiB{cpu:6.0f} s",
                flush=True,
            )


if __name__ == "__main__":
    start = time.perf_counter()
    main()
    print(f"in {time.perf_counter() - start:.0f} s")
