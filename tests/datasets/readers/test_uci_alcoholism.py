import gzip
import io
import tarfile
import zipfile

import numpy as np
import pytest

from eegsnn.datasets import read_manifest
from eegsnn.datasets.readers.uci_alcoholism import build, content_sha256, read, read_trial
from eegsnn.errors import DataError, FetchError

SUBJECTS = [f"co2a0000{n}" for n in (364, 365, 368, 369, 370, 377, 378)]
SUBJECTS += [f"co2c0000{n}" for n in (337, 338, 340, 341, 342, 346, 347)]


def trial_text(subject, number, condition="S2 nomatch", names=("FP1", "CZ", "nd"), n_times=8):
    lines = [
        f"# {subject}.rd",
        "# 120 trials, 64 chans, 416 samples 368 post_stim samples",
        "# 3.906000 msecs uV",
        f"# {condition} , trial {number}",
    ]
    for channel, name in enumerate(names):
        lines.append(f"# {name} chan {channel}")
        lines += [f"{number} {name} {t} {channel + t / 1000:.3f}" for t in range(n_times)]
    return "\n".join(lines) + "\n"


def test_one_trial(tmp_path):
    path = tmp_path / "co2c0000337.rd.007"
    path.write_text(trial_text("co2c0000337", 7, "S2 match err"))
    trial = read_trial(path)
    assert (trial.subject, trial.label, trial.number) == ("co2c0000337", "control", 7)
    assert trial.condition == "S2 match"
    np.testing.assert_array_equal(trial.X[:2, :3], [[0, 1, 2], [1000, 1001, 1002]])
    assert trial.X.dtype == np.int32


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello\n", "not a trial"),
        (trial_text("co2c0000337", 7)[:-20], "truncated"),
        (trial_text("co2c0000337", 7).replace("0.001", "x"), "truncated or damaged"),
    ],
)
def test_what_is_not_a_trial(tmp_path, text, message):
    path = tmp_path / "x.rd.000"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_trial(path)


def archive(subjects, *, nested):
    """What UCI offers: a zip of tarballs of compressed trials, or one of those tarballs."""
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w:gz") as bundle:
        for subject in subjects:
            for number in (3, 0):
                content = gzip.compress(trial_text(subject, number).encode())
                member = tarfile.TarInfo(f"SMNI_CMI_TRAIN/{subject}/{subject}.rd.{number:03d}.gz")
                member.size = len(content)
                bundle.addfile(member, io.BytesIO(content))
    if not nested:
        return inner.getvalue()
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w") as bundle:
        bundle.writestr("SMNI_CMI_TRAIN.tar.gz", inner.getvalue())
        bundle.writestr("SMNI_CMI_TEST.tar.gz", b"never opened")
        bundle.writestr("eeg_full.tar", b"never opened")
    return outer.getvalue()


@pytest.mark.parametrize("nested", [False, True])
def test_gathered_from_the_archive(tmp_path, nested):
    (tmp_path / "download").write_bytes(archive(SUBJECTS[::-1], nested=nested))
    build(tmp_path / "download", tmp_path / "out.npz")
    manifest = read_manifest("uci_alcoholism")
    data = read(manifest, {"out.npz": tmp_path / "out.npz"}, None)
    assert data.X.shape == (28, 2, 8)
    assert data.ch_names == ["Fp1", "Cz"]
    assert data.groups["subject"].tolist() == sorted(2 * SUBJECTS)
    np.testing.assert_allclose(data.X[0, 1], 1e-6 + np.arange(8) * 1e-9)


def test_content_hash_does_not_see_the_packing(tmp_path):
    for name, nested in (("a", False), ("b", True)):
        (tmp_path / name).write_bytes(archive(SUBJECTS, nested=nested))
        build(tmp_path / name, tmp_path / f"{name}.npz")
    with np.load(tmp_path / "a.npz") as bundle:
        content = dict(bundle)
    np.savez(tmp_path / "plain.npz", **content)
    content["X_nanovolt"][5, 0, 0] += 1
    np.savez(tmp_path / "other.npz", **content)
    hashes = [content_sha256(tmp_path / f"{name}.npz") for name in ("a", "b", "plain", "other")]
    assert hashes[0] == hashes[1] == hashes[2] != hashes[3]
    assert content_sha256(tmp_path / "a") == "unreadable"


def test_archive_without_a_subject(tmp_path):
    (tmp_path / "download").write_bytes(archive(SUBJECTS[1:], nested=False))
    with pytest.raises(FetchError, match=f"no trials of {SUBJECTS[0]}"):
        build(tmp_path / "download", tmp_path / "out.npz")


@pytest.mark.parametrize("cut", [0.0, 0.5])
def test_archive_that_is_damaged(tmp_path, cut):
    content = archive(SUBJECTS, nested=False)
    (tmp_path / "download").write_bytes(content[: int(len(content) * cut)])
    with pytest.raises(FetchError, match="cannot be unpacked"):
        build(tmp_path / "download", tmp_path / "out.npz")


@pytest.mark.data
def test_original_files_agree_with_the_gathered_ones(data_folder):
    folder = data_folder / "uci_alcoholism"
    with np.load(folder / "smni_cmi_train_14subjects.npz") as bundle:
        gathered = dict(bundle)
    files = sorted((folder / "original_sample_co2a0000364").glob("*.gz"))
    assert len(files) == 4
    for path in files:
        (row,) = np.flatnonzero(gathered["source_file"] == path.name)
        trial = read_trial(path)
        np.testing.assert_array_equal(trial.X, gathered["X_nanovolt"][row])
        assert trial.ch_names == gathered["ch_names"].tolist()
        assert trial.condition == gathered["condition"][row]
        assert trial.number == gathered["trial"][row]
        assert (trial.subject, trial.label) == (gathered["subject"][row], gathered["label"][row])


@pytest.mark.data
def test_content_hash_of_the_manifest(data_folder):
    (entry,) = read_manifest("uci_alcoholism").files
    path = data_folder / "uci_alcoholism" / entry.name
    assert content_sha256(path) == entry.content_sha256
