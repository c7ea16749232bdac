"""A study of a recording: a code for each band, stretches annotated as BAD, annotations."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import mne
import numpy as np
import pytest

from eegsnn.cli import main
from eegsnn.encoding import make_encoder
from eegsnn.errors import DataError
from eegsnn.filters import FilterBank
from eegsnn.study import StudySettings, encode_recording

SFREQ, SECONDS = 128.0, 20
CHANNELS = ["C3", "Cz", "C4"]
BANDS = ["theta", "alpha"]
BAD = (6.0, 8.5)


def save(raw: mne.io.BaseRaw, path: Path) -> Path:
    raw.save(path, overwrite=True, verbose="error")
    return path


@pytest.fixture(scope="module")
def clean() -> mne.io.RawArray:
    x = 1e-5 * np.random.default_rng(3).normal(size=(len(CHANNELS), int(SECONDS * SFREQ)))
    return mne.io.RawArray(x, mne.create_info(CHANNELS, SFREQ, "eeg"), verbose="error")


@pytest.fixture(scope="module")
def recording(clean: mne.io.RawArray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(clean, tmp_path_factory.mktemp("clean") / "clean_raw.fif")


@pytest.fixture(scope="module")
def with_bad(clean: mne.io.RawArray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, but for a stretch of great amplitude that is annotated as BAD."""
    raw = clean.copy()
    first, stop = (int(t * SFREQ) for t in BAD)
    raw._data[:, first:stop] *= 1000
    # Later, a second annotation that overlaps a third: together 1.5 s.
    raw.set_annotations(
        mne.Annotations([BAD[0], 15.0, 15.5, 1.0], [2.5, 1.0, 1.0, 1.0], [*["bad x"] * 3, "T1"])
    )
    return save(raw, tmp_path_factory.mktemp("bad") / "bad_raw.fif")


def study(
    path: Path, out: Path, **settings: Any
) -> tuple[dict[str, Any], dict[str, np.ndarray], list[dict[str, str]]]:
    report = settings.pop("report", False)
    encode_recording(path, out, StudySettings(bands=BANDS, **settings), report=report)
    about = json.loads((out / "spikes.json").read_text(encoding="utf-8"))
    with (out / "measures.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    return about, dict(np.load(out / "spikes.npz")), rows


# Codes that decide later than others, in several steps a sample, or with several units.
MIXTURES: list[dict[str, Any]] = [
    {"theta": "temporal_contrast", "alpha": {"method": "level_crossing", "threshold": 0.25}},
    {"theta": {"method": "latency", "n_steps": 8, "window": 3}, "alpha": "bsa"},
    {"theta": {"method": "population", "n_units": 4}, "alpha": "sigma_delta"},
]


@pytest.mark.filterwarnings("ignore::eegsnn.errors.SlewLimitWarning")
@pytest.mark.parametrize("method", MIXTURES)
def test_a_code_for_each_band(method: dict[str, Any], recording: Path, tmp_path: Path) -> None:
    about, events, _ = study(recording, tmp_path / "all", method=method, chunk=0.7)
    _, again, _ = study(recording, tmp_path / "again", method=method, chunk=3.1)
    for column, values in events.items():
        assert np.array_equal(values, again[column]), column
    assert np.all(np.diff(events["seconds"]) >= 0)
    listed = mne.read_events(tmp_path / "all" / "spikes-eve.txt", verbose="error")
    assert set(listed[:, 2]) <= set(about["event_id"].values())
    assert about["n_spikes"] == len(listed)
    for index, (band, code) in enumerate(method.items()):
        name = code if isinstance(code, str) else code["method"]
        assert about["encoders"][band]["method"] == name
        # Each band's events are those of a study of this code alone.
        own = {} if isinstance(code, str) else {k: v for k, v in code.items() if k != "method"}
        one, alone, _ = study(recording, tmp_path / band, method=name, settings=own)
        assert one["encoder"]["settings"] == about["encoders"][band]["settings"]
        for column in ("sample", "seconds", "channel", "unit", "polarity"):
            of_band = events[column][events["band"] == index]
            assert np.array_equal(of_band, alone[column][alone["band"] == index])
        labels = {k: v for k, v in about["event_id"].items() if f"/{band}" in k}
        assert np.isin(listed[:, 2], list(labels.values())).sum() == (events["band"] == index).sum()


def test_the_report_tells_each_band_its_code(recording: Path, tmp_path: Path) -> None:
    method = {"theta": "threshold_crossing", "alpha": "level_crossing"}
    study(recording, tmp_path, method=method, report=True)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "theta: <strong>threshold_crossing</strong>" in page
    assert "those whose code has an inverse" in page
    assert 'id="curve"' in page


def test_bad_stretches_count_neither_for_scales_nor_for_measures(
    with_bad: Path, tmp_path: Path
) -> None:
    about, events, rows = study(with_bad, tmp_path / "out", report=True)
    assert about["bad"] == {
        "treated": "exclude",
        "spans_seconds": [[6.0, 8.5], [15.0, 16.5]],
        "seconds": 4.0,
    }
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "2 stretches, 4 s (20" in page
    X = mne.io.read_raw(with_bad, verbose="error").get_data()[None]
    filtered = FilterBank(BANDS, sfreq=SFREQ, phase="causal").fit_transform(X)
    times = np.arange(X.shape[2]) / SFREQ
    good = ~(((times >= 6) & (times < 8.5)) | ((times >= 15) & (times < 16.5)))
    alpha = filtered[:, 1]
    encoder = make_encoder("level_crossing").fit(alpha[..., good])
    for index, channel in enumerate(CHANNELS):
        scale = about["scales_volts"]["alpha"][channel]
        assert scale["unit"] == pytest.approx(encoder.unit_[index])
    spikes = encoder.transform(alpha)
    error = (alpha - encoder.inverse_transform(spikes, start=alpha[..., 0]))[0][:, good]
    for index, row in enumerate(rows[len(CHANNELS) :]):
        ratio = 10 * np.log10(alpha[0, index, good].var() / (error[index] ** 2).mean())
        assert float(row["snr"]) == pytest.approx(ratio, abs=0.05)
        rate = np.abs(spikes[0, index, good]).sum() / 16
        assert float(row["spikes_per_second"]) == pytest.approx(rate, rel=0.01)
    assert ((events["seconds"] >= 6) & (events["seconds"] < 8.5)).any()


def test_bad_stretches_can_be_blank_or_like_the_rest(with_bad: Path, tmp_path: Path) -> None:
    _, kept, _ = study(with_bad, tmp_path / "kept")
    about, blank, _ = study(with_bad, tmp_path / "blank", bad="blank")
    inside = ((kept["seconds"] >= 6) & (kept["seconds"] < 8.5)) | (
        (kept["seconds"] >= 15) & (kept["seconds"] < 16.5)
    )
    for name in ("sample", "channel", "band", "polarity"):
        assert np.array_equal(blank[name], kept[name][~inside])
    assert about["n_spikes"] == (~inside).sum() < len(inside)
    about, _, _ = study(with_bad, tmp_path / "all", bad="include")
    assert about["bad"] == {"treated": "include", "spans_seconds": [], "seconds": 0.0}


def test_temporal_contrast_takes_no_difference_across_a_gap(with_bad: Path, tmp_path: Path) -> None:
    about, _, _ = study(with_bad, tmp_path, method="temporal_contrast", chunk=0.9)
    X = mne.io.read_raw(with_bad, verbose="error").get_data()[None]
    alpha = FilterBank(BANDS, sfreq=SFREQ, phase="causal").fit_transform(X)[0, 1, 0]
    parts = [alpha[int(a * SFREQ) : int(b * SFREQ)] for a, b in ((0, 6), (8.5, 15), (16.5, 20))]
    steps = np.concatenate([np.diff(part) for part in parts])
    threshold = about["scales_volts"]["alpha"]["C3"]["threshold"]
    assert threshold == pytest.approx(steps.mean() + steps.std())


def test_a_recording_that_is_all_bad_is_refused(clean: mne.io.RawArray, tmp_path: Path) -> None:
    raw = clean.copy().set_annotations(mne.Annotations([0.0], [SECONDS], ["BAD"]))
    path = save(raw, tmp_path / "all_raw.fif")
    with pytest.raises(DataError, match="whole recording is annotated as BAD"):
        encode_recording(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_annotations_are_the_events(recording: Path, tmp_path: Path) -> None:
    about, events, _ = study(recording, tmp_path, formats=("npz", "annotations"))
    assert "spikes-annot.txt" in about["files"]
    notes = mne.read_annotations(tmp_path / "spikes-annot.txt")
    raw = mne.io.read_raw(recording, verbose="error").set_annotations(notes, verbose="error")
    found, _ = mne.events_from_annotations(raw, event_id=about["event_id"], verbose="error")
    assert len(found) == len(events["sample"])
    assert np.array_equal(np.sort(found[:, 0] - raw.first_samp), events["sample"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--method", "theta=bsa"], "there is none for alpha"),
        (["--method", "thetta=bsa", "bsa"], "Did you mean 'theta'?"),
        (["--method", "theta=bsaa", "bsa"], "Did you mean 'bsa'?"),
        (["--method", "theta=direct", "bsa"], "gives currents"),
        (["--method", "bsa", "hsa"], "one name for all bands"),
        (["--set", "beta.threshold=1"], "there is no band 'beta'"),
        (["--set", "theta.treshold=1"], "Did you mean 'threshold'?"),
        (["--bad", "drop"], "bad: expected one of"),
    ],
)
def test_a_wrong_argument_is_named(
    arguments: list[str],
    said: str,
    recording: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ["encode", str(recording), "--bands", *BANDS, "--out", str(tmp_path / "out")]
    assert main([*command, *arguments]) == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_command_takes_a_method_for_each_band(recording: Path, tmp_path: Path) -> None:
    command = ["encode", str(recording), "--bands", *BANDS, "--no-report", "--quiet"]
    method = ["--method", "level_crossing", "theta=step_forward", "--set", "theta.threshold=2.5"]
    assert main([*command, *method, "--out", str(tmp_path)]) == 0
    about = json.loads((tmp_path / "spikes.json").read_text(encoding="utf-8"))
    assert about["encoders"]["theta"]["settings"] == {"threshold": 2.5}
    assert about["encoders"]["alpha"]["method"] == "level_crossing"
    assert "--method level_crossing theta=step_forward" in about["command"]
