"""MNIST: four IDX files, images and labels of the official split.

Format: LeCun, Cortes, Burges, *The MNIST database of handwritten digits*.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from eegsnn.datasets.manifest import Manifest
from eegsnn.datasets.readers._common import read_bytes
from eegsnn.errors import ConfigurationError, DataError
from eegsnn.recordings import Preprocessing, TabularDataset


def read(
    manifest: Manifest, files: dict[str, Path], preprocessing: Preprocessing | None
) -> TabularDataset:
    """Read images as rows of 784 intensities in [0, 1], float32, and digits as integers."""
    if preprocessing is not None:
        raise ConfigurationError(
            f"preprocessing: {manifest.name} holds images, not recordings. Leave it out."
        )
    tables, labels, split = [], [], []
    for part in ("train", "test"):
        entries = {
            entry.attributes["part"]: files[entry.name]
            for entry in manifest.files
            if entry.attributes["split"] == part
        }
        images, digits = parse_idx(entries["images"]), parse_idx(entries["labels"])
        tables.append(images.reshape(len(images), -1).astype(np.float32) / np.float32(255))
        labels.append(digits.astype(np.int64))
        split += [part] * len(images)
    y = np.concatenate(labels)
    return TabularDataset(
        X=np.concatenate(tables), y=y, classes=list(range(10)), split=np.array(split)
    )


def parse_idx(path: Path) -> np.ndarray:
    """Parse an IDX file (or its gzip) of unsigned bytes into an array of its own shape.

    Raises
    ------
    DataError
        If the magic number is another, or the file is shorter or longer than its header says.
    """
    content = read_bytes(path)
    if len(content) < 4 or content[:3] != b"\x00\x00\x08":
        raise DataError(f"{path}: not an IDX file of bytes.")
    n_axes = content[3]
    start = 4 + 4 * n_axes
    if len(content) < start:
        raise DataError(f"{path}: truncated within its header.")
    shape = struct.unpack(f">{n_axes}I", content[4:start])
    if len(content) - start != int(np.prod(shape)):
        raise DataError(
            f"{path}: the header promises {' × '.join(map(str, shape))} bytes, but "
            f"{len(content) - start} follow."
        )
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)
