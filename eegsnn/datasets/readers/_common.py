"""What several readers need."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from eegsnn.datasets.manifest import FileEntry, Manifest
from eegsnn.errors import ConfigurationError, DataError


def read_bytes(path: Path) -> bytes:
    """Return a file's content, decompressed if it is gzip.

    Raises
    ------
    DataError
        If the compressed stream is damaged.
    """
    content = path.read_bytes()
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: damaged gzip file ({error}).") from error


def entries_where(manifest: Manifest, **wanted: Any) -> list[FileEntry]:
    """Return the files whose attributes are as asked; a list asks for one of several values.

    Raises
    ------
    ConfigurationError
        If a value that is asked for occurs in no file: those that occur are listed.
    """
    entries = list(manifest.files)
    for key, value in wanted.items():
        if value is None:
            continue
        asked = _as_texts(value)
        there = sorted({str(entry.attributes.get(key)) for entry in manifest.files})
        odd = [text for text in asked if text not in there]
        if odd:
            raise ConfigurationError(
                f"{manifest.name}: no {key} {', '.join(odd)}. Available: {', '.join(there)}."
            )
        entries = [entry for entry in entries if str(entry.attributes.get(key)) in asked]
    return entries


def _as_texts(value: Any) -> list[str]:
    several = isinstance(value, Iterable) and not isinstance(value, str)
    return [str(item) for item in value] if several else [str(value)]
