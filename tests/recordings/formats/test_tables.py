"""Tables as consumer headsets export them become recordings; what they do not tell is asked for."""

import numpy as np
import pytest

from eegsnn.errors import DataTrapWarning, EegsnnError, RecordingError
from eegsnn.recordings import read_recording
from eegsnn.recordings.formats.tables import read_table_recording

SFREQ = 256.0
SIGNAL = np.round(np.random.default_rng(0).normal(800, 20, size=(2, 512)), 2)


@pytest.fixture
def table(tmp_path):
    """A function that writes columns (name → cells) and returns the file."""

    def write(columns, mark=",", head="", name="muse.csv"):
        path = tmp_path / name
        rows = zip(*columns.values(), strict=True)
        lines = [mark.join(columns), *(mark.join(map(str, row)) for row in rows)]
        path.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


def columns(**more):
    times = np.round(1700000000 + np.arange(512) / SFREQ, 4)
    return {"timestamps": times, "RAW_TP9": SIGNAL[0], "RAW_AF7": SIGNAL[1], **more}


def notes(raw):
    return [(n["onset"], n["duration"], n["description"]) for n in raw.annotations]


def test_channels_rate_and_unit(table):
    raw, left_out = read_table_recording(table(columns(Accelerometer_X=np.ones(512))))
    assert (raw.ch_names, raw.info["sfreq"], left_out) == (
        ["TP9", "AF7"],
        SFREQ,
        ["Accelerometer_X"],
    )
    np.testing.assert_allclose(raw.get_data(), SIGNAL * 1e-6, rtol=1e-6)
    assert read_table_recording(table(columns()), unit="mV")[0].get_data().max() > 0.5


@pytest.mark.parametrize("mark", ["\t", ";", " ", "  "])
def test_decimal_commas_and_other_marks(table, mark):
    cells = {key: [str(v).replace(".", ",") for v in column] for key, column in columns().items()}
    raw, _ = read_table_recording(table(cells, mark=mark, name="x.txt"))
    np.testing.assert_allclose(raw.get_data(), SIGNAL * 1e-6, rtol=1e-6)


def test_words_beside_decimal_commas(table):
    marker = ["gauche" if 100 <= k < 110 else "0" for k in range(512)]
    cells = {key: [str(v).replace(".", ",") for v in column] for key, column in columns().items()}
    raw, _ = read_table_recording(table(cells | {"marker": marker}, mark=" "))
    assert notes(raw) == [(100 / SFREQ, 9 / SFREQ, "gauche")]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252", "latin-1"])
def test_text_as_spreadsheets_write_it(table, encoding):
    path = table(
        columns(marker=["Prüfung" if k == 7 else "" for k in range(512)], Größe=np.ones(512))
    )
    path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))
    raw, left_out = read_table_recording(path)
    assert (left_out, raw.annotations.description.tolist()) == (["Größe"], ["Prüfung"])


def test_columns_divided_by_blanks(table):
    raw, _ = read_table_recording(table(columns(), mark="  "))
    np.testing.assert_allclose(raw.get_data(), SIGNAL * 1e-6, rtol=1e-6)


def test_what_stands_before_the_header_is_no_sample(table):
    head = "%OpenBCI Raw EXG Data\n%Sample Rate = 250 Hz\ntitle:x,sampling:256\n"
    assert read_table_recording(table(columns(), head=head))[0].n_times == 512


@pytest.mark.parametrize("scale", [1e3, 1e6])
def test_times_in_other_units_and_dates(table, scale):
    times = np.arange(512) / SFREQ
    raw, _ = read_table_recording(table(columns(timestamps=np.round(times * scale, 3))))
    assert raw.info["sfreq"] == SFREQ
    dates = np.datetime64("2024-01-31T12:00:00") + (times * 1e6).astype("timedelta64[us]")
    for ending in ("", "Z"):
        cells = [f"{date}{ending}" for date in dates]
        assert read_table_recording(table(columns(timestamps=cells)))[0].info["sfreq"] == SFREQ


def test_events_last_while_their_value_stays(table):
    marks = np.zeros(512)
    marks[128], marks[256:384] = 7, 2
    expected = [(0.5, 0.0, "7"), (1.0, 127 / SFREQ, "2")]
    assert notes(read_table_recording(table(columns(Marker=marks)))[0]) == expected
    texts = np.array([""] * 512, dtype=object)
    texts[128] = "left hand"
    raw, _ = read_table_recording(table(columns(side=texts)), events="side")
    assert notes(raw) == [(0.5, 0.0, "left hand")]


def test_rows_without_samples_are_events(table):
    cells = {key: [str(value) for value in column] for key, column in columns().items()}
    cells["Event"] = [""] * 512
    for key in cells:
        cells[key].insert(256, {"timestamps": "1700000001", "Event": "blink"}.get(key, ""))
    raw, _ = read_table_recording(table(cells))
    assert (raw.n_times, notes(raw)) == (512, [(1.0, 0.0, "blink")])


def test_channels_of_other_names(table):
    cells = {"EXG Channel 0": SIGNAL[0], "EXG Channel 1": SIGNAL[1], "Other": SIGNAL[0]}
    path = table(cells)
    raw, left_out = read_table_recording(path, channels=["EXG*"], sfreq=250)
    assert (raw.ch_names, left_out) == (["EXG Channel 0", "EXG Channel 1"], ["Other"])
    raw, _ = read_table_recording(path, channels=["EXG Channel 1=C3"], sfreq=250)
    assert (raw.ch_names, raw.info["sfreq"]) == (["C3"], 250.0)


def test_missing_samples_are_told_and_annotated(table):
    times = np.arange(512) / SFREQ
    times[300:] += 2.0
    with pytest.warns(
        DataTrapWarning, match=r"missing in 1 places, 2\.0 s in all, .* after 1\.2 s"
    ):
        raw, _ = read_table_recording(table(columns(timestamps=times)))
    assert raw.info["sfreq"] == SFREQ
    assert notes(raw) == [(300 / SFREQ, 0.0, "BAD_gap")]


def test_a_long_pause_says_nothing_of_the_rate(table):
    times = np.arange(512) / SFREQ
    times[256:] += 8 * 3600
    with pytest.warns(DataTrapWarning, match=r"missing in 1 places, 28800\.0 s"):
        raw, _ = read_table_recording(table(columns(timestamps=times)))
    assert (raw.info["sfreq"], notes(raw)) == (SFREQ, [(1.0, 0.0, "BAD_gap")])


def test_packets_that_are_lost_do_not_slow_the_clock(table):
    kept = np.arange(640) % 50 < 40  # a fifth, 39 ms at a time
    with pytest.warns(DataTrapWarning, match="missing in 12 places"):
        raw, _ = read_table_recording(table(columns(timestamps=np.flatnonzero(kept)[:512] / SFREQ)))
    assert raw.info["sfreq"] == SFREQ
    assert notes(raw)[0] == (40 / SFREQ, 0.0, "BAD_gap")


def test_samples_that_come_in_packets_lose_none(table):
    times = np.floor(np.arange(512) / 12) * 12 / SFREQ  # twelve of one time, then the next
    assert read_table_recording(table(columns(timestamps=times)))[0].info["sfreq"] == pytest.approx(
        SFREQ, rel=0.05
    )


@pytest.mark.parametrize("step", [1e-5, 3e-4])
def test_steps_within_a_burst_are_no_interval(table, step):
    k = np.arange(512)
    path = table(columns(timestamps=np.round(k // 8 * 8 / SFREQ + k % 8 * step, 6)))
    assert read_table_recording(path)[0].info["sfreq"] == pytest.approx(SFREQ, rel=0.03)
    raw, _ = read_table_recording(path, sfreq=SFREQ)
    assert (raw.info["sfreq"], notes(raw)) == (SFREQ, [])
    with pytest.raises(RecordingError, match=r"sfreq: .* 25\d\.?\d* Hz, but got 128 Hz"):
        read_table_recording(path, sfreq=128)


@pytest.mark.parametrize("step", [0, 1e-5])
def test_bursts_that_are_seconds_apart_need_the_rate(table, step):
    k = np.arange(512)
    path = table(columns(timestamps=np.round(k // 16 + k % 16 * step, 6)))
    with pytest.raises(RecordingError, match=r"come in bursts.*\(16\.\d+ .*: --sfreq 250"):
        read_table_recording(path)
    raw, _ = read_table_recording(path, sfreq=16)
    assert (raw.info["sfreq"], notes(raw)) == (16, [])
    with pytest.raises(RecordingError, match=r"times say, 16\.\d+ Hz, but got 250 Hz"):
        read_table_recording(path, sfreq=250)


def test_numbers_of_samples_are_no_times(table):
    path = table(columns(timestamps=np.arange(512)))
    assert read_table_recording(path, sfreq=250)[0].info["sfreq"] == 250
    with pytest.warns(DataTrapWarning, match="taken for milliseconds, 1000 Hz.*--sfreq"):
        assert read_table_recording(path)[0].info["sfreq"] == 1000


def test_a_mark_at_the_end_of_every_line(table):
    path = table(columns())
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], *(f"{line}," for line in lines[1:])]))
    np.testing.assert_allclose(read_table_recording(path)[0].get_data(), SIGNAL * 1e-6, rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"RAW_AF7": ["x"] * 512}, {}, "column RAW_AF7: expected numbers, but row 1 .* 'x'"),
        ({"RAW_AF7": [""] * 512, "RAW_TP9": [""] * 512}, {}, "hold no samples"),
        ({}, {"channels": ["RAW_AF8"]}, "channels: .*got 'RAW_AF8'.*Did you mean 'RAW_AF7'"),
        ({}, {"channels": ["RAW*=C3"]}, "channels: expected a column of the table"),
        ({}, {"events": "mark"}, "events: expected a column .*timestamps, RAW_TP9, RAW_AF7"),
        ({}, {"unit": "uv"}, "unit: expected one of 'V'"),
        ({}, {"sfreq": 128}, "what the times say, 256 Hz, but got 128 Hz"),
        ({}, {"sfreq": 0}, "sfreq: expected a number > 0 Hz"),
        ({"timestamps": [1] * 512}, {}, "no column of times .*--sfreq"),
        ({"timestamps": [*range(256), *range(256)]}, {}, "times go back, first after sample 256"),
        ({"timestamps": ["noon"] * 512}, {}, "column timestamps: expected numbers, or dates"),
        ({}, {"channels": ["RAW_TP9=C3", "RAW_AF7=C3"]}, "more than once: C3"),
    ],
)
def test_what_cannot_be_is_one_line_with_the_remedy(table, change, options, message):
    with pytest.raises(EegsnnError, match=message) as caught:
        read_table_recording(table(columns() | change), **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no rows of samples"),
        ("1,2\n3,4\n5,6\n", "no header: .* line 1 is '1,2'"),
        ("C3,C4\n1,2\n1\n1,2\n", "line 3: expected 2 cells, but got 1"),
        ("C3,C4\n1,2\n1,2\n1", "line 4: expected 2 cells, but got 1"),
        ("C3,C3\n1,2\n", "several columns are called C3"),
        ("a,b\n1,2\n", "no column is called like an electrode. Columns: a, b"),
    ],
)
def test_what_is_no_table(tmp_path, text, message):
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(RecordingError, match=message):
        read_table_recording(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecordingError, match="is no text"):
        read_table_recording(path)
    with pytest.raises(RecordingError, match="no such file"):
        read_table_recording(tmp_path / "y.csv")


def test_reading_a_table_points_at_its_conversion(table):
    with pytest.raises(RecordingError, match=r"eegsnn convert muse\.csv --out muse_raw\.fif"):
        read_recording(table(columns()))
