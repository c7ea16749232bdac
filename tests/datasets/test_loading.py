import json

import numpy as np
import pytest

from eegsnn.datasets import dataset_options, load_dataset
from eegsnn.errors import ConfigurationError, DataTrapWarning
from eegsnn.recordings import Preprocessing

# As FingerMovements.txt orders them.
FINGER_CHANNELS = ["F3", "F1", "Fz", "F2", "F4", "FC5", "FC3", "FC1", "FCz", "FC2", "FC4", "FC6"]
FINGER_CHANNELS += ["C5", "C3", "C1", "Cz"]


@pytest.fixture
def path(toy, tmp_path):
    from gzip import compress

    header = "@problemName toy\n@univariate false\n@classLabel true left right\n@data\n"
    train = (header + "1,2,3,4:5,6,7,8:left\n2,3,4,5:6,7,8,9:right\n").encode()
    test = (header + "0,0,1,1:1,1,0,0:left\n").encode()
    (tmp_path / "copies").mkdir()
    for name, content in (("toy_TRAIN.ts", train), ("toy_TEST.ts", test)):
        (tmp_path / "copies" / name).write_bytes(content)
        (tmp_path / "copies" / f"{name}.gz").write_bytes(compress(content))
    return toy("[[sources]]\nkind = 'local'\nfolder = 'copies'")


def test_dataset_knows_where_it_comes_from(path):
    data = load_dataset(path, progress=False)
    np.testing.assert_allclose(data.X[0], [[1e-6, 2e-6, 3e-6, 4e-6], [5e-6, 6e-6, 7e-6, 8e-6]])
    assert data.y.tolist() == ["left hand", "right hand", "left hand"]
    assert data.split.tolist() == ["train", "train", "test"]
    assert (data.name, data.ch_names, data.sfreq) == ("Toy", ["C3", "C4"], 100.0)
    assert data.warnings == ["It is a toy."]
    assert set(data.provenance["sha256"]) == {"toy_TRAIN.ts", "toy_TEST.ts"}
    assert data.provenance["options"] == {"repair": True}
    json.dumps(data.provenance)


def test_preprocessing_is_applied_and_recorded(path):
    steps = Preprocessing(picks=["C4"], resample=200)
    data = load_dataset(path, preprocessing=steps, progress=False)
    assert (data.X.shape, data.sfreq, data.ch_names) == ((3, 1, 8), 200.0, ["C4"])
    assert Preprocessing.from_dict(data.provenance["preprocessing"]) == steps


def test_filters_on_trials_are_refused(path):
    with pytest.raises(ConfigurationError, match=r"l_freq cannot be applied to Toy.*encoder"):
        load_dataset(path, preprocessing=Preprocessing(l_freq=1), progress=False)


def test_preprocessing_of_another_kind(path):
    with pytest.raises(ConfigurationError, match="expected a Preprocessing or None"):
        load_dataset(path, preprocessing={"l_freq": 1}, progress=False)


def test_unknown_option_names_those_allowed(path):
    with pytest.raises(ConfigurationError, match=r"Toy: option: expected one of 'repair'"):
        load_dataset(path, repiar=False, progress=False)


def test_options_of_the_manifest_are_defaults(path, toy):
    path.write_text("options = { repair = false }\n" + path.read_text())
    assert dataset_options(path) == {"repair": False}
    path.write_text(path.read_text().replace("repair = false", "mend = false"))
    with pytest.raises(ConfigurationError, match="Toy: options key"):
        load_dataset(path, progress=False)


def test_unknown_reader_lists_the_known(path):
    path.write_text(path.read_text().replace('reader = "ts"', 'reader = "tsv"'))
    with pytest.raises(ConfigurationError, match=r"Toy: reader: expected one of 'ts'"):
        load_dataset(path, progress=False)


def test_corrected_file_is_left_alone(path):
    """The repair is declared, but the rows do not overlap: nothing is changed, nothing is said."""
    repair = "\n[[repairs]]\nkind = 'channel-stride'\ndescription = 'rows overlap'\n"
    path.write_text(path.read_text() + repair)
    data = load_dataset(path, progress=False)
    assert data.ch_names == ["C3", "C4"]
    assert "repairs" not in data.provenance


@pytest.mark.data
@pytest.mark.usefixtures("data_folder")
@pytest.mark.parametrize(
    ("name", "shape", "ch_names", "counts", "n_train"),
    [
        ("scp1", (561, 1, 896), ["A1-Cz"], {"negativity": 282, "positivity": 279}, 268),
        ("scp2", (380, 1, 1152), ["A1-Cz"], {"negativity": 190, "positivity": 190}, 200),
        (
            "finger_movements",
            (416, 16, 50),
            FINGER_CHANNELS,
            {"left": 208, "right": 208},
            316,
        ),
    ],
)
def test_the_three_misreshaped_sets(name, shape, ch_names, counts, n_train):
    with pytest.warns(DataTrapWarning, match=r"repaired to .* whole channel.*repair=False"):
        data = load_dataset(name, progress=False)
    assert data.X.shape == shape
    assert data.ch_names == ch_names
    assert data.class_counts() == counts
    assert int((data.split == "train").sum()) == n_train
    assert data.unit == "V"
    assert 1e-6 < data.X.std() < 1e-4
    assert data.provenance["repairs"][0].startswith("channel-stride")


@pytest.mark.data
@pytest.mark.usefixtures("data_folder")
def test_shipped_rows_on_request():
    shipped = load_dataset("finger_movements", repair=False, progress=False)
    assert shipped.X.shape == (416, 28, 50)
    assert shipped.ch_names[:2] == ["row 0", "row 1"]
    with pytest.warns(DataTrapWarning):
        repaired = load_dataset("finger_movements", progress=False)
    np.testing.assert_array_equal(shipped.X[:, 0], repaired.X[:, 0])
    np.testing.assert_array_equal(shipped.X[:, 1, :22], repaired.X[:, 0, 28:])


@pytest.mark.data
@pytest.mark.usefixtures("data_folder")
def test_ssvep():
    data = load_dataset("ssvep", progress=False)
    assert data.X.shape == (576, 8, 768)
    assert data.class_counts() == {"rest": 144, "13Hz": 144, "17Hz": 144, "21Hz": 144}
    assert (data.unit, data.tmin, data.sfreq) == ("a.u.", 2.0, 256.0)
    assert len(np.unique(data.groups_for("subject"))) == 8
    assert len(np.unique(data.groups_for("session"))) == 18


@pytest.mark.data
@pytest.mark.usefixtures("data_folder")
def test_ssvep_labels_are_the_frequencies_in_the_signal():
    """The strongest of the three stimulation frequencies over Oz is that of the label."""
    steps = Preprocessing(l_freq=5, h_freq=50)
    data = load_dataset("ssvep", preprocessing=steps, tmin=1, tmax=5, subjects=["10"])
    data = data.select_classes(["13Hz", "17Hz", "21Hz"])
    centred = data.X - data.X.mean(axis=1, keepdims=True)
    phases = np.exp(-2j * np.pi * np.outer(data.times, [13, 17, 21, 26, 34, 42]))
    power = np.abs(centred @ phases).sum(axis=1)
    floor = power.mean(axis=0)
    strongest = ((power / floor)[:, :3] + (power / floor)[:, 3:]).argmax(axis=1)
    assert (np.array(data.classes)[strongest] == data.y).mean() > 0.6


@pytest.mark.data
@pytest.mark.usefixtures("data_folder")
def test_ssvep_resampled_sessions_keep_their_trials():
    options = {"subjects": ["01"], "tmin": 0, "tmax": 5, "progress": False}
    steps = Preprocessing(h_freq=20)
    full = load_dataset("ssvep", preprocessing=steps, **options)
    half = load_dataset("ssvep", preprocessing=Preprocessing(h_freq=20, resample=128), **options)
    assert half.X.shape == (64, 8, 640)
    agreement = np.corrcoef(full.X[..., ::2].ravel(), half.X.ravel())[0, 1]
    assert agreement > 0.95


@pytest.mark.data
@pytest.mark.usefixtures("data_folder")
@pytest.mark.parametrize("options", [{"subjects": ["03"]}, {"tmax": 7.0}, {"tmin": -1.0}])
def test_ssvep_options_that_cannot_be(options):
    with pytest.raises(ConfigurationError):
        load_dataset("ssvep", progress=False, **options)


@pytest.mark.data
@pytest.mark.usefixtures("data_folder")
@pytest.mark.parametrize(
    ("task", "shape", "counts"),
    [
        ("hands_feet", (45, 64, 640), {"hands": 21, "feet": 24}),
        ("left_right", (45, 64, 640), {"left_fist": 23, "right_fist": 22}),
        ("eyes", (60, 64, 320), {"eyes_open": 30, "eyes_closed": 30}),
    ],
)
def test_eegmmidb(task, shape, counts):
    data = load_dataset("eegmmidb", task=task, progress=False)
    assert data.X.shape == shape
    assert data.class_counts() == counts
    assert {"FC5", "Cz", "Fp1", "AFz", "Iz"} <= set(data.ch_names)
    assert set(data.groups) == {"subject", "run"}
    assert len(data.provenance["sha256"]) == len(np.unique(data.groups["run"]))


@pytest.mark.data
@pytest.mark.usefixtures("data_folder")
def test_eegmmidb_alpha_is_stronger_with_closed_eyes():
    steps = Preprocessing(picks=["O1", "Oz", "O2"], l_freq=8, h_freq=13)
    data = load_dataset("eegmmidb", preprocessing=steps, task="eyes", progress=False)
    power = (data.X**2).mean(axis=(1, 2))
    closed, opened = (np.median(power[data.y == f"eyes_{state}"]) for state in ("closed", "open"))
    assert closed > 2 * opened


@pytest.mark.data
@pytest.mark.usefixtures("data_folder")
def test_alcoholism():
    data = load_dataset("uci_alcoholism", progress=False)
    assert data.X.shape == (420, 61, 256)
    assert data.class_counts() == {"alcoholic": 210, "control": 210}
    assert len(np.unique(data.groups_for("subject"))) == 14
    assert {"Fp1", "Cz", "POz"} <= set(data.ch_names)
    assert data.X[0, 0, 0] == pytest.approx(-8.921e-6)
    assert load_dataset("uci_alcoholism", channels="all", progress=False).X.shape[1] == 64


@pytest.mark.data
@pytest.mark.usefixtures("data_folder")
def test_bonn():
    data = load_dataset("bonn", progress=False)
    assert data.X.shape == (500, 1, 4097)
    assert data.class_counts() == dict.fromkeys("ABCDE", 100)
    assert data.X.std(axis=(1, 2))[data.y == "E"].mean() > 3 * data.X[data.y == "A"].std()
    windows = load_dataset("bonn", window=2.0, progress=False)
    assert windows.X.shape == (500 * 11, 1, 347)
    np.testing.assert_array_equal(windows.X[:11].reshape(-1), data.X[0, 0, : 11 * 347])
    assert len(np.unique(windows.groups_for("segment"))) == 500


@pytest.mark.data
@pytest.mark.usefixtures("data_folder")
def test_eye_state():
    data = load_dataset("eye_state", progress=False)
    assert data.X.shape == (107, 14, 128)
    assert data.class_counts() == {"open": 60, "closed": 47}
    clean = load_dataset("eye_state", reject=500e-6, progress=False)
    assert len(clean) == 103
    assert clean.provenance["dropped"] == {"amplitude": 4}


@pytest.mark.data
@pytest.mark.usefixtures("data_folder")
def test_mnist():
    data = load_dataset("mnist", progress=False)
    assert data.X.shape == (70000, 784)
    assert data.X.dtype == np.float32
    assert (data.X.min(), data.X.max()) == (0, 1)
    assert data.y[:5].tolist() == [5, 0, 4, 1, 9]
    assert int((data.split == "test").sum()) == 10000
    with pytest.raises(ConfigurationError, match="images, not recordings"):
        load_dataset("mnist", preprocessing=Preprocessing(), progress=False)
