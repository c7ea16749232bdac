"""``eegsnn convert``."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import mne
import numpy as np
from rich.console import Console

from eegsnn._files import atomic_path
from eegsnn._validation import check_folder
from eegsnn.cli.console import plain_warnings
from eegsnn.errors import ConfigurationError
from eegsnn.recordings.formats.tables import read_table_recording
from eegsnn.recordings.formats.xdf import XDF_SUFFIXES, read_xdf_recording


def convert(arguments: argparse.Namespace) -> int:
    """Make a FIF recording of a table or of streams, and say what was understood."""
    out = Path(arguments.out)
    check_folder("out", out.parent)
    if not out.name.endswith(("_raw.fif", "_eeg.fif")) or out.is_dir():
        raise ConfigurationError(
            f"out: expected a file whose name ends in _raw.fif, but got {arguments.out!r}."
        )
    with plain_warnings(Console(stderr=True)):
        raw, left_out, parts = _read(arguments)
        with atomic_path(out) as temporary:
            raw.save(temporary, overwrite=True, verbose="error")
    counts = Counter(map(str, raw.annotations.description))
    events = ", ".join(f"{label} ({n})" for label, n in counts.most_common(20)) or "none"
    print(
        f"{out}: {len(raw.ch_names)} channels ({', '.join(raw.ch_names)}{_spread(raw)}), "
        f"{raw.info['sfreq']:g} Hz, {raw.n_times / raw.info['sfreq']:g} s; events: {events}."
    )
    if left_out:
        print(f"{parts} left out: {', '.join(left_out)}.")
    return 0


def _read(arguments: argparse.Namespace) -> tuple[mne.io.BaseRaw, list[str], str]:
    """Return the recording, what was left out of the file, and what such parts are called."""
    path = Path(arguments.file)
    given = {key: getattr(arguments, key) for key in ("unit", "channels", "events")}
    if path.name.lower().endswith(XDF_SUFFIXES):
        if arguments.sfreq is not None:
            raise ConfigurationError("--sfreq is for tables; streams tell their rate.")
        return *read_xdf_recording(path, stream=arguments.stream, **given), "Streams"
    if arguments.stream is not None:
        raise ConfigurationError(f"--stream is for {', '.join(XDF_SUFFIXES)}; this is a table.")
    given["unit"] = given["unit"] or "uV"
    return *read_table_recording(path, sfreq=arguments.sfreq, **given), "Columns"


def _spread(raw: mne.io.BaseRaw) -> str:
    """Say how large the signals are: nothing else tells of a wrong unit."""
    picks = mne.pick_types(raw.info, eeg=True)
    if not len(picks):
        return ""
    deviation = np.nanmedian(np.nanstd(raw.get_data(picks), axis=1))
    return f"; median standard deviation of EEG {1e6 * deviation:.3g} µV"
