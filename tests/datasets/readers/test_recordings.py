"""A folder of recordings of one's own: events or names → labels, patterns → groups."""

import re
from pathlib import Path

import mne
import numpy as np
import pytest

from eegsnn.datasets import describe, fetch, load_dataset, read_manifest
from eegsnn.datasets.manifest import manifest_folder
from eegsnn.errors import (
    ConfigurationError,
    DataError,
    DataTrapWarning,
    FetchError,
    RecordingError,
)
from eegsnn.pipeline import read_pipeline
from eegsnn.pipeline.run import run_pipeline
from eegsnn.recordings import Preprocessing

SFREQ = 100.0


def write(path, notes=(), *, seconds=12.0, channels=("C3", "C4"), sfreq=SFREQ, first_samp=0):
    """A recording whose value is its time in seconds (and a half more on each further channel)."""
    time = np.arange(round(seconds * sfreq)) / sfreq
    signal = time + 0.5 * np.arange(len(channels))[:, None]
    info = mne.create_info(list(channels), sfreq, "eeg")
    raw = mne.io.RawArray(signal, info, first_samp=first_samp, verbose="error")
    if notes:
        onset, duration, text = zip(*notes, strict=True)
        # Without a measurement date, onsets count from the recording's first sample.
        raw.set_annotations(mne.Annotations(onset, duration, text))
    path.parent.mkdir(parents=True, exist_ok=True)
    raw.save(path, verbose="error")
    return path


CUES = [(1.0, 0.0, "T1"), (4.0, 0.0, "T2"), (7.0, 0.0, "T1"), (9.0, 0.0, "BAD_blink")]


@pytest.fixture
def manifest(tmp_path):
    """A function that writes a manifest beside the folder ``recordings``."""

    def make(folder="", events="T1 = 'hand'\nT2 = 'foot'", top="", name="own.toml"):
        path = tmp_path / name
        path.write_text(
            f"name = 'Own'\nreader = 'recordings'\n{top}\n[folder]\npath = 'recordings'\n"
            f"files = '**/*.fif'\n{folder}\n[events]\n{events}\n"
        )
        return path

    return make


@pytest.fixture
def folder(tmp_path):
    for subject in ("01", "02"):
        for run in ("1", "2"):
            write(tmp_path / "recordings" / f"sub{subject}" / f"run-{run}_raw.fif", CUES)
    return tmp_path / "recordings"


PATTERN = r"pattern = 'sub(?P<subject>\d+)/run-(?P<run>\d+)'"


def test_trials_at_annotations_with_groups_from_the_path(folder, manifest):
    data = load_dataset(manifest(PATTERN), tmin=0.5, tmax=1.5)
    assert data.X.shape == (12, 2, 100)
    assert data.y.tolist() == ["hand", "foot", "hand"] * 4
    assert data.classes == ["hand", "foot"]
    assert data.groups["subject"].tolist() == ["01"] * 6 + ["02"] * 6
    assert data.groups["run"].tolist() == (["1"] * 3 + ["2"] * 3) * 2
    assert data.groups["recording"][0] == "sub01/run-1_raw.fif"
    np.testing.assert_allclose(data.X[:3, 0, 0], [1.5, 4.5, 7.5], atol=1e-6)
    assert (data.tmin, data.sfreq, data.unit) == (0.5, SFREQ, "V")
    assert set(data.provenance["sha256"]) == set(data.groups["recording"])


def test_labels_keep_their_names_without_events(folder, manifest):
    data = load_dataset(manifest(events=""), tmax=1.0)
    assert data.classes == ["T1", "T2"]


MOODS = [(1.0, 0.0, "good"), (4.0, 0.0, "bad"), (7.0, 0.0, "good"), (9.0, 1.0, "BAD_blink")]


def test_a_class_may_be_called_bad(tmp_path, manifest):
    write(tmp_path / "recordings" / "a_raw.fif", MOODS)
    named = manifest(events="good = 'good'\nbad = 'bad'")
    assert load_dataset(named, tmin=-0.5, tmax=1.0).y.tolist() == ["good", "bad", "good"]
    with pytest.warns(DataTrapWarning, match=r"Annotations 'bad' are taken .* \[events\]"):
        assert load_dataset(manifest(events=""), tmax=1.0).classes == ["good"]


def test_windows_within_annotations_that_are_called_bad(tmp_path, manifest):
    notes = [(0.0, 4.0, "good"), (4.0, 6.0, "bad"), (8.0, 1.0, "BAD_blink")]
    write(tmp_path / "recordings" / "a_raw.fif", notes)
    data = load_dataset(manifest(events="good = '+'\nbad = '-'"), window=2.0)
    assert data.y.tolist() == ["+", "+", "-", "-"]
    assert data.provenance["dropped"] == {"annotated BAD_blink": 1}


def test_codes_of_an_events_file_beside_each_recording(tmp_path, manifest):
    """Samples in events files count from where acquisition began, at the rate of the file."""
    raw = write(tmp_path / "recordings" / "a_raw.fif", first_samp=500)
    events = np.array([[600, 0, 7], [900, 0, 8], [1000, 0, 9]])
    mne.write_events(raw.with_name("a-eve.fif"), events, verbose="error")
    own = manifest("events = '{stem}-eve.fif'\nexclude = ['*-eve.fif']", "7 = 'x'\n8 = 'y'")
    data = load_dataset(own, tmax=1.0)
    assert data.y.tolist() == ["x", "y"]
    np.testing.assert_allclose(data.X[:, 0, 0], [1.0, 4.0], atol=1e-6)
    slower = load_dataset(own, preprocessing=Preprocessing(resample=50), tmax=1.0)
    assert slower.X.shape == (2, 2, 50)
    np.testing.assert_allclose(slower.X[:, 0, 0], [1.0, 4.0], atol=0.05)


def test_labels_of_a_table_beside_each_recording(tmp_path, manifest):
    """As scored elsewhere: names that share the subject, in another folder."""
    for subject in ("01", "02"):
        write(tmp_path / "recordings" / f"S{subject}E0_raw.fif", CUES)
        scores = tmp_path / "recordings" / "scores" / f"S{subject}EC-stages.csv"
        scores.parent.mkdir(exist_ok=True)
        scores.write_text("onset,duration,stage,second\n0,4,T2,T1\n6,2,T1,T1\n")
    pattern = r"pattern = 'S(?P<subject>\d+)'"
    own = manifest(f"{pattern}\nevents = 'scores/S{{subject}}*-stages.csv'")
    data = load_dataset(own, window=2.0)
    assert data.y.tolist() == ["foot", "foot", "hand"] * 2
    np.testing.assert_allclose(data.X[:3, 0, 0], [0.0, 2.0, 6.0], atol=1e-6)
    named = manifest(f"{pattern}\nevents = 'scores/S{{subject}}*.csv:second'", "T1 = 'hand'")
    assert load_dataset(named, window=2.0).y.tolist() == ["hand"] * 6
    (tmp_path / "recordings" / "scores" / "S02x.csv").touch()
    with pytest.raises(DataError, match=r"S02.*several events files .*: S02EC-stages.csv, S02x"):
        load_dataset(named, window=2.0)
    said = describe(named)
    assert "subject 01; events in S01EC-stages.csv" in said
    assert "subject 02; its events file is missing, or there are several" in said


@pytest.mark.parametrize("first_samp", [0, 500])
def test_windows_stay_within_their_annotation(tmp_path, manifest, first_samp):
    """Also of a recording whose beginning was cropped away, and that has no date."""
    notes = [(0.0, 3.5, "T1"), (4.0, 2.2, "T2"), (7.0, 3.0, "other")]
    write(tmp_path / "recordings" / "a_raw.fif", notes, first_samp=first_samp)
    data = load_dataset(manifest(), window=1.0, overlap=0.5)
    assert data.y.tolist() == ["hand"] * 6 + ["foot"] * 3
    np.testing.assert_allclose(data.X[-3:, 0, 0], [4.0, 4.5, 5.0], atol=1e-6)
    assert data.X.shape == (9, 2, 100)
    assert data.groups["block"].tolist() == ["a_raw.fif 0"] * 6 + ["a_raw.fif 1"] * 3
    assert any("overlap" in text for text in data.warnings)
    with pytest.raises(DataError, match=r"window: 5 s is longer than .* lasts 3\.5 s"):
        load_dataset(manifest(), window=5.0)


def test_label_of_a_whole_file(tmp_path, manifest):
    for name in ("open_1", "closed_1", "open_2"):
        write(tmp_path / "recordings" / f"{name}_raw.fif", [(2.0, 0.0, "cue")])
    own = manifest(
        r"pattern = '(?P<label>open|closed)_(?P<run>\d)'", "open = 'eyes open'\nclosed = 'shut'"
    )
    data = load_dataset(own, window=4.0)
    assert data.class_counts() == {"eyes open": 6, "shut": 3}
    assert "label" not in data.groups
    assert any("gives the label away" in text for text in data.warnings)
    at_cues = load_dataset(own, tmax=1.0, cues=["cue"])
    np.testing.assert_allclose(at_cues.X[:, 0, 0], 2.0, atol=1e-6)
    with pytest.raises(DataError, match="Labels present: cue"):
        load_dataset(own, tmax=1.0, cues=["beep"])


def test_what_was_dropped_is_told(folder, manifest):
    data = load_dataset(manifest(), tmax=3.0)  # the last trial overlaps the blink
    assert data.provenance["dropped"] == {"annotated BAD_blink": 4}
    with pytest.raises(RecordingError, match=r"sub01/run-1_raw\.fif: All 3 trials .*Turn reject"):
        load_dataset(manifest(), tmax=1.0, reject=0.5)


def test_baseline(folder, manifest):
    data = load_dataset(manifest(), tmin=-0.5, tmax=1.0, baseline=[-0.5, 0.0])
    np.testing.assert_allclose(data.X[..., :51].mean(axis=-1), 0.0, atol=1e-6)


def test_recordings_that_differ_are_named(folder, manifest):
    write(folder / "sub03" / "run-1_raw.fif", CUES, sfreq=200.0)
    with pytest.raises(DataError, match=r"sub03/run-1_raw.fif: sampled at 200 Hz.*resample"):
        load_dataset(manifest(), tmax=1.0)
    steps = Preprocessing(resample=100)
    assert len(load_dataset(manifest(), preprocessing=steps, tmax=1.0)) == 15
    write(folder / "sub04" / "run-1_raw.fif", CUES, channels=("C3", "Cz"))
    with pytest.raises(DataError, match=r"sub04.*no channel C4 and has channel Cz.*picks"):
        load_dataset(manifest(), preprocessing=steps, tmax=1.0)
    steps = Preprocessing(resample=100, picks=["C3"])
    assert load_dataset(manifest(), preprocessing=steps, tmax=1.0).X.shape == (18, 1, 100)


def test_channels_in_another_order_are_matched_by_name(folder, manifest):
    write(folder / "sub03" / "run-1_raw.fif", CUES, channels=("C4", "C3"))
    data = load_dataset(manifest(), tmax=1.0)
    np.testing.assert_allclose(data.X[-3:, 1, 0], [1.0, 4.0, 7.0], atol=1e-6)  # C4 is the second


def test_a_channel_that_is_left_out_need_not_be_in_every_recording(folder, manifest):
    write(folder / "a_raw.fif", CUES, channels=("C3", "C4", "Cz"))
    steps = Preprocessing(picks=["eeg", "!CZ"])
    data = load_dataset(manifest(), tmax=1.0, preprocessing=steps)
    assert data.ch_names == ["C3", "C4"]
    assert len(set(data.groups["recording"])) == 5
    with pytest.raises(RecordingError, match="no recording has a channel to leave out as !Pz"):
        load_dataset(manifest(), tmax=1.0, preprocessing=Preprocessing(picks=["eeg", "!Cz", "!Pz"]))


def test_oddities_of_the_signals_are_told(tmp_path, manifest):
    path = write(tmp_path / "recordings" / "a_raw.fif", CUES)
    odd = " ".join(load_dataset(manifest(), tmax=1.0).warnings)
    assert "a_raw.fif varies by" in odd
    assert "marked bad" not in odd
    raw = mne.io.read_raw(path, preload=True, verbose="error")
    raw._data *= 1e-5
    raw.info["bads"] = ["C4"]
    raw.save(path, overwrite=True, verbose="error")
    odd = " ".join(load_dataset(manifest(), tmax=1.0).warnings)
    assert "marked bad are used all the same: C4 in a_raw.fif" in odd
    assert "varies by" not in odd
    assert "Flat" not in odd
    raw._data[0] = 0.0
    raw.save(path, overwrite=True, verbose="error")
    odd = " ".join(load_dataset(manifest(), tmax=1.0).warnings)
    assert "Flat in every trial of a_raw.fif: C3." in odd


@pytest.mark.parametrize(
    ("change", "options", "error", "message"),
    [
        ({"events": "T3 = 'x'"}, {"tmax": 1.0}, DataError, r"no annotations labelled T3.*T1 \(2\)"),
        (
            {"events": "T1 = 'x'\nT3 = 'y'"},
            {"tmax": 1.0},
            DataError,
            "no recording has T3. Labels present: T1, T2",
        ),
        ({"folder": r"pattern = 'S(\d+)'"}, {"tmax": 1.0}, ConfigurationError, "does not fit"),
        (
            {"folder": "events = '{stem}.eve'"},
            {"tmax": 1.0},
            DataError,
            r"no events file run-1\.eve",
        ),
        (
            {"folder": "exclude = ['**/*.fif']"},
            {"tmax": 1.0},
            FetchError,
            r"no file .*sub01, sub02",
        ),
        ({}, {}, ConfigurationError, "expected one of them.*Give tmax"),
        ({}, {"tmax": 1.0, "window": 1.0}, ConfigurationError, "expected one of them"),
        ({}, {"tmax": 1.0, "cues": ["T1"]}, ConfigurationError, "options.cues"),
        ({}, {"tmax": 1.0, "baseline": 3}, ConfigurationError, r"options\.baseline"),
        ({}, {"tmax": -1.0}, ConfigurationError, "tmax"),
        ({}, {"tmax": 1.0, "window_": 1}, ConfigurationError, "Did you mean 'window'"),
    ],
)
def test_mistakes_are_one_line_with_the_remedy(folder, manifest, change, options, error, message):
    with pytest.raises(error, match=message) as caught:
        load_dataset(manifest(**change), **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"folder": "pattern = '('"}, r"folder\.pattern: expected a regular expression"),
        ({"folder": "file = 'x'"}, r"folder\.file: unknown key"),
        ({"top": "titel = 'x'"}, "titel: unknown key"),
        ({"top": "sources = [{ kind = 'local', folder = '.' }]"}, "in place of sources and files"),
        ({"top": "homepage = 3"}, "homepage: .*got 3"),
    ],
)
def test_mistakes_in_the_manifest(manifest, change, message):
    with pytest.raises(ConfigurationError, match=message) as caught:
        read_manifest(manifest(**change))
    assert "\n" not in str(caught.value)


def test_a_folder_needs_its_reader(manifest):
    path = manifest()
    path.write_text(path.read_text().replace("'recordings'", "'ts'", 1))
    with pytest.raises(ConfigurationError, match="go together, but got 'ts' with"):
        read_manifest(path)


def test_a_damaged_recording_is_named(folder, manifest):
    path = folder / "sub02" / "run-1_raw.fif"
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(RecordingError, match=r"run-1_raw\.fif"):
        load_dataset(manifest(), tmax=1.0)


def test_listing_and_describing(folder, manifest):
    own = manifest(PATTERN)
    assert list(fetch(own)) == sorted(f"sub0{s}/run-{r}_raw.fif" for s in (1, 2) for r in (1, 2))
    text = describe(own)
    assert "sub02/run-1_raw.fif  subject 02, run 1" in text
    assert "T1 → hand, T2 → foot" in text


def test_the_size_of_recordings_is_that_of_all_their_files(tmp_path, manifest):
    for name, size in [("a.vhdr", 100), ("a.eeg", 3_000_000), ("b.SET", 100), ("b.fdt", 2_000_000)]:
        (tmp_path / name).write_bytes(bytes(size))
    (tmp_path / "c.mff").mkdir()
    (tmp_path / "c.mff" / "signal1.bin").write_bytes(bytes(1_000_000))
    own = manifest(events="")
    own.write_text(
        "name = 'Own'\nreader = 'recordings'\n[folder]\nfiles = ['*.vhdr', '*.SET', '*.mff']\n"
    )
    assert "recordings: 3, 6.0 MB in all" in describe(own)


def test_the_documented_example_runs(tmp_path, monkeypatch):
    """The manifest and the pipeline of the guide, as they stand there, on a user's folder."""
    guide = (manifest_folder() / "README.md").read_text(encoding="utf-8")
    manifest_text, pipeline_text = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)[:2]
    (tmp_path / "my_study.toml").write_text(manifest_text)
    (tmp_path / "my_pipeline.toml").write_text(pipeline_text)
    folder, rng = tmp_path / "recordings", np.random.default_rng(0)
    for subject in ("01", "02", "03"):
        notes = [(1.0 + 4 * k, 0.0, ("T1", "T2")[k % 2]) for k in range(8)]
        path = write(folder / f"S{subject}R1_raw.fif", notes, seconds=36.0, sfreq=200.0)
        raw = mne.io.read_raw(path, preload=True, verbose="error")
        raw._data[:] = 1e-5 * rng.standard_normal(raw._data.shape)
        raw.save(path, overwrite=True, verbose="error")
    monkeypatch.chdir("/")  # a manifest's path begins at the pipeline, wherever one is
    config = read_pipeline(
        tmp_path / "my_pipeline.toml", ["training.max_epochs=1", "protocol.seeds=[0]"]
    )
    outcome = run_pipeline(config, tmp_path / "result")
    assert {run.fold for run in outcome.result.runs} == {f"subject 0{k}" for k in (1, 2, 3)}
    resolved = read_pipeline(tmp_path / "result" / "config.toml")
    assert Path(resolved.data.name) == (tmp_path / "my_study.toml").resolve()
