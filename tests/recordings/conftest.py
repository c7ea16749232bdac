"""Small recordings with known content, in formats that need no writer beyond a few bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import mne
import numpy as np
import pytest


def _field(text: object, width: int) -> bytes:
    return str(text).ljust(width).encode("ascii")[:width]


def write_edf(
    path: Path,
    microvolts: np.ndarray | Sequence[np.ndarray],
    names: Sequence[str],
    sfreq: int | Sequence[int],
) -> Path:
    """Write whole seconds of channels as plain EDF, in steps of 0.1 µV; each may have its rate."""
    n_channels = len(microvolts)
    rates = [sfreq] * n_channels if isinstance(sfreq, int) else sfreq
    n_records = min(len(row) // rate for row, rate in zip(microvolts, rates, strict=True))
    header = _field(0, 8) + _field("X X X X", 80) + _field("Startdate X X X X", 80)
    header += _field("01.01.24", 8) + _field("00.00.00", 8) + _field(256 * (n_channels + 1), 8)
    header += _field("", 44) + _field(n_records, 8) + _field(1, 8) + _field(n_channels, 4)
    for values, width in [
        (names, 16),
        ([""] * n_channels, 80),
        (["uV"] * n_channels, 8),
        ([-3276.8] * n_channels, 8),
        ([3276.7] * n_channels, 8),
        ([-32768] * n_channels, 8),
        ([32767] * n_channels, 8),
        ([""] * n_channels, 80),
        (rates, 8),
        ([""] * n_channels, 32),
    ]:
        header += b"".join(_field(value, width) for value in values)
    records = np.hstack(
        [
            np.round(row[: n_records * rate] * 10).astype("<i2").reshape(n_records, rate)
            for row, rate in zip(microvolts, rates, strict=True)
        ]
    )
    path.write_bytes(header + records.tobytes())
    return path


def write_brainvision(
    folder: Path, microvolts: np.ndarray, names: Sequence[str], sfreq: int
) -> Path:
    """Write (channels, times) as BrainVision float32, with one stimulus in the last second."""
    channels = "\n".join(f"Ch{i}={name},,1,µV" for i, name in enumerate(names, start=1))
    late = microvolts.shape[1] - sfreq // 2
    (folder / "rec.eeg").write_bytes(microvolts.T.astype("<f4").tobytes())
    (folder / "rec.vmrk").write_text(
        "Brain Vision Data Exchange Marker File, Version 1.0\n\n[Common Infos]\nCodepage=UTF-8\n"
        "DataFile=rec.eeg\n\n[Marker Infos]\nMk1=New Segment,,1,1,0,20240101000000000000\n"
        f"Mk2=Stimulus,S  1,{late},1,0\n"
    )
    (folder / "rec.vhdr").write_text(
        "Brain Vision Data Exchange Header File Version 1.0\n\n[Common Infos]\nCodepage=UTF-8\n"
        "DataFile=rec.eeg\nMarkerFile=rec.vmrk\nDataFormat=BINARY\n"
        f"DataOrientation=MULTIPLEXED\nNumberOfChannels={len(names)}\n"
        f"SamplingInterval={1e6 / sfreq:g}\n\n[Binary Infos]\nBinaryFormat=IEEE_FLOAT_32\n\n"
        f"[Channel Infos]\n{channels}\n",
        encoding="utf-8",
    )
    return folder / "rec.vhdr"


@pytest.fixture
def edf(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes an EDF file and returns its path."""

    def make(
        microvolts: np.ndarray | Sequence[np.ndarray],
        names: Sequence[str],
        sfreq: int | Sequence[int] = 100,
        name: str = "rec.edf",
    ) -> Path:
        return write_edf(tmp_path / name, microvolts, names, sfreq)

    return make


@pytest.fixture
def brainvision(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a BrainVision recording and returns its header's path."""

    def make(microvolts: np.ndarray, names: Sequence[str], sfreq: int = 100) -> Path:
        return write_brainvision(tmp_path, microvolts, names, sfreq)

    return make


@pytest.fixture
def make_raw() -> Callable[..., mne.io.RawArray]:
    """A function that makes a Raw of (channels, times) in volts, with annotations."""

    def make(
        volts: np.ndarray,
        names: Sequence[str],
        sfreq: float = 100.0,
        types: str | list[str] = "eeg",
        annotations: Sequence[tuple[float, float, str]] = (),
    ) -> mne.io.RawArray:
        info = mne.create_info(list(names), sfreq, types)
        raw = mne.io.RawArray(volts, info, verbose="error")
        if annotations:
            onsets, durations, labels = zip(*annotations, strict=True)
            raw.set_annotations(mne.Annotations(onsets, durations, labels))
        return raw

    return make
