"""``eegsnn predict``."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from rich.console import Console

from eegsnn.cli.console import plain_warnings
from eegsnn.errors import ConfigurationError
from eegsnn.pipeline.decisions import check_output
from eegsnn.pipeline.predict import predict_recording
from eegsnn.recordings.trial_files import is_trial_file


def predict(arguments: argparse.Namespace) -> int:
    """Decide about a recording; print the decisions or write them to a file."""
    errors = Console(stderr=True)
    if arguments.out is not None:
        kind = check_output(arguments.out)  # before the work, not after it
        if kind == "annotations" and is_trial_file(Path(arguments.recording)):
            raise ConfigurationError(
                f"out: annotations lie in a recording, but {arguments.recording} holds trials that "
                f"are cut. Give a name that ends in .csv."
            )
    with plain_warnings(errors):
        decisions = predict_recording(
            arguments.model,
            arguments.recording,
            window=arguments.window,
            step=arguments.step,
            events=arguments.events,
            resample=arguments.resample,
            scale=arguments.scale,
            estimate_missing=arguments.estimate_missing,
        )
    if arguments.out is None:
        sys.stdout.write(decisions.to_csv())
    else:
        decisions.save(arguments.out)
        counts = ", ".join(f"{label}: {n}" for label, n in Counter(decisions.labels).most_common())
        print(f"{len(decisions.labels)} decisions ({counts}) in {arguments.out}")
    if decisions.estimated:
        channels = ", ".join(f"{name} ({count})" for name, count in decisions.estimated.items())
        print(
            f"Spoilt channels, estimated from the others (in how many decisions): {channels}.",
            file=sys.stderr,
        )
    if decisions.skipped:
        print(
            f"{decisions.skipped} windows were left out: BAD annotation, or beyond the recording.",
            file=sys.stderr,
        )
    return 0
