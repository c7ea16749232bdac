"""Readers: files of one layout → trials. A manifest names its reader.

To add one, write a module with a function ``read(manifest, files, preprocessing, *, option=…)``
and enter it in `READERS`. Its keyword-only parameters are the options of `load_dataset`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eegsnn._validation import check_choice
from eegsnn.datasets.manifest import Manifest
from eegsnn.datasets.readers import (
    bonn,
    eegmmidb,
    eye_state,
    mnist,
    recordings,
    ssvep_exo,
    ts,
    uci_alcoholism,
)
from eegsnn.recordings import EEGDataset, TabularDataset


@dataclass(frozen=True)
class Reader:
    """A way to read: `read` makes trials of files, the others are there where a reader has them.

    `wanted` names the files that the options need; `content_sha256` hashes the numbers in a file;
    `build` makes the file out of what a source offers.
    """

    read: Callable[..., EEGDataset | TabularDataset]
    wanted: Callable[..., list[str]] | None = None
    content_sha256: Callable[[Path], str] | None = None
    build: Callable[[Path, Path], None] | None = None


READERS: Mapping[str, Reader] = {
    "ts": Reader(ts.read),
    "ssvep_exo": Reader(ssvep_exo.read, wanted=ssvep_exo.wanted),
    "eegmmidb": Reader(eegmmidb.read, wanted=eegmmidb.wanted),
    "uci_alcoholism": Reader(
        uci_alcoholism.read,
        content_sha256=uci_alcoholism.content_sha256,
        build=uci_alcoholism.build,
    ),
    "bonn": Reader(bonn.read),
    "eye_state": Reader(eye_state.read),
    "mnist": Reader(mnist.read),
    "recordings": Reader(recordings.read),
}


def reader_for(manifest: Manifest) -> Reader:
    """Return the reader that a manifest names; ConfigurationError lists the readers if unknown."""
    name: Any = check_choice(f"{manifest.name}: reader", manifest.reader, READERS)
    return READERS[name]
