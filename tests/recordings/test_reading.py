import warnings

import mne
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eegsnn.cli import main
from eegsnn.errors import ConfigurationError, DataTrapWarning, RecordingError
from eegsnn.recordings import Preprocessing, open_recording, read_recording

NAMES = ["C3", "Cz", "C4"]


@pytest.fixture
def microvolts(rng):
    return np.round(rng.normal(0, 20, (3, 400)), 1)


def test_edf_comes_in_volts(edf, microvolts):
    raw = read_recording(edf(microvolts, NAMES))
    np.testing.assert_allclose(raw.get_data(), microvolts * 1e-6, atol=1e-7)
    assert raw.ch_names == NAMES
    assert raw.info["sfreq"] == 100


def test_brainvision_comes_in_volts_with_its_markers(brainvision, microvolts):
    raw = read_recording(brainvision(microvolts, NAMES))
    np.testing.assert_allclose(raw.get_data(), microvolts * 1e-6, rtol=1e-6)
    assert "Stimulus/S  1" in raw.annotations.description


@pytest.mark.parametrize("name", ["rec_raw.fif", "rec_raw.fif.gz", "odd_name.fif"])
def test_fif(tmp_path, make_raw, microvolts, name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        make_raw(microvolts * 1e-6, NAMES).save(tmp_path / name, verbose="error")
    raw = read_recording(tmp_path / name)
    np.testing.assert_allclose(raw.get_data(), microvolts * 1e-6, rtol=1e-5)


def test_names_are_standardised_unless_told_not_to(edf, microvolts):
    path = edf(microvolts, ["Fc5.", "EEG CZ-Ref", "odd"])
    assert read_recording(path).ch_names == ["FC5", "Cz", "odd"]
    assert read_recording(path, montage=None).ch_names == ["Fc5.", "EEG CZ-Ref", "odd"]


def test_positions_are_set_where_known(edf, microvolts):
    raw = read_recording(edf(microvolts, ["C3", "Cz", "elsewhere"]))
    known = [np.isfinite(channel["loc"][:3]).all() for channel in raw.info["chs"]]
    assert known == [True, True, False]


def test_no_such_file(tmp_path):
    with pytest.raises(RecordingError, match=r"absent\.edf: no such file"):
        read_recording(tmp_path / "absent.edf")


def test_folder(tmp_path):
    with pytest.raises(RecordingError, match="this is a folder"):
        read_recording(tmp_path)


@pytest.mark.parametrize("name", ["rec.xyz", "rec", "rec.xlsx"])
def test_unknown_format_lists_the_known(tmp_path, name):
    (tmp_path / name).write_text("1,2,3")
    with pytest.raises(RecordingError, match=r"unknown format.*Known: \.edf, \.bdf"):
        read_recording(tmp_path / name)


@pytest.mark.parametrize("name", ["rec.edf", "rec.fif", "rec.vhdr", "rec.set", "rec.gdf"])
def test_empty_file(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(RecordingError, match="empty"):
        read_recording(tmp_path / name)


@pytest.mark.parametrize(
    "name", ["rec.edf", "rec.bdf", "rec.gdf", "rec.fif", "rec.vhdr", "rec.set", "rec.cnt"]
)
@pytest.mark.parametrize("size", [10, 300, 5000])
def test_nonsense_of_any_format(tmp_path, rng, name, size):
    (tmp_path / name).write_bytes(rng.integers(0, 256, size, dtype=np.uint8).tobytes())
    with pytest.raises(RecordingError, match=name):
        read_recording(tmp_path / name)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(missing=st.integers(1, 10_000))
def test_edf_cut_anywhere_is_refused(edf, missing):
    path = edf(np.zeros((3, 400)), NAMES)
    content = path.read_bytes()
    path.write_bytes(content[: max(1, len(content) - missing)])
    with pytest.raises(RecordingError, match="truncated"):
        read_recording(path)


def test_edf_that_was_never_closed_promises_no_length(edf, microvolts):
    path = edf(microvolts, NAMES)
    content = bytearray(path.read_bytes())
    content[236:244] = b"-1      "
    path.write_bytes(content)
    with pytest.warns(RuntimeWarning, match="not stopped"):
        assert read_recording(path).n_times == 400


def test_truncated_fif(tmp_path, make_raw, microvolts):
    path = tmp_path / "rec_raw.fif"
    make_raw(microvolts * 1e-6, NAMES).save(path, verbose="error")
    content = path.read_bytes()
    for share in (0.3, 0.6, 0.9):
        path.write_bytes(content[: int(len(content) * share)])
        with pytest.raises(RecordingError, match=r"rec_raw.fif"):
            read_recording(path)


@pytest.mark.parametrize(("cut", "reason"), [(5, "whole number"), (3 * 4 * 200, "promises")])
def test_truncated_brainvision(brainvision, microvolts, cut, reason):
    path = brainvision(microvolts, NAMES)
    data = path.with_suffix(".eeg")
    data.write_bytes(data.read_bytes()[:-cut])
    with pytest.raises(RecordingError, match=reason):
        read_recording(path)


def test_brainvision_without_its_data_file(brainvision, microvolts):
    path = brainvision(microvolts, NAMES)
    path.with_suffix(".eeg").unlink()
    with pytest.raises(RecordingError, match=r"data file rec\.eeg is not beside it"):
        read_recording(path)


@pytest.mark.parametrize("part", [".eeg", ".vmrk"])
def test_part_of_a_recording_points_to_its_header(brainvision, microvolts, part):
    path = brainvision(microvolts, NAMES)
    with pytest.raises(RecordingError, match=r"a part of rec\.vhdr; read that file"):
        read_recording(path.with_suffix(part))


def test_duplicate_names_are_refused_by_name(edf, microvolts):
    path = edf(microvolts, ["C3", "Cz", "C3"])
    with pytest.raises(RecordingError, match=r"more than once: 'C3'.*duplicates='rename'"):
        read_recording(path)


def test_duplicate_names_can_be_numbered(edf, microvolts):
    raw = read_recording(edf(microvolts, ["C3", "Cz", "C3"]), duplicates="rename")
    assert raw.ch_names == ["C3-0", "Cz", "C3-1"]


POLYSOMNOGRAPHY = ["EEG Fpz-Cz", "EOG horizontal", "Resp oro-nasal"]


@pytest.mark.parametrize("read", [read_recording, open_recording])
def test_channels_that_are_no_eeg_by_their_names(edf, microvolts, read):
    path = edf(microvolts, POLYSOMNOGRAPHY)
    told = r"2 of 3 channels .*: EOG horizontal \(eog\), Resp oro-nasal \(misc\)"
    with pytest.warns(DataTrapWarning, match=told):
        assert read(path).ch_names == POLYSOMNOGRAPHY[:1]
    # Whoever names them knows.
    assert read(path, picks=["eeg", "eog"]).ch_names == POLYSOMNOGRAPHY[:2]
    assert read(path, picks=POLYSOMNOGRAPHY[1:]).get_channel_types() == ["eog", "misc"]


@pytest.mark.parametrize("read", [read_recording, open_recording])
@pytest.mark.filterwarnings("ignore:.*no EEG by their names:eegsnn.errors.DataTrapWarning")
def test_eeg_keeps_its_rate_beside_a_faster_channel_that_is_left_out(edf, rng, read):
    rows = [20 * rng.standard_normal(n) for n in (500, 500, 1500, 5)]
    path = edf(rows, ["EEG FP1", "C4", "ECG", "Resp"], (100, 100, 300, 1))
    raw = read(path)
    assert (raw.ch_names, raw.info["sfreq"]) == (["Fp1", "C4"], 100.0)
    np.testing.assert_allclose(raw.get_data() * 1e6, rows[:2], atol=0.06)
    for picks in ("ecg", ["C4", "ecg"]):
        assert read(path, picks=picks).info["sfreq"] == 300.0


def test_a_faster_channel_is_needed_for_the_average(edf, rng):
    path = edf(
        [20 * rng.standard_normal(n) for n in (500, 500, 1500)], ["C3", "C4", "Cz"], (100, 100, 300)
    )
    for picks, reference, rate in [
        (["C3"], None, 100),
        (["C3"], ["Cz"], 300),
        (["C3"], "average", 300),
        (["C3", "!Cz"], "average", 100),
    ]:
        raw = read_recording(path, picks=picks, reference=reference)
        assert (raw.ch_names, raw.info["sfreq"]) == (["C3"], rate)


def test_what_is_left_out_for_its_rate_is_told_once(edf, rng):
    path = edf([20 * rng.standard_normal(n) for n in (500, 1500)], ["C3", "ECG"], (100, 300))
    with pytest.warns(DataTrapWarning, match=r"1 of 2 channels .*: ECG \(ecg\)") as told:
        read_recording(path)
    assert len(told) == 1


def test_types_that_a_file_holds_stay(tmp_path):
    info = mne.create_info(["EOG", "C3"], 100.0, "eeg")
    raw = mne.io.RawArray(np.eye(2, 100), info, verbose="error")
    raw.save(tmp_path / "x_raw.fif", verbose="error")
    assert read_recording(tmp_path / "x_raw.fif").ch_names == ["EOG", "C3"]


def test_one_of_the_duplicates_can_be_left_out(edf, microvolts):
    steps = Preprocessing(duplicates="rename", picks=["eeg", "!C3-1"])
    path = edf(microvolts, ["C3", "Cz", "C3"])
    assert read_recording(path, steps).ch_names == ["C3-0", "Cz"]
    assert read_recording(path, steps, picks="eeg").ch_names == ["C3-0", "Cz", "C3-1"]
    with pytest.raises(ConfigurationError, match=r"duplicates: .*'number'"):
        Preprocessing(duplicates="number")


def test_a_recording_with_duplicate_names_is_encoded(edf, tmp_path, rng):
    path = edf(20 * rng.standard_normal((3, 2000)), ["C3", "Cz", "C3"])
    out = tmp_path / "out"
    command = ["encode", str(path), "--bands", "alpha", "--no-report", "--out", str(out)]
    assert main(command) == 2
    assert main([*command, "--duplicates", "rename", "--picks", "eeg", "!C3-1"]) == 0
    assert "C3-0" in (out / "spikes.json").read_text()


def test_missing_picks_are_named(edf, microvolts):
    with pytest.raises(
        RecordingError, match=r"missing from the recording: Oz, Pz. Present: C3, Cz"
    ):
        read_recording(edf(microvolts, NAMES), picks=["Oz", "C3", "Pz"])


def test_missing_type_lists_those_present(edf, microvolts):
    with pytest.raises(RecordingError, match=r"no channel of type or name 'eog'.*present: eeg"):
        read_recording(edf(microvolts, NAMES), picks="eog")


def test_overrides_replace_fields(edf, microvolts):
    steps = Preprocessing(picks=["C4", "C3"], resample=50)
    raw = read_recording(edf(microvolts, NAMES), steps, resample=None)
    assert raw.ch_names == ["C4", "C3"]
    assert raw.info["sfreq"] == 100


def test_unknown_override(edf, microvolts):
    with pytest.raises(ConfigurationError, match="Did you mean 'resample'"):
        read_recording(edf(microvolts, NAMES), resampel=50)


@pytest.mark.parametrize("value", [{"l_freq": 1}, "eeg"])
def test_preprocessing_of_another_kind(edf, microvolts, value):
    with pytest.raises(ConfigurationError, match="expected a Preprocessing"):
        read_recording(edf(microvolts, NAMES), value)


LOADER_FILES = {
    "mne-python/test.edf": (138, 3072, 512),
    "mne-python/test.bdf": (66, 2048, 2048),
    "mne-python/test.vhdr": (26, 7900, 1000),
    "mne-python/test_stim_channel.edf": (1, 120000, 200),
    "mne-python/test_uneven_samp.edf": (2, 11000, 100),
    "mne-testing-data/test_NO.vhdr": (63, 2238, 5000),
    "mne-testing-data/test_bdf_stim_channel.bdf": (3, 5000, 500),
    "mne-testing-data/test_raw.set": (32, 30504, 128),
    "mne-testing-data/test_raw_2021.set": (3, 1281, 128),
    "mne-testing-data/test_reduced.edf": (138, 3072, 512),
    "mne-testing-data/test_utf8_annotations.edf": (9, 2000, 200),
    "gdf_ssvep_exo/subject01_record-2012.07.06-19.02.16.gdf": (8, 57024, 256),
}


@pytest.mark.data
@pytest.mark.parametrize("name", LOADER_FILES)
@pytest.mark.filterwarnings("ignore:.*no EEG by their names:eegsnn.errors.DataTrapWarning")
def test_real_files(data_folder, name):
    raw = read_recording(data_folder / "loader_files" / name)
    assert (len(raw.ch_names), raw.n_times, raw.info["sfreq"]) == LOADER_FILES[name]
    assert set(raw.get_channel_types()) == {"eeg"}


@pytest.mark.data
@pytest.mark.parametrize("name", [name for name in LOADER_FILES if not name.endswith("_NO.vhdr")])
def test_real_files_cut_short(data_folder, tmp_path, name):
    source = data_folder / "loader_files" / name
    for file in source.parent.glob(f"{source.stem}.*"):
        content = file.read_bytes()
        whole = file.suffix in (".vhdr", ".vmrk")
        (tmp_path / file.name).write_bytes(content if whole else content[: len(content) * 2 // 3])
    with pytest.raises(RecordingError, match=source.stem):
        read_recording(tmp_path / source.name)


@pytest.mark.data
def test_real_duplicate_labels(data_folder):
    path = data_folder / "loader_files/mne-python/duplicate_channel_labels.edf"
    with pytest.raises(RecordingError, match="EEG F1-Ref"):
        read_recording(path)
    assert len(read_recording(path, duplicates="rename").ch_names) == 3


@pytest.mark.data
def test_real_stimulus_channels_and_annotations(data_folder):
    folder = data_folder / "loader_files"
    bdf = folder / "mne-testing-data/test_bdf_stim_channel.bdf"
    assert read_recording(bdf, picks=["eeg", "stim"]).ch_names[-1] == "Status"
    utf8 = folder / "mne-testing-data/test_utf8_annotations.edf"
    with pytest.warns(DataTrapWarning, match=r"2 of 11 .*: pulse \(misc\), ECG \(ecg\)"):
        raw = read_recording(utf8)
    assert any(not text.isascii() for text in raw.annotations.description)


@pytest.mark.data
def test_gdf_and_fif_of_one_session_agree(data_folder):
    """Event codes 32779 (stimulation starts) of the GDF are the trials of the -eve.fif."""
    gdf = read_recording(
        data_folder / "loader_files/gdf_ssvep_exo/subject01_record-2012.07.06-19.02.16.gdf"
    )
    fif = read_recording(data_folder / "ssvep_exo/subject01/record-2012.07.06-19.02.16_raw.fif")
    events = mne.read_events(
        data_folder / "ssvep_exo/subject01/record-2012.07.06-19.02.16-eve.fif", verbose="error"
    )
    starts = gdf.annotations.onset[gdf.annotations.description == "32779"] * 256
    np.testing.assert_allclose(np.round(starts) + 1, events[:, 0], atol=1)
    scale = fif.get_data().std() / gdf.get_data().std()
    np.testing.assert_allclose(gdf.get_data() * scale, fif.get_data(), atol=1e-4)


def test_trials_are_no_recording(tmp_path):
    info = mne.create_info(["C3"], 100.0, "eeg")
    path = tmp_path / "a-epo.fif"
    mne.EpochsArray(np.zeros((2, 1, 10)), info, verbose="error").save(path, verbose="error")
    with pytest.raises(RecordingError, match="holds trials that are cut, not a recording"):
        read_recording(path)
