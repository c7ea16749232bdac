"""``eegsnn convert``."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from rich.console import Console

from eegsnn._files import atomic_path
from eegsnn._validation import check_folder
from eegsnn.cli.console import plain_warnings
from eegsnn.errors import ConfigurationError
from eegsnn.recordings.tables import read_table_recording


def convert(arguments: argparse.Namespace) -> int:
    """Make a FIF recording of a table, and say what was understood."""
    out = Path(arguments.out)
    check_folder("out", out.parent)
    if not out.name.endswith(("_raw.fif", "_eeg.fif")) or out.is_dir():
        raise ConfigurationError(
            f"out: expected a file whose name ends in _raw.fif, but got {arguments.out!r}."
        )
    with plain_warnings(Console(stderr=True)):
        raw, left_out = read_table_recording(
            Path(arguments.table),
            sfreq=arguments.sfreq,
            unit=arguments.unit,
            channels=arguments.channels,
            events=arguments.events,
        )
        with atomic_path(out) as temporary:
            raw.save(temporary, overwrite=True, verbose="error")
    counts = Counter(map(str, raw.annotations.description))
    events = ", ".join(f"{label} ({n})" for label, n in counts.most_common(20)) or "none"
    names = ", ".join(raw.ch_names)
    print(
        f"{out}: {len(raw.ch_names)} channels ({names}) from {arguments.unit}, "
        f"{raw.info['sfreq']:g} Hz, {raw.n_times / raw.info['sfreq']:g} s; events: {events}."
    )
    if left_out:
        print(f"Columns left out: {', '.join(left_out)}.")
    return 0
