"""Events in a file beside the recording: tables of any make, annotations of MNE, EDF+."""

from datetime import UTC, datetime

import mne
import numpy as np
import pytest

from eegsnn.errors import DataTrapWarning, RecordingError
from eegsnn.recordings.annotation_files import annotate, holds_codes
from eegsnn.recordings.reading import read_recording

SFREQ = 100.0
EXPECTED = [(1.0, 0.5, "N1"), (4.0, 30.0, "N2"), (50.5, 0.0, "W")]


@pytest.fixture
def recording(tmp_path):
    """A minute that began when acquisition had run for 5 s, with annotations of its own."""
    path = tmp_path / "night_raw.fif"
    info = mne.create_info(["C3"], SFREQ, "eeg")
    raw = mne.io.RawArray(np.zeros((1, 6000)), info, first_samp=500, verbose="error")
    raw.set_annotations(mne.Annotations([2.0, 7.0], [1.0, 0.5], ["old", "BAD_move"]))
    raw.set_meas_date(datetime(2024, 1, 31, 23, 59, 50, tzinfo=UTC))
    raw.save(path, verbose="error")
    return path


def annotated(recording, file, column=None, **options):
    raw = read_recording(recording, **options)
    annotate(raw, recording, file, column)
    own = [note for note in raw.annotations if note["description"] == "BAD_move"]
    assert len(own) == 1, "what marks bad data stays"
    notes = [note for note in raw.annotations if note["description"] != "BAD_move"]
    return [
        (round(n["onset"] - raw.first_time, 6), round(n["duration"], 6), str(n["description"]))
        for n in notes
    ]


TABLES = {
    "bids.tsv": "onset\tduration\ttrial_type\n1\t.5\tN1\n4\t30\tN2\n50.5\tn/a\tW\n9\t1\tn/a\n",
    "ends.csv": "Start time (s),Stop time (s),Stage\n1,1.5,N1\n4,34,N2\n50.5,,W\n",
    "seizures.csv_bi": "# version = x\n\nchannel,start_time,stop_time,label,confidence\n"
    "C3,1,1.5,N1,1\nC4,1,1.5,N1,1\nC3,4,34,N2,1\nC3,50.5,50.5,W,1\n",
    "milliseconds.txt": "Onset [ms];Duration_ms;Description\n"
    "1000;500;N1\n4000;30000;N2\n50500;;W\n",
    "commas.csv": "onset;duration;class\n1,0;0,5;N1\n4,0;30;N2\n50,5;0;W\n",
    "samples.csv": "sample,duration,event\n100,.5,N1\n400,30,N2\n5050,0,W\n",
    "dates.csv": "time,duration,label\n2024-01-31 23:59:56,0.5,N1\n"
    "2024-01-31T23:59:59.000,30,N2\n2024-02-01 00:00:45.5,0,W\n",
    "mne.txt": "# MNE-Annotations\n# onset, duration, description\n1.0, 0.5, N1\n4.0, 30.0, N2\n"
    "50.5, 0.0, W\n",
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("resample", [None, 50.0])
def test_tables(recording, name, resample):
    file = recording.with_name(name)
    file.write_text(TABLES[name])
    assert not holds_codes(file)
    assert annotated(recording, file, resample=resample) == EXPECTED


def test_annotations_that_mne_saved(recording):
    file = recording.with_name("night-annot.fif")
    # As MNE has them, those of a recording with a date count from where acquisition began.
    date = datetime(2024, 1, 31, 23, 59, 50, tzinfo=UTC)
    onset, duration, label = zip(*EXPECTED, strict=True)
    mne.Annotations(np.array(onset) + 5, duration, label, orig_time=date).save(file)
    assert annotated(recording, file) == EXPECTED
    mne.Annotations(onset, duration, label).save(file, overwrite=True)
    assert annotated(recording, file) == EXPECTED


def test_a_hypnogram_in_edf(recording):
    """EDF+ of nothing but annotations, as the Sleep-EDF database has them."""
    lists = b"".join(
        f"+{onset:g}\x15{duration:g}\x14{label}\x14\x00".encode()
        for onset, duration, label in EXPECTED
    )
    content = b"+0\x14\x14\x00" + lists
    size = len(content) + len(content) % 2

    def field(value, width):
        return str(value).ljust(width).encode()

    header = field(0, 8) + field("X X X X", 80) + field("Startdate 31-JAN-2024 X X X", 80)
    header += field("31.01.24", 8) + field("23.59.50", 8) + field(512, 8) + field("EDF+C", 44)
    header += field(1, 8) + field(0, 8) + field(1, 4) + field("EDF Annotations", 16)
    header += field("", 80) + field("", 8) + field(-1, 8) + field(1, 8) + field(-32768, 8)
    header += field(32767, 8) + field("", 80) + field(size // 2, 8) + field("", 32)
    file = recording.with_name("night-Hypnogram.edf")
    file.write_bytes(header + content.ljust(size, b"\x00"))
    assert annotated(recording, file) == EXPECTED


def test_another_column_of_labels(recording):
    file = recording.with_name("x.csv")
    file.write_text("onset,label,scorer 2\n1,N1,1.0\n4,N2,\n")
    assert annotated(recording, file, "scorer 2") == [(1.0, 0.0, "1")]
    with pytest.raises(RecordingError, match=r"column of labels.*'scorer 3'.*onset, label, scorer"):
        annotated(recording, file, "scorer 3")


@pytest.mark.parametrize(
    ("name", "codes"),
    [("a-eve.fif", True), ("a_raw-eve.fif.gz", True), ("a.eve", True), ("a-annot.fif", False)],
)
def test_what_holds_codes_is_known_by_its_name(tmp_path, name, codes):
    assert holds_codes(tmp_path / name) is codes


def test_text_of_three_whole_numbers_holds_codes(tmp_path):
    file = tmp_path / "x.txt"
    file.write_text("# events\n100 0 1\n300 0 2\n")
    assert holds_codes(file)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n", "expected a column of onsets .* its columns are a, b"),
        ("onset,b\n1,2\n", "and one of labels"),
        ("onset,label\nx,N1\n", "column onset: expected numbers, but row 1 holds 'x'"),
        ("onset,stop,label\n4,3,N1\n", "the event at 4 s ends before it begins"),
        ("onset,label\n100,N1\n200,N1\n3,N2\n", "2 of 3 events lie outside"),
        ("onset,label\n2024-13-31 00:00:00,N1\n", "expected dates such as"),
        ("", "holds no rows"),
    ],
)
def test_what_cannot_be_is_one_line(recording, content, message):
    file = recording.with_name("x.csv")
    file.write_text(content)
    with pytest.raises(RecordingError, match=message) as caught:
        annotated(recording, file)
    assert "x.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_other_faults(recording):
    raw = read_recording(recording)
    with pytest.raises(RecordingError, match="no such events file"):
        annotate(raw, recording, recording.with_name("none.csv"))
    file = recording.with_name("x.edf")
    file.write_bytes(b"0" * 700)
    with pytest.raises(RecordingError, match="holds no annotations"):
        annotate(raw, recording, file)
    recording.with_name("x-annot.fif").write_bytes(b"0" * 700)
    with pytest.raises(RecordingError, match="cannot be read as annotations"):
        annotate(raw, recording, recording.with_name("x-annot.fif"))
    with pytest.raises(RecordingError, match="no table"):
        annotate(raw, recording, file, "label")
    file = recording.with_name("x.csv")
    file.write_text("onset,label\n2024-01-31 23:59:56,N1\n")
    raw.set_meas_date(None)
    with pytest.raises(RecordingError, match="does not tell when it began"):
        annotate(raw, recording, file)
    file.write_text("onset,label\n1,N1\n2,N1\n300,N2\n")
    with pytest.warns(DataTrapWarning, match="1 of 3 events lie outside"):
        annotate(raw, recording, file)
