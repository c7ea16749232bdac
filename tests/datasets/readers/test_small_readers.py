"""Bonn, Eye State, MNIST, SSVEP and EEGMMIDB on generated files."""

import gzip
import struct
import zipfile

import mne
import numpy as np
import pytest

from eegsnn.datasets import read_manifest
from eegsnn.datasets.readers import bonn, eegmmidb, eye_state, mnist, ssvep_exo
from eegsnn.errors import ConfigurationError, DataError
from eegsnn.recordings import Preprocessing


@pytest.fixture
def bonn_zip(tmp_path):
    path = tmp_path / "bonn.zip"
    with zipfile.ZipFile(path, "w") as bundle:
        for folder, letter in zip("ABCDE", "ZONFS", strict=True):
            for number in (2, 1):
                values = "\r\n".join(str(ord(letter) + number * t) for t in range(400))
                suffix = "TXT" if letter == "N" else "txt"
                bundle.writestr(f"{folder}_{letter}/{letter}{number:03d}.{suffix}", values)
    return path


def test_bonn_sets_by_letter(bonn_zip):
    data = bonn.read(read_manifest("bonn"), {"x": bonn_zip}, None)
    assert data.y.tolist() == list("AABBCCDDEE")
    assert data.groups["segment"].tolist()[:3] == ["A001", "A002", "B001"]
    np.testing.assert_array_equal(data.X[2, 0, :3], [ord("O"), ord("O") + 1, ord("O") + 2])
    assert (data.unit, data.sfreq) == ("a.u.", 173.61)


def test_bonn_windows_belong_to_their_segment(bonn_zip):
    data = bonn.read(read_manifest("bonn"), {"x": bonn_zip}, None, window=1.0)
    assert data.X.shape == (20, 1, 174)
    assert data.groups["segment"].tolist()[:3] == ["A001", "A001", "A002"]
    with pytest.raises(ConfigurationError, match="window"):
        bonn.read(read_manifest("bonn"), {"x": bonn_zip}, None, window=60.0)


def test_bonn_filters_are_refused(bonn_zip):
    with pytest.raises(ConfigurationError, match="bands of the encoder"):
        bonn.read(read_manifest("bonn"), {"x": bonn_zip}, Preprocessing(h_freq=40))


def test_bonn_damaged(tmp_path):
    (tmp_path / "x.zip").write_bytes(b"PK nonsense")
    with pytest.raises(DataError, match="not a zip of segments"):
        bonn.read(read_manifest("bonn"), {"x": tmp_path / "x.zip"}, None)


def arff(path, states, rows=None):
    names = ["AF3", "F7"]
    lines = [f"@ATTRIBUTE {name} NUMERIC" for name in names]
    rows = rows or [f"{4000 + i},{4100 - i},{state}" for i, state in enumerate(states)]
    text = "\n".join(["@RELATION x", "", *lines, "@ATTRIBUTE eye {0,1}", "", "@DATA", *rows])
    path.write_text(text + "\n")
    return path


def test_eye_state_windows_stay_within_a_state(tmp_path):
    states = [0] * 300 + [1] * 100 + [0] * 130
    path = arff(tmp_path / "x.arff", states)
    data = eye_state.read(read_manifest("eye_state"), {"x": path}, None)
    assert data.y.tolist() == ["open", "open", "open"]
    assert data.groups["block"].tolist() == [0, 0, 2]
    np.testing.assert_allclose(data.X[2, 0, 0], 4400e-6)
    half = eye_state.read(read_manifest("eye_state"), {"x": path}, None, window=0.5)
    assert half.class_counts() == {"open": 6, "closed": 1}


def test_eye_state_is_filtered_before_it_is_cut(tmp_path):
    path = arff(tmp_path / "x.arff", [0] * 1280)
    steps = Preprocessing(l_freq=1.0, resample=64)
    data = eye_state.read(read_manifest("eye_state"), {"x": path}, steps)
    assert data.X.shape == (10, 2, 64)
    assert np.abs(data.X[3:7].mean()) < 1e-5  # the offset of 4 mV is gone


@pytest.mark.parametrize(
    ("rows", "window", "message"),
    [(["1,2"], 1.0, "expected 3 numbers"), (["1,x,0"], 1.0, "numbers"), (None, 9.0, "no block")],
)
def test_eye_state_that_cannot_be_read(tmp_path, rows, window, message):
    path = arff(tmp_path / "x.arff", [0] * 200, rows)
    with pytest.raises(DataError, match=message):
        eye_state.read(read_manifest("eye_state"), {"x": path}, None, window=window)


def idx(array):
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_mnist(tmp_path, rng, pack):
    manifest = read_manifest("mnist")
    files = {}
    for entry in manifest.files:
        n = 5 if entry.attributes["split"] == "train" else 3
        shape = (n, 28, 28) if entry.attributes["part"] == "images" else (n,)
        values = rng.integers(0, 10, shape, dtype=np.uint8)
        files[entry.name] = tmp_path / entry.name
        files[entry.name].write_bytes(pack(idx(values)))
    data = mnist.read(manifest, files, None)
    assert data.X.shape == (8, 784)
    assert data.split.tolist() == ["train"] * 5 + ["test"] * 3
    assert data.classes == list(range(10))


@pytest.mark.parametrize(
    "content", [b"", b"\0\0\x08", b"\0\0\x08\x01\0\0", idx(np.zeros(4, "u1"))[:-1]]
)
def test_idx_that_is_damaged(tmp_path, content):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(DataError, match=r"IDX|truncated|promises"):
        mnist.parse_idx(tmp_path / "x")


def test_ssvep_codes_and_groups(tmp_path, rng):
    manifest = read_manifest("ssvep")
    subject = [entry for entry in manifest.files if entry.attributes["subject"] == "01"]
    events = np.array([[500 + 2000 * i, 0, code] for i, code in enumerate((1, 2, 3, 4))])
    info = mne.create_info(["Oz", "O1"], 256.0, "eeg")
    files = {}
    for entry in subject:
        path = files[entry.name] = tmp_path / entry.name
        path.parent.mkdir(exist_ok=True)
        if entry.attributes["part"] == "events":
            mne.write_events(path, events, verbose="error")
        else:
            raw = mne.io.RawArray(rng.normal(size=(2, 9000)), info, verbose="error")
            raw.save(path, verbose="error")
    data = ssvep_exo.read(manifest, files, None, subjects=["01"])
    assert data.y.tolist() == ["rest", "13Hz", "21Hz", "17Hz"] * 2
    assert data.classes == ["rest", "13Hz", "17Hz", "21Hz"]
    assert data.X.shape == (8, 2, 768)
    assert len(set(data.groups["session"])) == 2


def test_eegmmidb_names_the_files_of_a_task():
    manifest = read_manifest("eegmmidb")
    assert eegmmidb.wanted(manifest) == ["S001R06.edf", "S001R10.edf", "S001R14.edf"]
    assert eegmmidb.wanted(manifest, task="eyes") == ["S001R01.edf", "S001R02.edf"]
    with pytest.raises(ConfigurationError, match=r"no subject 2. Available: 1"):
        eegmmidb.wanted(manifest, subjects=[2])
    with pytest.raises(ConfigurationError, match="task: expected one of 'hands_feet'"):
        eegmmidb.wanted(manifest, task="feet")
