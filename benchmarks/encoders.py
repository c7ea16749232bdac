"""Every encoder in every band of a recording: how faithful, and how many spikes.

    python benchmarks/encoders.py RECORDING [--bands standard] [--encoders NAME ...]

Median over channels of the signal-to-noise ratio of the reconstruction in dB, and of spikes per
second, each encoder with its default parameters. "–": the code has no inverse, or no spikes.
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np

from eegsnn import read_recording
from eegsnn.encoding import ENCODERS
from eegsnn.errors import EegsnnWarning
from eegsnn.filters import resolve_bands
from eegsnn.measures import compare_encoders


def cell(values: list[float], digits: int) -> str:
    known = [value for value in values if np.isfinite(value)]
    return f"{np.median(known):.{digits}f}" if known else "–"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recording")
    parser.add_argument("--bands", default="standard")
    parser.add_argument("--encoders", nargs="+", default=list(ENCODERS))
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", EegsnnWarning)

    raw = read_recording(arguments.recording).pick("eeg")
    bands = [band.name for band in resolve_bands(arguments.bands)]
    rows = compare_encoders(raw, arguments.encoders, arguments.bands, frame="records")
    sfreq, seconds = raw.info["sfreq"], raw.times[-1]
    print(f"{len(raw.ch_names)} channels, {sfreq:g} Hz, {seconds:.0f} s; SNR in dB / spikes per s")
    print(f"{'encoder':20s}" + "".join(f"{band:>14s}" for band in bands))
    for encoder in arguments.encoders:
        cells = []
        for band in bands:
            here = [row for row in rows if row["encoder"] == encoder and row["band"] == band]
            snr = cell([row["snr"] for row in here], 1)
            rate = cell([row["spikes_per_second"] for row in here], 0)
            cells.append(f"{f'{snr} / {rate}':>14s}")
        print(f"{encoder:20s}" + "".join(cells))


if __name__ == "__main__":
    main()
