"""Encoders side by side: the table, what it holds, and what it refuses."""

import sys

import mne
import numpy as np
import pytest

from eegsnn.encoding import ENCODERS, LevelCrossingEncoder
from eegsnn.errors import ConfigurationError, DataError
from eegsnn.measures import compare_encoders

SFREQ = 160.0
MEASURES = ["snr", "rmse", "nrmse", "correlation", "spikes_per_second", "up_per_second",
            "down_per_second", "spikes_per_sample", "bits_per_sample", "silent", "isi_cv",
            "fano"]  # fmt: skip


@pytest.fixture
def signals(rng):
    return 1e-5 * rng.normal(size=(2, 1600)) * [[1.0], [4.0]]


def raw_of(signals, names=("C3", "C4")):
    return mne.io.RawArray(signals, mne.create_info(list(names), SFREQ, "eeg"), verbose="error")


def records(*args, **kwargs):
    return compare_encoders(*args, frame="records", **kwargs)


def test_a_row_for_each_recording_channel_band_and_encoder(signals):
    data = {"one": raw_of(signals), "two": raw_of(2 * signals)}
    rows = records(data, ["level_crossing", "bsa"], "motor")
    assert len(rows) == 2 * 2 * 2 * 2
    keys = [(r["recording"], r["channel"], r["band"], r["encoder"]) for r in rows]
    assert keys[:5] == [
        ("one", "C3", "mu", "level_crossing"),
        ("one", "C3", "mu", "bsa"),
        ("one", "C3", "beta", "level_crossing"),
        ("one", "C3", "beta", "bsa"),
        ("one", "C4", "mu", "level_crossing"),
    ]
    assert len(set(keys)) == len(keys)
    assert list(rows[0])[4:] == MEASURES
    for row in rows:
        if row["encoder"] == "level_crossing":
            assert row["snr"] == pytest.approx(10.8, abs=1)
            assert row["spikes_per_second"] == row["up_per_second"] + row["down_per_second"]
            assert row["spikes_per_sample"] == pytest.approx(row["spikes_per_second"] / SFREQ)
            assert row["nrmse"] == pytest.approx(10 ** (-row["snr"] / 20))
            assert row["correlation"] > 0.9
            assert 0 < row["bits_per_sample"] < 3
            assert row["silent"] is False
    one, two = rows[0], rows[8]
    assert two["rmse"] == pytest.approx(2 * one["rmse"])
    assert two["snr"] == pytest.approx(one["snr"])


def test_every_code_has_its_row(signals):
    rows = records(signals, list(ENCODERS), {"alpha": (8, 13)}, sfreq=SFREQ)
    assert [row["encoder"] for row in rows[: len(ENCODERS)]] == list(ENCODERS)
    for row in rows:
        assert np.isnan(row["snr"]) == (row["encoder"] == "threshold_crossing")
        assert np.isnan(row["spikes_per_second"]) == (row["encoder"] in ("direct", "repeat"))


def test_arrays_epochs_and_raws_give_the_same(signals):
    expected = records(raw_of(signals), ["hsa"], "alpha")
    array = records(signals, ["hsa"], "alpha", sfreq=SFREQ, ch_names=["C3", "C4"])
    info = mne.create_info(["C3", "C4"], SFREQ, "eeg")
    epochs = records(mne.EpochsArray(signals[None], info, verbose="error"), ["hsa"], "alpha")
    for row, same, again in zip(expected, array, epochs, strict=True):
        assert row == pytest.approx(same)
        assert row == pytest.approx(again)


def test_scales_of_another_recording(signals):
    rows = records(signals, ["level_crossing"], "alpha", train=4 * signals, sfreq=SFREQ)
    assert rows[0]["snr"] < 3
    with pytest.raises(DataError, match=r"train: expected the channels C3, C4"):
        records(raw_of(signals), ["bsa"], "alpha", train=raw_of(signals, ["C3", "Cz"]))


def test_labels(signals):
    rows = records(
        signals, {"fine": ("level_crossing", {"threshold": 0.1}), "plain": "bsa"}, "alpha",
        sfreq=SFREQ)  # fmt: skip
    assert [row["encoder"] for row in rows[:2]] == ["fine", "plain"]
    rows = records(signals, [LevelCrossingEncoder(0.25), "bsa"], "alpha", sfreq=SFREQ)
    assert rows[0]["encoder"] == "level_crossing(threshold=0.25)"


def test_a_data_frame_where_pandas_is(signals):
    pandas = pytest.importorskip("pandas")
    table = compare_encoders(signals, ["bsa"], "motor", sfreq=SFREQ)
    assert isinstance(table, pandas.DataFrame)
    assert list(table.columns) == ["recording", "channel", "band", "encoder", *MEASURES]
    assert len(table) == 4


def test_without_pandas(signals, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ConfigurationError, match="needs pandas"):
        compare_encoders(signals, ["bsa"], "motor", sfreq=SFREQ, frame="pandas")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"encoders": ["bsaa"]}, "Did you mean 'bsa'"),
        ({"encoders": []}, "at least one"),
        ({"encoders": ["bsa", "bsa"]}, "more than once"),
        ({"encoders": [3]}, "expected a name"),
        ({"encoders": [("bsa", {"taps": 3})]}, "no such setting"),
        ({"bands": "alhpa"}, "bands"),
        ({"sfreq": None}, "sfreq"),
        ({"frame": "polars"}, "frame"),
        ({"bands": {"x": (70, 90)}}, "Nyquist"),
    ],
)
def test_impossible_comparisons(signals, parameters, message):
    given = {"encoders": ["bsa"], "bands": "alpha", "sfreq": SFREQ} | parameters
    with pytest.raises(ConfigurationError, match=message):
        compare_encoders(signals, **given)


@pytest.mark.data
def test_on_a_real_recording(data_folder):
    path = data_folder / "eegmmidb" / "S001R04.edf"
    if not path.is_file():
        pytest.skip(f"real recordings: {path} is not there")
    raw = mne.io.read_raw_edf(path, preload=True, verbose="error").crop(0, 60).pick(range(8))
    rows = records(raw, ["level_crossing", "step_forward"])
    by_encoder = {
        name: [row["snr"] for row in rows if row["encoder"] == name]
        for name in ("level_crossing", "step_forward")
    }
    predicted = 10 * np.log10(3 / 0.5**2)
    assert np.abs(np.array(by_encoder["level_crossing"]) - predicted).max() < 1.5
    # The fastest band is where a spike a sample is too few.
    assert min(by_encoder["step_forward"]) < 6 < max(by_encoder["step_forward"])
