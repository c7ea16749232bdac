"""Spikes on disk: event lists that grow chunk by chunk and are never in memory as a whole."""

from __future__ import annotations

import contextlib
import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

COLUMNS: dict[str, Any] = {
    "sample": np.int64,
    "seconds": np.float64,
    "channel": np.int32,
    "band": np.int16,
    "unit": np.int16,
    "polarity": np.int8,
}
"""Columns of an event list: an entry per spike, in the order of time."""


class EventFiles:
    """Append events; make NPZ, HDF5, and MNE events or annotations of them.

    Parameters
    ----------
    folder : Path
        Where the files go.
    formats : sequence of str
    units : sequence of int
        Spike trains per channel, of every band.
    first_sample : int
        What MNE adds to sample numbers of this recording.
    names : mapping of str to list of str
        "channels" and "bands", kept beside the columns.
    labels : mapping of str to int
        Names of the codes, see :func:`event_id`; of annotations.
    """

    def __init__(
        self,
        folder: Path,
        formats: Sequence[str],
        units: Sequence[int],
        first_sample: int,
        names: Mapping[str, Sequence[str]],
        labels: Mapping[str, int],
    ) -> None:
        self.count = 0
        self._folder, self._formats, self._units = folder, formats, list(units)
        # A comma would end the description in a table of text.
        self._labels = {code: name.replace(",", ";") for name, code in labels.items()}
        self._first_sample, self._names = first_sample, names
        self._work = folder / ".columns"
        self._work.mkdir()
        self._files = {name: (self._work / name).open("wb") for name in COLUMNS}
        self._events = self._annotations = None
        if "events" in formats:
            self._events = (folder / "spikes-eve.txt").open("w", encoding="ascii")
        if "annotations" in formats:
            self._annotations = (folder / "spikes-annot.txt").open("w", encoding="utf-8")
            self._annotations.write("# MNE-Annotations\n# onset, duration, description\n")

    def append(self, columns: Mapping[str, np.ndarray]) -> None:
        """Add events that are later than all before."""
        self.count += len(columns["sample"])
        for name, dtype in COLUMNS.items():
            columns[name].astype(dtype).tofile(self._files[name])
        if self._events is None and self._annotations is None:
            return
        code = event_codes(columns, len(self._names["channels"]), self._units)
        if self._events is not None:
            # numpy.savetxt takes ten times as long, and more than all else together.
            sample = columns["sample"] + self._first_sample
            rows = zip(sample.tolist(), code.tolist(), strict=True)
            self._events.writelines(map("%d 0 %d\n".__mod__, rows))
        if self._annotations is not None:
            self._annotations.writelines(
                f"{onset:.7f},0.0,{self._labels[number]}\n"
                for onset, number in zip(columns["seconds"].tolist(), code.tolist(), strict=True)
            )

    def finish(self) -> list[str]:
        """Make the files; return their names."""
        self.close()
        written = [] if self._events is None else ["spikes-eve.txt"]
        if self._annotations is not None:
            written.append("spikes-annot.txt")
        if "npz" in self._formats:
            self._write_npz(self._folder / "spikes.npz")
            written.append("spikes.npz")
        if "hdf5" in self._formats:
            self._write_hdf5(self._folder / "spikes.h5")
            written.append("spikes.h5")
        shutil.rmtree(self._work)
        return written

    def close(self) -> None:
        """Close what is open."""
        for stream in self._files.values():
            stream.close()
        for text in (self._events, self._annotations):
            if text is not None:
                text.close()

    def _write_npz(self, path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for name, dtype in COLUMNS.items():
                with self._entry(archive, name) as entry:
                    header = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype))}
                    np.lib.format.write_array_header_1_0(
                        entry, {**header, "fortran_order": False, "shape": (self.count,)}
                    )
                    with (self._work / name).open("rb") as column:
                        shutil.copyfileobj(column, entry, 2**20)
            for name, values in self._names.items():
                with self._entry(archive, name) as entry:
                    np.lib.format.write_array(entry, np.array(values, dtype=str))

    @staticmethod
    @contextlib.contextmanager
    def _entry(archive: zipfile.ZipFile, name: str) -> Iterator[IO[bytes]]:
        # A fixed date: the same spikes are the same file.
        about = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
        about.compress_type = zipfile.ZIP_DEFLATED
        with archive.open(about, "w", force_zip64=True) as entry:
            yield entry

    def _write_hdf5(self, path: Path) -> None:
        import h5py

        with h5py.File(path, "w") as file:
            group = file.create_group("events")
            for name, dtype in COLUMNS.items():
                data = group.create_dataset(
                    name, (self.count,), dtype, **({"compression": 1} if self.count else {})
                )
                step = 2**20
                for first in range(0, self.count, step):
                    size = np.dtype(dtype).itemsize
                    part = np.fromfile(self._work / name, dtype, count=step, offset=first * size)
                    data[first : first + len(part)] = part
            for name, values in self._names.items():
                file.create_dataset(name, data=list(values), dtype=h5py.string_dtype())


def event_codes(
    columns: Mapping[str, np.ndarray], n_channels: int, units: Sequence[int]
) -> np.ndarray:
    """Return the code of each event: of its band, channel and unit, odd for +1, even for −1.

    `units` are the spike trains per channel, of every band.
    """
    per_channel = np.asarray(units, dtype=np.int64)
    first = np.concatenate([[0], np.cumsum(per_channel * n_channels)[:-1]])
    band = columns["band"].astype(np.int64)
    place = first[band] + columns["channel"] * per_channel[band] + columns["unit"]
    return 2 * place + np.where(columns["polarity"] > 0, 1, 2)


def event_id(
    bands: Sequence[str],
    channels: Sequence[str],
    units: Sequence[Sequence[str]],
    bipolar: Sequence[bool],
) -> dict[str, int]:
    """Names of the codes of :func:`event_codes`, as MNE's ``event_id`` takes them.

    `units` and `bipolar` are of every band.

    Examples
    --------
    >>> event_id(["alpha"], ["C3", "C4"], [[""]], bipolar=[True])
    {'C3/alpha/up': 1, 'C3/alpha/down': 2, 'C4/alpha/up': 3, 'C4/alpha/down': 4}
    """
    found: dict[str, int] = {}
    place = 0
    for band, names, both in zip(bands, units, bipolar, strict=True):
        for channel in channels:
            for unit in names:
                label = "/".join(part for part in (channel, band, unit.lstrip("_")) if part)
                found[f"{label}/up"] = 2 * place + 1
                if both:
                    found[f"{label}/down"] = 2 * place + 2
                place += 1
    return found
