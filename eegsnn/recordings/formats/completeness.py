"""Does a file hold what its header promises? For formats whose readers shorten instead of failing.

EDF and BDF: Kemp et al., *EDF*, Electroencephalogr. Clin. Neurophysiol. 82 (1992); GDF: Schlögl,
arXiv:cs/0608052. All three begin with a fixed header of 256 bytes.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path

from eegsnn.errors import RecordingError

# GDF: code of a sample's type → bytes.
_GDF_BYTES = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 8, 8: 8, 16: 4, 17: 8, 279: 3, 535: 3}


def check_complete(path: Path, suffix: str) -> None:
    """Refuse a file that is shorter than its header says.

    Raises
    ------
    RecordingError
        If samples are missing: the message says how much is promised and how much is there. Also
        if the header itself is cut or is not of this format.
    """
    if suffix in (".edf", ".bdf"):
        _check_edf(path, 3 if suffix == ".bdf" else 2)
    elif suffix == ".gdf":
        _check_gdf(path)
    elif suffix in (".vhdr", ".ahdr"):
        _check_brainvision(path)


def _check_edf(path: Path, sample_bytes: int) -> None:
    with path.open("rb") as stream:
        fixed = _read(stream, 256, path)
        try:
            header_bytes, n_records = int(fixed[184:192]), int(fixed[236:244])
            n_signals = int(fixed[252:256])
            _read(stream, 216 * n_signals, path)
            lengths = _read(stream, 8 * n_signals, path)
            per_record = sum(int(lengths[8 * i : 8 * i + 8]) for i in range(n_signals))
        except ValueError as error:
            if isinstance(error, RecordingError):
                raise
            raise RecordingError(
                f"{path}: the header is not that of an {path.suffix[1:].upper()} file ({error})."
            ) from error
    # −1: the recorder never closed the file, so that no length was promised.
    if n_records >= 0:
        _compare(path, header_bytes, n_records, per_record * sample_bytes)


def _check_gdf(path: Path) -> None:
    with path.open("rb") as stream:
        fixed = _read(stream, 256, path)
        if fixed[:3] != b"GDF":
            raise RecordingError(f"{path}: the header is not that of a GDF file.")
        recent = float(fixed[4:8]) >= 1.9
        (n_records,) = struct.unpack_from("<q", fixed, 236)
        n_signals = struct.unpack_from("<H" if recent else "<I", fixed, 252)[0]
        blocks = struct.unpack_from("<H", fixed, 184)[0]
        header_bytes = 256 * blocks if recent else struct.unpack_from("<q", fixed, 184)[0]
        _read(stream, 216 * n_signals, path)
        lengths = struct.unpack(f"<{n_signals}I", _read(stream, 4 * n_signals, path))
        types = struct.unpack(f"<{n_signals}I", _read(stream, 4 * n_signals, path))
    if n_records >= 0 and all(code in _GDF_BYTES for code in types):
        record = sum(n * _GDF_BYTES[code] for n, code in zip(lengths, types, strict=True))
        _compare(path, header_bytes, n_records, record)


def _check_brainvision(path: Path) -> None:
    """Check for whole samples: without DataPoints a .vhdr promises no more than that."""
    text = path.read_bytes().decode("utf-8", errors="replace")

    def value(key: str) -> str | None:
        found = re.search(rf"^{key}\s*=\s*(.+?)\s*$", text, re.MULTILINE | re.IGNORECASE)
        return found[1] if found else None

    data_name, channels = value("DataFile"), value("NumberOfChannels")
    if data_name is None or channels is None or not channels.isdigit():
        raise RecordingError(
            f"{path}: the header is not that of a BrainVision recording: it names no DataFile or "
            f"no NumberOfChannels."
        )
    data = path.parent / data_name.replace("$b", path.stem)
    if not data.is_file():
        raise RecordingError(f"{path}: its data file {data.name} is not beside it.")
    width = {"INT_16": 2, "UINT_16": 2, "IEEE_FLOAT_32": 4}.get(value("BinaryFormat") or "")
    if width is None:  # a text recording: its lines are counted by the reader
        return
    size, frame = data.stat().st_size, int(channels) * width
    promised = value("DataPoints")
    if size == 0 or size % frame or (promised and int(promised) * frame > size):
        raise RecordingError(
            f"{path}: truncated: {data.name} holds {size} bytes, which is not "
            + (f"{promised} samples" if promised else "a whole number of samples")
            + f" of {channels} channels × {width} bytes."
        )


def _compare(path: Path, header_bytes: int, n_records: int, record_bytes: int) -> None:
    size = path.stat().st_size
    if size < header_bytes + n_records * record_bytes:
        held = max(0, size - header_bytes) // record_bytes if record_bytes else 0
        raise RecordingError(
            f"{path}: truncated: the header promises {n_records} data records, but the file holds "
            f"only {held} whole ones. Fetch it again."
        )


def _read(stream: object, n_bytes: int, path: Path) -> bytes:
    content: bytes = stream.read(n_bytes)  # type: ignore[attr-defined]
    if len(content) < n_bytes:
        raise RecordingError(f"{path}: truncated within its header.")
    return content
