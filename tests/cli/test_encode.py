"""``eegsnn encode``: a recording becomes spikes, a table, a sidecar and a page, or nothing."""

import csv
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import h5py
import mne
import numpy as np
import pytest

from eegsnn.cli import main
from eegsnn.encoding import make_encoder
from eegsnn.filters import FilterBank

SFREQ, SECONDS = 128.0, 20
CHANNELS = ["Fz", "C3", "Cz", "C4", "Pz", "Oz"]
FIGURES = ("reconstruction", "raster", "curve", "maps")
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


def make_recording(path, seconds=SECONDS, data=None):
    rng = np.random.default_rng(3)
    times = np.arange(int(seconds * SFREQ)) / SFREQ
    if data is None:
        data = 1e-5 * rng.normal(size=(len(CHANNELS), len(times)))
        data[-2:] += 3e-5 * np.sin(2 * np.pi * 10 * times)
    raw = mne.io.RawArray(data, mne.create_info(CHANNELS, SFREQ, "eeg"), verbose="error")
    raw.save(path, verbose="error")
    return path


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    return make_recording(tmp_path_factory.mktemp("recording") / "rest_raw.fif")


@pytest.fixture(scope="module")
def study(recording, tmp_path_factory):
    """A study of two bands in every format, made once; not to be changed."""
    out = tmp_path_factory.mktemp("study") / "made" / "here"
    formats = ["--formats", "npz", "events", "hdf5"]
    bands = ["--bands", "alpha", "mu=9-12"]
    assert main(["encode", str(recording), *bands, "--out", str(out), *formats]) == 0
    return out


def sidecar(folder):
    return json.loads((folder / "spikes.json").read_text(encoding="utf-8"))


def error_of(capsys, *arguments):
    """Run a command that must fail; return the one line it says."""
    assert main([str(argument) for argument in arguments]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def test_every_file_tells_the_same_spikes(study, recording):
    """Events are what filter and encoder give in one go, with the scales of the sidecar."""
    about = sidecar(study)
    raw = mne.io.read_raw(recording, verbose="error")
    X = raw.get_data()[None]
    bands = [(band["name"], (band["low"], band["high"])) for band in about["bands"]]
    filtered = FilterBank(dict(bands), sfreq=SFREQ, phase="causal").fit_transform(X)
    events = np.load(study / "spikes.npz")
    assert list(events["channels"]) == CHANNELS
    assert list(events["bands"]) == ["alpha", "mu"]
    for index, (band, _) in enumerate(bands):
        scales = about["scales_volts"][band]
        arrays = {f"{k}_": [scales[c][k] for c in CHANNELS] for k in ("offset", "unit")}
        assert np.allclose(arrays["unit_"], filtered[0, index].std(axis=-1))
        encoder = make_encoder("level_crossing").restore(arrays, CHANNELS, 0)
        expected = encoder.transform(filtered[:, index])[0]
        found = np.zeros(expected.shape, dtype=int)
        of_band = events["band"] == index
        place = (events["channel"][of_band], events["sample"][of_band])
        np.add.at(found, place, events["polarity"][of_band])
        assert np.array_equal(found, expected)
    assert np.array_equal(events["seconds"], events["sample"] / SFREQ)
    assert np.all(np.diff(events["sample"]) >= 0)
    with h5py.File(study / "spikes.h5") as file:
        for name in ("sample", "channel", "band", "polarity", "unit", "seconds"):
            assert np.array_equal(file["events"][name][:], events[name])
    listed = mne.read_events(study / "spikes-eve.txt", verbose="error")
    assert np.array_equal(listed[:, 0], events["sample"] + raw.first_samp)
    ups = listed[listed[:, 2] == about["event_id"]["Pz/mu/up"], 0] - raw.first_samp
    chosen = (events["band"] == 1) & (events["channel"] == 4) & (events["polarity"] > 0)
    assert np.array_equal(ups, events["sample"][chosen])


def test_the_sidecar_holds_every_parameter(study, recording):
    about = sidecar(study)
    digest = hashlib.sha256(recording.read_bytes()).hexdigest()
    assert about["recording"]["sha256"] == {recording.name: digest}
    assert about["filter"] == {"design": "Butterworth", "order": 4, "phase": "causal"}
    assert about["encoder"]["settings"] == {"threshold": 0.5}
    scale = about["scales_volts"]["alpha"]["Oz"]
    assert scale["threshold"] == pytest.approx(0.5 * scale["unit"])
    assert 1e-6 < scale["unit"] < 1e-4
    assert about["n_spikes"] == len(np.load(study / "spikes.npz")["sample"])
    assert {"eegsnn", "mne", "numpy"} <= set(about["versions"])
    assert sorted(about["files"]) == sorted(path.name for path in study.iterdir())


def test_the_measures_are_those_of_one_go(study, recording):
    with (study / "measures.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["channel"] for row in rows] == CHANNELS * 2
    X = mne.io.read_raw(recording, verbose="error").get_data()[None]
    alpha = FilterBank("alpha", sfreq=SFREQ, phase="causal").fit_transform(X)[:, 0]
    encoder = make_encoder("level_crossing").fit(alpha)
    spikes = encoder.transform(alpha)
    error = alpha - encoder.inverse_transform(spikes, start=alpha[..., 0])
    for index, row in enumerate(rows[: len(CHANNELS)]):
        ratio = 10 * np.log10(alpha[0, index].var() / (error[0, index] ** 2).mean())
        assert float(row["snr"]) == pytest.approx(ratio, abs=0.05)
        assert float(row["rmse"]) == pytest.approx(error[0, index].std(), rel=0.05)
        assert float(row["spikes_per_second"]) == pytest.approx(
            np.abs(spikes[0, index]).sum() / SECONDS, rel=0.01
        )
        assert row["silent"] == "False"


def test_chunks_make_no_difference(study, recording, tmp_path):
    command = ["encode", str(recording), "--bands", "alpha", "mu=9-12", "--no-report", "--quiet"]
    assert main([*command, "--chunk", "0.37", "--out", str(tmp_path / "small")]) == 0
    one, other = np.load(study / "spikes.npz"), np.load(tmp_path / "small" / "spikes.npz")
    assert all(np.array_equal(one[name], other[name]) for name in one.files)
    assert not (tmp_path / "small" / "report.html").exists()


@pytest.mark.parametrize(
    ("method", "setting"),
    [
        ("step_forward", "threshold=0.75"),
        ("temporal_contrast", "factor=1.5"),
        ("threshold_crossing", "threshold=[0.5, 1.5]"),
        ("regular", "spikes_per_sample=0.5"),
        ("poisson", "width=3"),
        ("bsa", "n_taps=7"),
        ("sigma_delta", "kernel=boxcar"),
        ("population", "n_units=4"),
        ("latency", "window=7"),
        ("rank_order", "window=4"),
    ],
)
def test_every_kind_of_code_goes_through(method, setting, recording, tmp_path):
    command = ["encode", str(recording), "--bands", "alpha", "--method", method, "--no-report"]
    assert (
        main([*command, "--quiet", "--set", setting, "--out", str(tmp_path), "--chunk", "3"]) == 0
    )
    about = sidecar(tmp_path)
    events = np.load(tmp_path / "spikes.npz")
    assert about["n_spikes"] == len(events["sample"]) > 0
    assert events["sample"].max() < SECONDS * SFREQ
    key, _, value = setting.partition("=")
    assert str(about["encoder"]["settings"][key]).strip("'") == value


def test_zero_phase_says_that_all_is_loaded(recording, tmp_path, capsys):
    command = ["encode", str(recording), "--bands", "alpha", "--phase", "zero", "--no-report"]
    assert main([*command, "--out", str(tmp_path)]) == 0
    captured = capsys.readouterr()
    assert "whole recording is loaded" in captured.err
    assert "spikes-eve.txt" in captured.out
    assert "whole recording was loaded" in sidecar(tmp_path)["memory"]


def test_an_earlier_study_is_replaced_and_other_files_stay(study, recording, tmp_path):
    out = shutil.copytree(study, tmp_path / "again")
    (out / "notes.txt").write_text("mine")
    assert (
        main(["encode", str(recording), "--bands", "alpha", "--no-report", "--out", str(out)]) == 0
    )
    names = {path.name for path in out.iterdir()}
    assert names == {"notes.txt", "spikes.npz", "spikes-eve.txt", "spikes.json", "measures.csv"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--method", "level_crosing"], "Did you mean 'level_crossing'?"),
        (["--method", "direct"], "gives currents"),
        (["--bands", "alhpa"], "Did you mean 'alpha'?"),
        (["--bands", "mu=8"], "expected NAME=LOW-HIGH"),
        (["--bands", "high=50-70"], "Nyquist"),
        (["--set", "threshold=-1"], "threshold: expected a number > 0"),
        (["--set", "treshold=1"], "Did you mean 'threshold'?"),
        (["--set", "threshold"], "expected KEY=VALUE"),
        (["--phase", "linear"], "phase: expected one of"),
        (["--formats", "mat"], "formats: expected one of"),
        (["--picks", "C99"], "no channel of type or name 'C99'"),
        (["--chunk", "0"], "chunk: expected a number > 0"),
    ],
)
def test_a_wrong_argument_is_named_and_nothing_is_written(
    arguments, said, recording, tmp_path, capsys
):
    out = tmp_path / "deep" / "out"
    assert said in error_of(capsys, "encode", recording, "--out", out, *arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_file_is_named_and_nothing_is_written(recording, tmp_path, capsys):
    out = tmp_path / "out"
    assert "no such file" in error_of(capsys, "encode", tmp_path / "none.edf", "--out", out)
    damaged = tmp_path / "damaged.edf"
    damaged.write_bytes(recording.read_bytes()[:5000])
    assert "damaged.edf" in error_of(capsys, "encode", damaged, "--out", out)
    text = error_of(capsys, "encode", recording, "--out", damaged)
    assert "out: expected a folder" in text
    assert not out.exists()


def test_bad_samples_are_named_and_nothing_is_written(tmp_path, capsys, rng):
    data = 1e-5 * rng.normal(size=(len(CHANNELS), 2000))
    data[2, 1500] = np.nan
    path = make_recording(tmp_path / "nan_raw.fif", data=data)
    text = error_of(capsys, "encode", path, "--bands", "alpha", "--out", tmp_path / "out")
    assert "NaN or infinity" in text
    assert "(Cz)" in text
    data[2] = 0.0
    path = make_recording(tmp_path / "flat_raw.fif", data=data)
    text = error_of(capsys, "encode", path, "--bands", "alpha", "--out", tmp_path / "out")
    assert "alpha" in text
    assert "channel Cz does not vary" in text
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_ctrl_c_leaves_nothing_behind(recording, tmp_path):
    """The signal that a terminal sends, while events are being written sample by sample."""
    code = "import sys; from eegsnn.cli import main; sys.exit(main(sys.argv[1:]))"
    out = tmp_path / "results" / "out"
    # One band, so that learning the scales, which comes first, takes a moment.
    arguments = ["encode", str(recording), "--out", str(out), "--bands", "alpha"]
    arguments += ["--no-report", "--chunk", "0.001"]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    end = time.monotonic() + 90
    while not list(out.glob(".new-*/.columns")):
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            pytest.fail(f"it ended before it could be interrupted: {process.communicate()}")
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.strip().splitlines()[-1] == "Interrupted: nothing was written."
    assert list(tmp_path.iterdir()) == []


def test_the_report_stands_alone_and_is_complete(study):
    page = (study / "report.html").read_text(encoding="utf-8")
    for figure in FIGURES:
        assert f'<section id="{figure}">' in page
    assert 'src="http' not in page
    assert "<link" not in page
    assert "<script" not in page
    assert page.count("<svg") >= 3


def test_a_code_without_inverse_and_without_montage_is_reported(tmp_path, rng):
    info = mne.create_info(["one", "two"], SFREQ, "eeg")
    raw = mne.io.RawArray(1e-5 * rng.normal(size=(2, 1000)), info, verbose="error")
    raw.save(tmp_path / "x_raw.fif", verbose="error")
    command = ["encode", str(tmp_path / "x_raw.fif"), "--bands", "alpha", "--quiet"]
    out = tmp_path / "out"
    assert main([*command, "--method", "threshold_crossing", "--out", str(out)]) == 0
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "This code has no inverse" in page
    assert 'id="maps"' not in page
    assert 'id="raster"' in page


def rendered(page, folder):
    """The document as a browser has it after loading."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    flags = [
        "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update", "--dump-dom",
        f"--user-data-dir={folder / 'profile'}",
    ]  # fmt: skip
    done = subprocess.run(
        [CHROMIUM, *flags, page.as_uri()], capture_output=True, check=True, timeout=120,
        env={**os.environ, "HOME": str(folder)},
    )  # fmt: skip
    return done.stdout.decode("utf-8")


def check_in_browser(page, folder, n_bands):
    # What the browser itself counts: elements that it has drawn with a size.
    probe = folder / "probe.html"
    script = (
        "<script>addEventListener('load', () => { for (const section of "
        "document.querySelectorAll('section')) section.dataset.drawn = "
        "[...section.querySelectorAll('.figure svg, .figure img')].filter(e => "
        "e.getBoundingClientRect().width > 100 && (e.tagName != 'IMG' || e.naturalWidth > 100)"
        ").length; });</script></body>"
    )
    text = page.read_text(encoding="utf-8")
    probe.write_text(text.replace("</body>", script), encoding="utf-8")
    document = rendered(probe, folder)
    wanted = {"reconstruction": n_bands, "raster": 1, "curve": 1, "maps": 2}
    for section, count in wanted.items():
        assert f'<section id="{section}" data-drawn="{count}">' in document


def test_a_browser_shows_the_figures(study, tmp_path):
    check_in_browser(study / "report.html", tmp_path, n_bands=2)


@pytest.mark.data
@pytest.mark.parametrize(
    ("pattern", "options"),
    [
        ("eegmmidb/**/*R01.edf", []),
        # Its amplitudes are not volts.
        ("ssvep_exo/**/*_raw.fif", ["--scale", "1e-6"]),
    ],
    ids=["eegmmidb", "ssvep"],
)
def test_real_recordings(pattern, options, data_folder, tmp_path):
    recording = sorted(data_folder.glob(pattern))[0]
    command = ["encode", str(recording), "--bands", "theta", "alpha", "--quiet", *options]
    assert main([*command, "--out", str(tmp_path / "out")]) == 0
    about = sidecar(tmp_path / "out")
    with (tmp_path / "out" / "measures.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    # θ = 0.5 σ: 10·log₁₀(3/0.25) = 10.8 dB.
    ratios = [float(row["snr"]) for row in rows]
    assert 9.5 < np.median(ratios) < 12.5
    assert len(rows) == 2 * len(about["channels"])
    check_in_browser(tmp_path / "out" / "report.html", tmp_path, n_bands=2)
