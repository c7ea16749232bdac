"""Streams of the Lab Streaming Layer become recordings; what they do not tell is asked for."""

import gzip
import struct
import sys

import numpy as np
import pytest

from eegsnn.cli import main
from eegsnn.errors import DataTrapWarning, DependencyError, EegsnnError, RecordingError
from eegsnn.recordings import open_recording, read_recording
from eegsnn.recordings.formats.xdf import read_xdf_recording

SFREQ = 100.0
SIGNAL = np.random.default_rng(0).normal(scale=20, size=(3, 500))
# Seconds since the start of a computer, as such clocks count.
START = 5000.0


def channel(label, kind="EEG", unit="microvolts"):
    return {"label": label, "type": kind, "unit": unit}


CHANNELS = [channel("C3"), channel("Cz"), channel("C4")]


def signals(values=SIGNAL, channels=CHANNELS, times=None, **more):
    times = START + np.arange(values.shape[1]) / SFREQ if times is None else times
    told = {"name": "amplifier", "type": "EEG", "nominal_srate": SFREQ} | more
    return {"values": values.T, "times": times, "channels": channels, **told}


def markers(*events, name="markers", **more):
    told = {"name": name, "type": "Markers", "nominal_srate": 0} | more
    values = [row if isinstance(row, tuple) else (row,) for _, row in events]
    return {"values": values, "times": [START + at for at, _ in events], **told}


def _xml(name, content):
    if isinstance(content, dict):
        content = "".join(_xml(key, value) for key, value in content.items())
    elif isinstance(content, list):
        return "".join(_xml(name, one) for one in content)
    return f"<{name}>{content}</{name}>"


def _chunk(tag, content):
    return b"\x04" + struct.pack("<IH", len(content) + 2, tag) + content


def _sample(time, row, text):
    cells = (str(v).encode() for v in row)
    written = [b"\x04" + struct.pack("<I", len(c)) + c for c in cells] if text else []
    return (
        b"\x08"
        + struct.pack("<d", time)
        + (b"".join(written) or struct.pack(f"<{len(row)}d", *row))
    )


@pytest.fixture
def save(tmp_path):
    """A function that writes streams as the format defines them, and returns the file."""

    def write(*streams, name="session.xdf"):
        content = b"XDF:" + _chunk(1, _xml("info", {"version": "1.0"}).encode())
        for number, stream in enumerate(streams, start=1):
            key = struct.pack("<I", number)
            text = stream["type"] == "Markers" and "channel_format" not in stream
            header = {k: stream[k] for k in ("name", "type", "nominal_srate")}
            header["channel_count"] = len(stream["values"][0])
            header["channel_format"] = "string" if text else "double64"
            if "channels" in stream:
                header["desc"] = {"channels": {"channel": stream["channels"]}}
            content += _chunk(2, key + _xml("info", header).encode())
            rows = zip(stream["times"], stream["values"], strict=True)
            samples = [_sample(time, row, text) for time, row in rows]
            for k in range(0, len(samples), 50):
                part = samples[k : k + 50]
                count = b"\x04" + struct.pack("<I", len(part))
                content += _chunk(3, key + count + b"".join(part))
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def notes(raw):
    return [(round(n["onset"], 6), n["description"]) for n in raw.annotations if n["duration"] == 0]


def test_signals_in_volts_and_markers_at_their_samples(save):
    path = save(signals(), markers((1.004, "left"), (2.0, "right"), (3.007, "2.0")))
    for raw in (read_recording(path), open_recording(path)):
        np.testing.assert_allclose(raw.get_data(), SIGNAL * 1e-6, atol=1e-12)
        assert (raw.ch_names, raw.info["sfreq"]) == (["C3", "Cz", "C4"], SFREQ)
        assert notes(raw) == [(1.0, "left"), (2.0, "right"), (3.01, "2")]


def test_a_compressed_file(save):
    path = save(signals())
    packed = path.with_suffix(".xdfz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read_recording(packed).ch_names == ["C3", "Cz", "C4"]


def test_without_the_library(save, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyxdf", None)
    with pytest.raises(DependencyError, match=r"pip install 'eegsnn\[xdf\]'"):
        read_recording(save(signals()))


def test_events_stay_on_time_where_the_clock_of_the_amplifier_is_slow(save):
    path = save(signals(times=START + np.arange(500) / 98.0), markers((4.0, "go")))
    raw = read_recording(path)
    assert raw.info["sfreq"] == SFREQ
    assert notes(raw) == [(3.92, "go")]  # sample 392 was taken 4 s after the first


def test_a_rate_that_is_not_the_declared_one(save):
    path = save(signals(times=START + np.arange(500) / 125.0), markers((2.0, "go")))
    with pytest.warns(DataTrapWarning, match=r"declares 100 Hz, but its times say 125 Hz"):
        raw = read_recording(path)
    assert raw.info["sfreq"] == 125
    assert notes(raw) == [(2.0, "go")]


def test_missing_samples_are_marked(save):
    times = START + np.arange(500) / SFREQ + 3 * (np.arange(500) >= 200)
    path = save(signals(times=times), markers((1.0, "a"), (6.0, "b"), (90.0, "late")))
    with pytest.warns(DataTrapWarning) as caught:
        raw = read_recording(path)
    told = " ".join(str(one.message) for one in caught)
    assert "missing in 1 places, 3.0 s in all, the first after 2.0 s" in told
    assert "1 of 3 markers lie before or after" in told
    assert notes(raw) == [(1.0, "a"), (2.0, "BAD_gap"), (3.0, "b")]


def test_channels_that_are_no_eeg(save):
    kinds = [channel("C3"), channel("EOG1", "EOG", "mV"), channel("trig", "Trigger", "")]
    path = save(signals(channels=kinds))
    assert read_recording(path).ch_names == ["C3"]
    raw = read_recording(path, picks=["eeg", "eog", "stim"])
    assert raw.get_channel_types() == ["eeg", "eog", "stim"]
    np.testing.assert_allclose(raw.get_data(), SIGNAL * [[1e-6], [1e-3], [1]], rtol=1e-9)


def test_a_stream_without_meta_data(save):
    bare = signals()
    del bare["channels"]
    path = save(bare)
    with pytest.warns(DataTrapWarning, match=r"no unit is told for 3 of 3 channels.*microvolts"):
        raw, _ = read_xdf_recording(path)
    assert raw.ch_names == ["1", "2", "3"]
    raw, _ = read_xdf_recording(path, unit="mV", channels=["3=Oz", "1=O1"])
    assert raw.ch_names == ["Oz", "O1"]
    np.testing.assert_allclose(raw.get_data(), SIGNAL[[2, 0]] * 1e-3)


def test_several_streams(save, capsys):
    other = signals(SIGNAL[:2], CHANNELS[:2], name="cap")
    motion = signals(type="Accelerometer", name="motion")
    numbers = markers((1.0, 7), name="box", channel_format="double64")
    path = save(motion, signals(), other, markers((2.0, ("go", "1"))), numbers)
    with pytest.raises(RecordingError, match=r"2 of its streams could be the EEG: amplifier \(EEG"):
        read_recording(path)
    out = path.with_name("S01_raw.fif")
    told = ["convert", str(path), "--out", str(out), "--stream", "cap"]
    assert main(told) == 0
    assert "events: 7 (1), go/1 (1).\nStreams left out: motion, amplifier." in (
        capsys.readouterr().out
    )
    assert notes(read_recording(out)) == [(1.0, "7"), (2.0, "go/1")]
    assert main([*told, "--events", "box"]) == 0
    assert notes(read_recording(out)) == [(1.0, "7")]
    assert read_recording(save(motion)).ch_names == ["C3", "Cz", "C4"]  # the only one with a rate


@pytest.mark.parametrize(
    ("streams", "options", "message"),
    [
        ([markers((1, "a"))], {}, r"none of its streams could be the EEG: markers \(Markers, 1 ch"),
        ([signals()], {"stream": "cap"}, r"stream: expected .*got 'cap'.*There are: amplifier"),
        ([signals()], {"events": "box"}, r"events: expected a stream of markers, but got 'box'"),
        ([signals()], {"channels": ["Z*"]}, r"channels: .*got 'Z\*'\. There are: C3, Cz, C4"),
        ([signals()], {"unit": "kV"}, "unit"),
        ([signals(channels=[channel("C3")] * 3)], {}, "several channels are called C3"),
        (
            [signals(channels=[channel("C3", unit="counts")] * 1 + CHANNELS[1:])],
            {},
            "channel C3: expected a unit of potential, but the stream says 'counts'.*--unit uV",
        ),
        ([signals(SIGNAL[:, :1])], {}, "stream amplifier holds no samples"),
    ],
)
def test_what_cannot_be_is_one_line(save, streams, options, message):
    path = save(*streams)
    with pytest.raises(EegsnnError, match=message) as caught:
        read_xdf_recording(path, **options)
    assert "\n" not in str(caught.value)


def test_damaged_files(save, tmp_path):
    path = save(signals(), markers((1.0, "go")))
    content = path.read_bytes()
    for part in (b"", b"nothing", content[:4000], content[:3000] + content[3100:]):
        path.write_bytes(part)
        with pytest.raises(RecordingError, match=r"damaged|empty"):
            read_recording(path)
    with pytest.raises(RecordingError, match="no such file"):
        read_xdf_recording(tmp_path / "none.xdf")


def test_options_of_the_other_format(save, capsys):
    path = save(signals())
    out = ["--out", str(path.with_name("x_raw.fif"))]
    assert main(["convert", str(path), *out, "--sfreq", "100"]) == 2
    table = path.with_name("x.csv")
    table.write_text("C3\n1\n2\n")
    assert main(["convert", str(table), *out, "--stream", "a"]) == 2
    error = capsys.readouterr().err
    assert "--sfreq is for tables" in error
    assert "--stream is for .xdf" in error
