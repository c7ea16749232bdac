"""MATLAB's files of trials: the same arrays as an .npz, or FieldTrip's structures."""

from itertools import count

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from eegsnn.errors import DataError, DataTrapWarning, EegsnnError, RecordingError
from eegsnn.recordings import Preprocessing
from eegsnn.recordings.trial_files import is_trial_file, read_trials

X = 1e-5 * np.random.default_rng(0).standard_normal((6, 3, 40))
NAMES = ["C3", "Cz", "C4"]


def cells(values):
    array = np.empty((1, len(values)), dtype=object)
    array[0] = values
    return array


# As MATLAB would write them: rows for vectors, doubles for everything.
ARRAYS = {"X": X, "y": np.array([[1.0, 2.0] * 3]), "fs": 100.0, "ch_names": cells(NAMES)}


def save_matlab_73(path, variables):
    """Write what ``scipy.io.savemat`` takes as version 7.3, laid out as MATLAB does."""
    with h5py.File(path, "w", userblock_size=512) as file:
        referred = file.create_group("#refs#")
        names = (f"r{k}" for k in count())
        for name, value in variables.items():
            _write(file, name, value, referred, names)
    header = b"MATLAB 7.3 MAT-file, Platform: GLNXA64 HDF5 schema 1.00 .".ljust(124)
    with path.open("r+b") as raw:
        raw.write(header + b"\x00\x02IM")


def _write(parent, name, value, referred, names):
    if isinstance(value, dict):
        group = parent.create_group(name)
        group.attrs["MATLAB_class"] = np.bytes_("struct")
        for key, field in value.items():
            _write(group, key, field, referred, names)
        return
    array = np.atleast_2d(np.asarray(value))
    kind = {"U": "char", "O": "cell", "b": "logical", "f": "double"}.get(array.dtype.kind)
    if kind == "cell":
        references = np.empty(array.shape, dtype=h5py.ref_dtype)
        for place, cell in np.ndenumerate(array):
            key = next(names)
            _write(referred, key, cell, referred, names)
            references[place] = referred[key].ref
        array = references
    elif kind == "char":
        texts = np.ravel(array)
        width = max(map(len, texts))
        codes = [list(text.ljust(width).encode("utf-16-le")) for text in texts]
        array = np.array(codes, dtype=np.uint8).view("<u2")
    elif kind == "logical":
        array = array.astype(np.uint8)
    data = parent.create_dataset(name, data=array.T)
    data.attrs["MATLAB_class"] = np.bytes_(kind or array.dtype.name)


@pytest.fixture(params=["7", "7.3"])
def save(tmp_path, request):
    """A function that writes variables and returns the file."""

    def write(**variables):
        path = tmp_path / "S01.mat"
        if request.param == "7":
            savemat(path, variables)
        else:
            save_matlab_73(path, variables)
        return path

    return write


@pytest.mark.parametrize("rate", ["fs", "sfreq", "srate"])
@pytest.mark.parametrize("names", [cells(NAMES), cells(NAMES).T, np.array(["C3", "Cz", "C4 "])])
def test_arrays_as_matlab_writes_them(save, rate, names):
    path = save(
        X=X * 1e6, y=[[1.0], [2.0]] * 3, ch_names=names, unit="uV", tmin=-0.5, **{rate: 100}
    )
    assert is_trial_file(path)
    data = read_trials(path)
    np.testing.assert_allclose(data.X, X)
    assert data.y.tolist() == ["1", "2"] * 3
    assert (data.ch_names, data.sfreq, data.tmin, data.unit) == (NAMES, 100.0, -0.5, "V")


@pytest.mark.parametrize(
    ("y", "labels"),
    [
        (cells(["left ", "right"] * 3), ["left", "right"]),
        (np.array(["left ", "right"] * 3), ["left", "right"]),
        (np.array([[True, False] * 3]), ["1", "0"]),
        (cells([1.0, 2.0] * 3), ["1", "2"]),
        (np.int16([[1, 2] * 3]), ["1", "2"]),
        (np.array([[0.5, 2] * 3]), ["0.5", "2.0"]),
    ],
)
def test_labels_of_every_kind(save, y, labels):
    assert read_trials(save(**ARRAYS | {"y": y})).y.tolist() == labels * 3


def test_groups_and_a_structure_that_holds_all(save):
    fields = ARRAYS | {"subject": cells(["a", "b"] * 3), "session": [[1.0, 1, 1, 2, 2, 2]]}
    for content in (fields, {"study": fields}):
        data = read_trials(save(**content))
        assert data.groups["subject"].tolist() == ["a", "b"] * 3
        assert data.groups["session"].tolist() == list("111222")


def test_one_trial_without_label(save):
    data = read_trials(save(X=X[:1], fs=100.0, ch_names=cells(NAMES)), need_labels=False)
    assert (data.X.shape, data.y.tolist()) == ((1, 3, 40), [""])


def fieldtrip(**change):
    raw = {
        "trial": cells(list(X * 1e6)),
        "time": cells([np.arange(40)[None] / 128 - 0.1] * 6),
        "label": cells(NAMES).T,
        "trialinfo": np.array([[1.0, 350.0], [2.0, 400.0]] * 3),
        "hdr": {"chanunit": cells(["uV"] * 3).T},
        "cfg": {"method": "x"},
    }
    return {"data": raw | change}


@pytest.mark.parametrize("change", [{}, {"trial": X * 1e6, "time": np.arange(40) / 128 - 0.1}])
def test_trials_of_fieldtrip(save, change):
    data = read_trials(save(**fieldtrip(**change)))
    np.testing.assert_allclose(data.X, X)
    assert data.y.tolist() == ["1", "2"] * 3
    assert (data.ch_names, data.sfreq, data.tmin, data.unit) == (NAMES, 128.0, -0.1, "V")


def test_channels_that_are_no_eeg_by_their_names(save):
    path = save(**ARRAYS | {"ch_names": cells(["C3", "EOG", "C4"])})
    with pytest.warns(DataTrapWarning, match=r"1 of 3 channels .* left out: EOG \(eog\)"):
        assert read_trials(path).ch_names == ["C3", "C4"]
    named = read_trials(path, Preprocessing(picks=["EOG", "C3"]))
    np.testing.assert_allclose(named.X, X[:, [1, 0]])


def test_trials_of_fieldtrip_beside_other_variables(save):
    (raw,) = fieldtrip().values()
    path = save(data=raw, cfg={"dataset": "x"}, note="…")
    np.testing.assert_allclose(read_trials(path).X, X)
    np.testing.assert_allclose(read_trials(save(data=cells([raw]))).X, X)
    with pytest.raises(DataError, match=r"2 structures of FieldTrip's trials .* in rest, task"):
        read_trials(save(rest=raw, task=raw))


def test_trials_of_fieldtrip_that_differ(save):
    series = list(X)
    series[2] = X[2, :, :30]
    with pytest.raises(DataError, match=r"S01\.mat: trial 3 is 3 × 30 .*the first 3 × 40"):
        read_trials(save(**fieldtrip(trial=cells(series))))
    late = [np.arange(40)[None] / 128 + 0.1 * (k == 5) for k in range(6)]
    with pytest.raises(DataError, match=r"trial 6 is 3 × 40 samples from 0\.1 s.*from 0 s"):
        read_trials(save(**fieldtrip(time=cells(late))))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X": X.transpose(1, 2, 0)}, r"shape \(3, 40, 6\) with 6 labels y and 3.*\[3, 1, 2\]"),
        (
            {"X": X.transpose(0, 2, 1)},
            r"X\.transpose\(0, 2, 1\), in MATLAB permute",
        ),
        ({"X": X[0]}, r"X: expected numbers \(trials, channels, times\), but got shape \(3, 40\)"),
        ({"y": [1.0, 2.0]}, r"\(2, 3, times\) by y and ch_names, but got shape \(6, 3, 40\)"),
        (
            {"ch_names": cells(["C3", [1, 2]])},
            "ch_names: expected a cell array.*cell 2 holds int",
        ),
        ({"y": {"a": 1}}, r"y is a MATLAB object or structure.*cellstr"),
        ({"fs": None}, r"no array sfreq in it, only X, .*save\(path, 'X'"),
        ({"rt": [0.1, 0.2]}, "rt: expected a group for each of the 6 trials"),
    ],
)
def test_what_cannot_be_is_one_line_with_the_remedy(save, change, message):
    content = {key: value for key, value in (ARRAYS | change).items() if value is not None}
    with pytest.raises(EegsnnError, match=message) as caught:
        read_trials(save(**content))
    assert "S01.mat" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_are_not_read(tmp_path):
    path = tmp_path / "x.mat"
    for content in (
        b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM",
        b"",
        b"nothing",
        b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM" + b"\x0f" * 50,
    ):
        path.write_bytes(content)
        with pytest.raises(
            RecordingError, match=r"x\.mat: (cannot be read as a MATLAB|no array X)"
        ):
            read_trials(path)
