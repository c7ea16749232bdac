"""``eegsnn encode``."""

from __future__ import annotations

import argparse
import shlex
import sys
import tomllib
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed

from eegsnn.cli.console import plain_warnings
from eegsnn.errors import ConfigurationError
from eegsnn.study import StudySettings, encode_recording


def encode(arguments: argparse.Namespace) -> int:
    """Encode a recording into spikes; say where they are."""
    settings = StudySettings(
        arguments.method,
        read_settings(arguments.settings),
        read_bands(arguments.bands),
        phase=arguments.phase,
        order=arguments.order,
        picks=_one_or_all(arguments.picks),
        scale=arguments.scale,
        chunk=arguments.chunk,
        formats=tuple(dict.fromkeys(arguments.formats)),
    )
    stem = Path(arguments.recording).name.partition(".")[0]
    folder = Path(arguments.out or Path("results") / f"{stem}-{arguments.method}")
    errors = Console(stderr=True)
    if settings.phase == "zero" and not arguments.quiet:
        print("Zero-phase filters: the whole recording is loaded, once per band.", file=sys.stderr)
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), TaskProgressColumn())
    hidden = arguments.quiet or not errors.is_terminal
    with (
        plain_warnings(errors),
        Progress(*columns, Elapsed(), console=errors, transient=True, disable=hidden) as bar,
    ):
        task = bar.add_task("reading", total=None)

        def progress(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total)

        try:
            outcome = encode_recording(
                arguments.recording,
                folder,
                settings,
                report=not arguments.no_report,
                command=_command(arguments, settings),
                progress=progress,
            )
        except KeyboardInterrupt as interruption:
            interruption.message = "Interrupted: nothing was written."  # type: ignore[attr-defined]
            raise
    if not arguments.quiet:
        print(f"{outcome.n_spikes} spikes in {folder}: {', '.join(outcome.files)}")
    return 0


def read_bands(words: list[str]) -> Any:
    """Return what :func:`eegsnn.filters.resolve_bands` takes.

    Examples
    --------
    >>> read_bands(["standard"])
    'standard'
    >>> read_bands(["alpha", "slow=0-1"])
    ['alpha', {'name': 'slow', 'low': 0.0, 'high': 1.0}]
    """
    if len(words) == 1 and "=" not in words[0]:
        return words[0]
    return [_read_band(word) if "=" in word else word for word in words]


def _read_band(word: str) -> dict[str, Any]:
    name, _, edges = word.partition("=")
    low, dash, high = edges.partition("-")
    try:
        if not dash:
            raise ValueError
        return {"name": name, "low": float(low or 0), "high": float(high) if high else None}
    except ValueError:
        raise ConfigurationError(
            f"bands: expected NAME=LOW-HIGH in Hz, such as mu=8-13, but got {word!r}."
        ) from None


def read_settings(words: list[str]) -> dict[str, Any]:
    """Return the encoder's settings from KEY=VALUE, the value as in TOML; a bare word is text.

    Examples
    --------
    >>> read_settings(["threshold=0.25", "kernel=boxcar"])
    {'threshold': 0.25, 'kernel': 'boxcar'}
    """
    found: dict[str, Any] = {}
    for word in words:
        key, sign, value = word.partition("=")
        if not sign or not key.strip() or not value.strip():
            raise ConfigurationError(f"set: expected KEY=VALUE, but got {word!r}.")
        try:
            found[key.strip()] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            found[key.strip()] = value.strip()
    return found


def _command(arguments: argparse.Namespace, settings: StudySettings) -> str:
    """Return the command that makes this again, with what was left to defaults spelled out."""
    words = ["eegsnn", "encode", Path(arguments.recording).name, "--bands", *arguments.bands]
    words += ["--method", settings.method]
    for setting in arguments.settings:
        words += ["--set", setting]
    words += ["--phase", settings.phase, "--order", str(settings.order)]
    words += ["--picks", *arguments.picks]
    if settings.scale != 1:
        words += ["--scale", f"{settings.scale:g}"]
    return shlex.join(words)


def _one_or_all(picks: list[str]) -> str | list[str]:
    return picks[0] if len(picks) == 1 else picks
