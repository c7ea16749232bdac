"""Discontinuous EDF: annotations lie where their samples are, and no trial lies across a gap."""

import numpy as np
import pytest

from eegsnn.errors import DataTrapWarning
from eegsnn.recordings import make_epochs, read_recording
from eegsnn.recordings.formats.edf_records import record_onsets

SFREQ = 100
# Ten records of a second; three seconds are missing after the fourth.
BEGINS = [0, 1, 2, 3, 7, 8, 9, 10, 11, 12]


def field(value, width):
    return str(value).ljust(width).encode()[:width]


@pytest.fixture
def save(tmp_path):
    """A function that writes EDF+ whose value is the time in 10 µV."""

    def write(notes, begins=BEGINS, kind="EDF+D"):
        size = 64
        header = field(0, 8) + field("X X X X", 80) + field("Startdate 31-JAN-2024 X X X", 80)
        header += field("31.01.24", 8) + field("12.00.00", 8) + field(768, 8) + field(kind, 44)
        header += field(len(begins), 8) + field(1, 8) + field(2, 4)
        for values, width in [
            (["C3", "EDF Annotations"], 16), (["", ""], 80), (["uV", ""], 8),
            ([-3276.8, -1], 8), ([3276.7, 1], 8), ([-32768] * 2, 8), ([32767] * 2, 8),
            (["", ""], 80), ([SFREQ, size], 8), (["", ""], 32),
        ]:  # fmt: skip
            header += b"".join(field(value, width) for value in values)
        content = header
        for begin in begins:
            values = 100 * (begin + np.arange(SFREQ) / SFREQ)
            told = f"+{begin}\x14\x14\x00"
            for onset, duration, label in notes:
                if begin <= onset < begin + 1 or onset > begins[-1] == begin:
                    told += f"+{onset}\x15{duration}\x14{label}\x14\x00"
            content += np.round(values).astype("<i2").tobytes()
            content += told.encode().ljust(2 * size, b"\x00")
        path = tmp_path / "night.edf"
        path.write_bytes(content)
        return path

    return write


NOTES = [(1.5, 0.1, "a"), (3.5, 0.1, "a"), (8.25, 0.1, "b"), (11.0, 0.1, "b")]


def test_events_lie_on_their_samples(save):
    with pytest.warns(DataTrapWarning, match=r"1 gaps, 3\.0 s in all, the first after 4\.0 s"):
        raw = read_recording(save(NOTES))
    epochs = make_epochs(raw, event_id=["a", "b"], tmin=0.0, tmax=0.4)
    # The value tells when it was written; the second trial would last until 4 s.
    np.testing.assert_allclose(epochs.get_data()[:, 0, 0] * 1e5, [1.5, 3.5, 8.25, 11.0], atol=0.02)
    across = make_epochs(raw, event_id=["a", "b"], tmin=0.0, tmax=0.9)
    np.testing.assert_allclose(across.get_data()[:, 0, 0] * 1e5, [1.5, 8.25, 11.0], atol=0.02)
    assert across.drop_log[1] == ("BAD_gap",)


def test_what_lasts_through_a_gap_lasts_without_it(save):
    with pytest.warns(DataTrapWarning):
        raw = read_recording(save([(2.0, 6.0, "N2")]))
    (found,) = [n for n in raw.annotations if n["description"] == "N2"]
    assert (found["onset"], found["duration"]) == (2.0, 3.0)


@pytest.mark.parametrize(("begins", "kind"), [(range(10), "EDF+D"), (range(10), "EDF+C")])
def test_without_gaps_nothing_changes(save, begins, kind):
    raw = read_recording(save([(1.5, 0.1, "a")], begins=begins, kind=kind))
    assert raw.annotations.description.tolist() == ["a"]
    assert len(record_onsets(save([], kind="EDF+C"))[0]) == 0


def test_several_events_after_the_end_are_told(save):
    notes = [(1.5, 0.1, "a"), (50.0, 0.1, "a")]
    assert len(read_recording(save(notes, range(10), "EDF+C")).annotations) == 1  # one is common
    with pytest.warns(DataTrapWarning, match=r"night\.edf: 2 annotations lie outside .* complete"):
        raw = read_recording(save([*notes, (60.0, 0.1, "a")], range(10), "EDF+C"))
    assert len(raw.annotations) == 1
