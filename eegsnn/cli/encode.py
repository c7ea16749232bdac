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

from eegsnn._validation import suggestion
from eegsnn.cli.console import plain_warnings
from eegsnn.errors import ConfigurationError
from eegsnn.filters import resolve_bands
from eegsnn.study import StudySettings, encode_recording


def encode(arguments: argparse.Namespace) -> int:
    """Encode a recording into spikes; say where they are."""
    bands = read_bands(arguments.bands)
    method, shared = read_methods(arguments.method, arguments.settings, bands)
    settings = StudySettings(
        method,
        shared,
        bands,
        phase=arguments.phase,
        order=arguments.order,
        picks=_one_or_all(arguments.picks),
        scale=arguments.scale,
        chunk=arguments.chunk,
        formats=tuple(dict.fromkeys(arguments.formats)),
        bad=arguments.bad,
        duplicates=arguments.duplicates,
    )
    stem = Path(arguments.recording).name.partition(".")[0]
    folder = Path(
        arguments.out
        or Path("results") / f"{stem}-{'+'.join(dict.fromkeys(settings.band_methods()))}"
    )
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


def read_methods(
    words: list[str], settings: list[str], bands: Any
) -> tuple[str | dict[str, Any], dict[str, Any]]:
    """Return the method, or one for every band with its settings, and the settings of all.

    A word is NAME, for all bands or those without one of their own, or BAND=NAME; a setting is
    KEY=VALUE, or BAND.KEY=VALUE.

    Examples
    --------
    >>> read_methods(["bsa"], ["n_taps=9"], ["alpha"])
    ('bsa', {'n_taps': 9})
    >>> read_methods(["bsa", "theta=step_forward"], ["theta.threshold=1"], ["theta", "alpha"])
    ({'theta': {'method': 'step_forward', 'threshold': 1}, 'alpha': {'method': 'bsa'}}, {})
    """
    common = [word for word in words if "=" not in word]
    if len(common) > 1:
        raise ConfigurationError(
            f"method: expected one name for all bands, and others as BAND=NAME, but got "
            f"{' '.join(common)}."
        )
    own = dict(word.split("=", 1) for word in words if "=" in word)
    values = read_settings(settings)
    shared = {key: value for key, value in values.items() if "." not in key}
    apart = [(*key.split(".", 1), value) for key, value in values.items() if "." in key]
    if not own and not apart:
        return common[0], shared
    names = [band.name for band in resolve_bands(bands)]
    for name in [*own, *(band for band, _, _ in apart)]:
        if name not in names:
            raise ConfigurationError(
                f"method: there is no band {name!r}, but {', '.join(names)}."
                f"{suggestion(name, names)}"
            )
    chosen = {name: own.get(name, common[0] if common else None) for name in names}
    methods = {name: {"method": method} for name, method in chosen.items() if method is not None}
    for band, key, value in apart:
        if band in methods:
            methods[band][key] = value
    return methods, shared


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
    words += ["--method", *arguments.method]
    for setting in arguments.settings:
        words += ["--set", setting]
    words += ["--phase", settings.phase, "--order", str(settings.order)]
    words += ["--picks", *arguments.picks]
    if settings.bad != "exclude":
        words += ["--bad", settings.bad]
    if settings.duplicates != "error":
        words += ["--duplicates", settings.duplicates]
    if settings.scale != 1:
        words += ["--scale", f"{settings.scale:g}"]
    return shlex.join(words)


def _one_or_all(picks: list[str]) -> str | list[str]:
    return picks[0] if len(picks) == 1 else picks
