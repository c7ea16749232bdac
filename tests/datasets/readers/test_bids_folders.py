"""A folder that is a BIDS data set: events, groups and labels without a pattern."""

import re

import mne
import numpy as np
import pytest

from eegsnn.datasets import describe, load_dataset, read_manifest
from eegsnn.datasets.manifest import manifest_folder
from eegsnn.errors import ConfigurationError, DataError, EegsnnError, FetchError, RecordingError

SFREQ = 100.0
EVENTS = "onset\tduration\ttrial_type\tside\n1.0\t0\tgo\tl\n4.0\t2.5\tstop\tr\n7.0\t0\tgo\tr\n"


def write(path):
    time = np.arange(1000) / SFREQ
    info = mne.create_info(["C3", "C4", "VEOG"], SFREQ, "eeg")
    path.parent.mkdir(parents=True, exist_ok=True)
    mne.io.RawArray(np.stack([time, time, time]), info, verbose="error").save(path, verbose="error")


@pytest.fixture
def root(tmp_path):
    """Two participants, a motor task with events, rest without; something in derivatives."""
    root = tmp_path / "ds"
    for subject in ("01", "02"):
        for task in ("motor", "rest"):
            write(root / f"sub-{subject}" / "eeg" / f"sub-{subject}_task-{task}_eeg.fif")
    write(root / "sub-02" / "ses-b" / "eeg" / "sub-02_ses-b_task-motor_run-2_eeg.fif")
    for folder in ("derivatives/clean", "sourcedata"):
        write(root / folder / "sub-01" / "eeg" / "sub-01_task-motor_eeg.fif")
    (root / "dataset_description.json").write_text("{}")
    (root / "task-motor_events.tsv").write_text(EVENTS)
    (root / "sub-01" / "eeg" / "sub-01_task-motor_eeg.json").write_text("{}")
    (root / "task-motor_eeg.json").write_text('{"PowerLineFrequency": 50}')
    (root / "channels.tsv").write_text(
        "name\ttype\tstatus\nC3\tEEG\tgood\nC4\tEEG\tbad\nVEOG\tEOG\tgood\n"
    )
    (root / "participants.tsv").write_text(
        "participant_id\tgroup\tsex\nsub-01\tpatient\tf\nsub-02\tcontrol\tm\n"
    )
    return root


@pytest.fixture
def manifest(tmp_path, root):
    """A function that writes a manifest of the data set."""

    def make(folder="", events=""):
        path = tmp_path / "own.toml"
        path.write_text(
            f"name = 'Own'\nreader = 'recordings'\n[folder]\npath = 'ds'\n{folder}\n"
            f"[events]\n{events}\n"
        )
        return path

    return make


MOTOR = "files = '**/*task-motor*_eeg.*'\n"


def test_events_and_groups_need_no_pattern(manifest):
    data = load_dataset(manifest(MOTOR + "events = 'bids'"), tmax=1.0)
    assert data.class_counts() == {"go": 6, "stop": 3}
    assert data.ch_names == ["C3", "C4"]
    np.testing.assert_allclose(data.X[:3, 0, 0], [1.0, 4.0, 7.0], atol=1e-6)
    assert data.groups["subject"].tolist() == ["01"] * 3 + ["02"] * 6
    assert data.groups["session"].tolist() == ["n/a"] * 6 + ["b"] * 3
    assert set(data.groups) == {"recording", "subject", "session", "task", "run"}
    assert any("marked bad are used all the same: C4" in text for text in data.warnings)


def test_another_column_has_the_labels(manifest):
    own = manifest(MOTOR + "events = 'bids:side'", "l = 'left'\nr = 'right'")
    assert load_dataset(own, tmax=1.0).class_counts() == {"left": 3, "right": 6}


def test_windows_lie_within_events_that_last(manifest):
    data = load_dataset(manifest(MOTOR + "events = 'bids'", "stop = 'stop'"), window=1.0)
    assert data.y.tolist() == ["stop"] * 6


def test_all_recordings_without_files(manifest):
    data = load_dataset(manifest("label = 'task'"), window=2.0)
    assert data.class_counts() == {"motor": 15, "rest": 10}
    assert not [name for name in data.provenance["sha256"] if "d" in name.partition("/")[0]]


def test_label_and_traits_of_the_participant(manifest):
    own = manifest("files = '**/*rest_eeg.fif'\nlabel = 'group'\ntraits = ['sex']")
    data = load_dataset(own, window=5.0)
    assert data.y.tolist() == ["patient"] * 2 + ["control"] * 2
    assert data.groups["sex"].tolist() == ["f"] * 2 + ["m"] * 2
    named = manifest("label = 'task'", "rest = 'quiet'")
    assert load_dataset(named, window=5.0).class_counts() == {"quiet": 4}


def test_a_derivative_is_read_if_it_is_the_folder(manifest, root):
    (root / "derivatives" / "clean" / "dataset_description.json").write_text("{}")
    own = manifest("label = 'group'")
    own.write_text(own.read_text().replace("'ds'", "'ds/derivatives/clean'"))
    assert load_dataset(own, window=5.0).y.tolist() == ["patient"] * 2


def test_describing_tells_what_is_found(manifest):
    text = describe(manifest())
    for part in (
        "recordings: 5,",
        "sub-02_task-rest_eeg.fif  subject 02, task rest, session n/a, run n/a",
        "_events.tsv, trial_type: go (6), stop (3)",
        "_events.tsv: none for 2 of 5 recordings",
        "_channels.tsv, bad: C4 (5)",
        "participants.tsv, group: patient (1), control (1)",
        "mains (Hz): 50",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("folder", "events", "error", "message"),
    [
        ("events = 'bids'", "", RecordingError, r"rest_eeg\.fif: no _events\.tsv applies"),
        (MOTOR + "events = 'bids:x'", "", RecordingError, "no column x. Columns: onset, duration"),
        (
            MOTOR,
            "stp = 'x'",
            DataError,
            r"Labels present: go \(2\), stop \(1\).*columns trial_type",
        ),
        (MOTOR, "go = 'x'\nstp = 'y'", DataError, "no recording has stp. Labels present: go, stop"),
        ("label = 'grp'", "", ConfigurationError, r"folder\.label: .*\(subject, .*no column grp"),
        ("label = 'group'", "x = 'y'", DataError, "no recording has the group x. Present: contr"),
        ("traits = ['age']", "", RecordingError, "no column age. Columns: participant_id, group"),
        ("files = '*.edf'", "", FetchError, "It holds: channels.tsv, dataset_description.json"),
    ],
)
def test_mistakes_are_one_line_with_the_remedy(manifest, folder, events, error, message):
    with pytest.raises(error, match=message) as caught:
        load_dataset(manifest(folder, events), tmax=1.0)
    assert "\n" not in str(caught.value)


def test_participants_that_are_missing(manifest, root):
    own = manifest("label = 'group'")
    file = root / "participants.tsv"
    for text, message in [
        ("participant_id\tgroup\nsub-02\tx\n", "one line of participant sub-01, but there are 0"),
        ("name\tgroup\nsub-02\tx\n", "no column participant_id. Columns: name, group"),
    ]:
        file.write_text(text)
        with pytest.raises(EegsnnError, match=message):
            load_dataset(own, window=1.0)
    file.unlink()
    with pytest.raises(EegsnnError, match=r"no participants\.tsv"):
        load_dataset(own, window=1.0)


def test_files_have_to_be_named_elsewhere(manifest, root):
    (root / "dataset_description.json").unlink()
    with pytest.raises(ConfigurationError, match=r"folder\.files: missing; only of a BIDS"):
        load_dataset(manifest(), tmax=1.0)


def test_the_documented_examples_are_manifests(tmp_path):
    guide = (manifest_folder() / "README.md").read_text(encoding="utf-8")
    examples = [
        text for text in re.findall(r"```toml\n(.*?)```", guide, re.DOTALL) if "ds00" in text
    ]
    assert len(examples) == 2
    for text in examples:
        (tmp_path / "x.toml").write_text(text)
        assert read_manifest(tmp_path / "x.toml").folder is not None
