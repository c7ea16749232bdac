"""What stands beside a recording of a BIDS data set is read with it; errors name file and line."""

import types
from pathlib import Path

import numpy as np
import pytest

from eegsnn.errors import DataTrapWarning, RecordingError
from eegsnn.recordings import open_recording, read_recording
from eegsnn.recordings.bids import bids_root, entities, metadata, sidecars

NAMES = ["C3", "Cz", "C4", "VEOG"]
EVENTS = (
    "onset\tduration\ttrial_type\tvalue\n1.0\t0.5\tleft\t1\n3.0\tn/a\tright\t2.0\n4\t0\tn/a\t9\n"
)
CHANNELS = (
    "name\ttype\tunits\tstatus\nC3\tEEG\tuV\tgood\nCz\tEEG\tuV\tbad\nC4\tEEG\tuV\tn/a\n"
    "VEOG\tVEOG\tuV\tgood\nSTATUS\tTRIG\tn/a\tgood\n"
)
STEM = "sub-01_task-rest_run-1"


@pytest.fixture
def recording(tmp_path, edf):
    """A recording of six seconds in a data set, with tables beside it."""
    (tmp_path / "dataset_description.json").write_text("{}")
    signals = np.random.default_rng(0).normal(size=(4, 600))
    path = edf(signals, NAMES, name=f"{STEM}_eeg.edf")
    folder = tmp_path / "sub-01" / "eeg"
    folder.mkdir(parents=True)
    path = path.rename(folder / path.name)
    (folder / f"{STEM}_events.tsv").write_text(EVENTS)
    (folder / f"{STEM}_channels.tsv").write_text(CHANNELS)
    return path


def notes(raw):
    return [
        (float(n["onset"]) - raw.first_time,
         float(n["duration"]), str(n["description"]))
        for n in raw.annotations
    ]  # fmt: skip


@pytest.mark.parametrize("read", [read_recording, open_recording])
def test_tables_beside_a_recording_are_read_with_it(recording, read):
    raw = read(recording)
    assert raw.ch_names == ["C3", "Cz", "C4"]
    assert raw.info["bads"] == ["Cz"]
    assert notes(raw) == [(1.0, 0.5, "left"), (3.0, 0.0, "right")]


def test_a_path_object_of_mne_bids_is_its_file(recording):
    path = types.SimpleNamespace(fpath=recording)
    assert read_recording(path).info["bads"] == ["Cz"]


def test_the_bare_file_is_read_where_asked(recording):
    raw = read_recording(recording, bids=False, picks="all")
    assert (raw.ch_names, raw.info["bads"], len(raw.annotations)) == (NAMES, [], 0)


def test_another_column_has_the_labels(recording):
    raw = read_recording(recording, events_column="value")
    assert [label for *_, label in notes(raw)] == ["1", "2", "9"]


def test_value_where_trial_type_says_nothing(recording):
    table = recording.with_name(f"{STEM}_events.tsv")
    table.write_text("onset\tduration\ttrial_type\tvalue\n1.0\t0\tn/a\t5\n")
    assert notes(read_recording(recording)) == [(1.0, 0.0, "5")]
    with pytest.raises(RecordingError, match="nothing in the column trial_type"):
        read_recording(recording, events_column="trial_type")
    table.write_text("onset\tduration\n1.0\t0\n")
    assert notes(read_recording(recording)) == []


def test_annotations_of_bad_data_stay(recording, make_raw):
    fif = recording.with_name(f"{STEM}_eeg.fif")
    raw = make_raw(np.ones((1, 600)), ["C3"], annotations=[(2.0, 1.0, "BAD_x"), (4.0, 0.0, "S  1")])
    raw.set_meas_date(0).crop(1.0, verbose="error").save(fif, verbose="error")
    assert notes(read_recording(fif)) == [
        (1.0, 0.5, "left"),
        (1.0, 1.0, "BAD_x"),
        (3.0, 0, "right"),
    ]


def test_the_nearest_table_applies(recording):
    root = bids_root(recording)
    assert root == recording.parents[2]
    beside = recording.with_name(f"{STEM}_events.tsv")
    text = beside.read_text()
    beside.unlink()
    (root / "task-rest_events.tsv").write_text(text.replace("left", "root"))
    (root / "task-other_events.tsv").write_text(text.replace("left", "other"))
    assert notes(read_recording(recording))[0][2] == "root"
    (root / "sub-01" / "sub-01_events.tsv").write_text(text.replace("left", "subject"))
    assert notes(read_recording(recording))[0][2] == "subject"
    assert len(sidecars(recording, "events.tsv")) == 2


def test_nearer_metadata_add_to_those_above(recording):
    root = bids_root(recording)
    (root / "eeg.json").write_text('{"PowerLineFrequency": 60, "EEGReference": "Cz"}')
    recording.with_suffix(".json").write_text('{"PowerLineFrequency": 50}')
    assert metadata(recording) == {"PowerLineFrequency": 50, "EEGReference": "Cz"}
    recording.with_suffix(".json").write_text("{")
    with pytest.raises(RecordingError, match=r"eeg\.json: not a JSON file"):
        metadata(recording)


def test_a_data_set_without_description_is_known_by_its_folders(recording):
    (bids_root(recording) / "dataset_description.json").unlink()
    assert bids_root(recording) == recording.parents[2]
    assert bids_root(Path("/nowhere/sub-01_eeg.edf")) is None
    assert entities(Path("x_eeg.edf")) == {}


def test_a_file_elsewhere_is_no_part_of_a_data_set(edf):
    path = edf(np.ones((1, 100)), ["C3"], name="sub-01_eeg.edf")
    with pytest.raises(RecordingError, match="in no BIDS data set"):
        read_recording(path, bids=True)
    with pytest.raises(RecordingError, match=r"no _events\.tsv applies"):
        read_recording(path, events_column="value")


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("events", EVENTS.replace("3.0", "three"), r"line 3: onset: expected seconds.*'three'"),
        ("events", EVENTS.replace("0.5", "nan"), r"line 2: duration: expected seconds.*'nan'"),
        ("events", EVENTS.replace("0.5", "-1"), r"line 2: duration -1 s is negative"),
        ("events", EVENTS.replace("onset", "start"), "no column onset. Columns: start, duration"),
        ("events", EVENTS.replace("\tleft", ""), "line 2: expected 4 cells .* but got 3"),
        ("events", EVENTS.replace("\t", ","), "divided by tabs, but the first line is 'onset,dur"),
        ("events", EVENTS.replace("1.0", "100").replace("3.0", "300"), "2 of 2 events lie outside"),
        ("channels", CHANNELS.replace("name", "label"), "no column name. Columns: label, type"),
        (
            "channels",
            CHANNELS.replace("bad", "poor"),
            "line 3: status: expected good.*'poor'",
        ),
    ],
)
def test_malformed_tables_are_one_line_with_the_place(recording, kind, text, message):
    recording.with_name(f"{STEM}_{kind}.tsv").write_text(text)
    with pytest.raises(RecordingError, match=message) as caught:
        read_recording(recording)
    assert f"{STEM}_{kind}.tsv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_such_column(recording):
    with pytest.raises(RecordingError, match=r"no column side\. Columns: onset, duration"):
        read_recording(recording, events_column="side")
    recording.with_name(f"{STEM}_events.tsv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecordingError, match="cannot be read as a table"):
        read_recording(recording)


def test_an_event_beyond_the_recording_is_left_out_and_told(recording):
    table = recording.with_name(f"{STEM}_events.tsv")
    table.write_text(EVENTS + "7.5\t0\tright\t2\n")
    with pytest.warns(
        DataTrapWarning, match=r"1 of 3 events .* lasts 6 s; the last onset is 7\.5 s"
    ):
        raw = read_recording(recording)
    assert len(raw.annotations) == 2


def test_channels_of_another_recording_are_told(recording):
    recording.with_name(f"{STEM}_channels.tsv").write_text("name\ttype\nE1\tEEG\nE2\tEEG\n")
    with pytest.warns(DataTrapWarning, match=r"none of the channels .*\(E1, …\) is in"):
        assert read_recording(recording).ch_names == NAMES


def test_tables_written_by_r_and_excel(recording):
    table = recording.with_name(f"{STEM}_events.tsv")
    quoted = '\ufeff"onset"\t"duration"\t"trial_type"\r\n1.0\t0\t"left hand"\r\n2.0\t\t""\r\n\r\n'
    table.write_text(quoted, encoding="utf-8")
    assert notes(read_recording(recording)) == [(1.0, 0.0, "left hand")]
