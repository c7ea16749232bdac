"""What the documents say is true: snippets run, pipelines are valid, imports flow one way."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import mne
import numpy as np
import pytest

from eegsnn.cli import main

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
PACKAGE = ROOT / "eegsnn"

# The order of ARCHITECTURE.md: a room imports only from rooms of a lower number.
FLOORS = {
    "errors": 0,
    "_version": 0,
    "_files": 1,
    "_validation": 1,
    "_warnings": 1,
    "_compiling": 1,
    "_environment": 2,
    "_sharing": 2,
    "backend": 3,
    "recordings": 4,
    "surrogate": 4,
    "plots": 5,
    "filters": 4,
    "datasets": 5,
    "features": 5,
    "encoding": 5,
    "kernels": 5,
    "measures": 6,
    "neurons": 6,
    "layers": 7,
    "models": 8,
    "monitoring": 8,
    "training": 9,
    "evaluation": 9,
    "estimators": 10,
    "exchange": 11,
    "functional": 10,
    "reports": 10,
    "pipeline": 11,
    "study": 11,
    "cli": 12,
    "__main__": 13,
}


def python_blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.fixture
def recording(tmp_path: Path, rng: np.random.Generator) -> Path:
    """Twenty cues in a recording of four channels; beta is strong at C3 after those called T1."""
    sfreq, n_cues = 128.0, 20
    onsets = 1.0 + 4.0 * np.arange(n_cues)
    times = np.arange(int((onsets[-1] + 5) * sfreq)) / sfreq
    data = 1e-5 * rng.standard_normal((4, len(times)))
    for onset in onsets[::2]:
        during = (times >= onset) & (times < onset + 4)
        data[0, during] += 2e-5 * np.sin(2 * np.pi * 20 * times[during])
    info = mne.create_info(["C3", "C4", "Cz", "Pz"], sfreq, "eeg")
    raw = mne.io.RawArray(data, info, verbose="error")
    raw.set_annotations(mne.Annotations(onsets, 0.0, ["T1", "T2"] * (n_cues // 2)))
    path = tmp_path / "session1_raw.fif"
    raw.save(path, verbose="error")
    return path


def test_readme_classifies_a_recording(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(recording.parent)
    code = next(block for block in python_blocks() if "read_recording" in block)
    names: dict = {}
    exec(code.replace("session1.edf", recording.name), names)
    probabilities = names["model"].predict_proba(names["epochs"])
    assert probabilities.shape == (20, 2)
    assert names["model"].score(names["epochs"].get_data(), ["hands", "feet"] * 10) > 0.9
    assert (recording.parent / "hands_or_feet" / "model.json").is_file()


def test_readme_encodes() -> None:
    code = next(block for block in python_blocks() if "fit_transform" in block)
    names: dict = {}
    exec(code, names)
    assert names["spikes"].shape == (40, 10, 20)
    assert list(names["encoder"].get_feature_names_out()[:2]) == ["C3_delta_up", "C3_delta_down"]


def test_readme_trains_a_network_of_ones_own(tmp_path: Path, rng: np.random.Generator) -> None:
    code = next(block for block in python_blocks() if "Sequential" in block)
    labels = np.arange(40) % 2
    spikes = (rng.random((10, 40, 20)) < 0.1 + 0.2 * labels[:, None]).astype(np.float32)
    names: dict = {"spikes": spikes, "labels": labels}
    exec(code.replace("network.safetensors", str(tmp_path / "network.safetensors")), names)
    assert names["history"].loss_curve[-1] < 0.5 * names["history"].loss_curve[0]
    assert (tmp_path / "network.safetensors").is_file()


def test_readme_encodes_a_recording(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(recording.parent)
    text = README.read_text(encoding="utf-8")
    command = next(line for line in text.splitlines() if line.startswith("eegsnn encode "))
    assert main(command.replace("session1.edf", recording.name).split()[1:]) == 0
    made = {path.name for path in Path("spikes").iterdir()}
    told = {"spikes.npz", "spikes-eve.txt", "spikes.json", "report.html"}
    assert made == told | {"measures.csv"}
    assert all(name in text for name in told)


def test_readme_states_one_test_command() -> None:
    text = README.read_text(encoding="utf-8")
    assert text.count("<!-- test command -->") == 1
    assert "pytest" in text.split("<!-- test command -->")[1].split("```")[1]


@pytest.mark.parametrize("path", sorted((ROOT / "pipelines").glob("*.toml")), ids=lambda p: p.stem)
def test_shipped_pipeline_is_valid(path: Path) -> None:
    from eegsnn.pipeline import read_pipeline

    assert read_pipeline(path).protocol.seeds


def foreign_imports(path: Path) -> Iterator[tuple[str, str, str]]:
    """File, its room, and the room it imports from, for every import from another room."""
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        module = node.module if isinstance(node, ast.ImportFrom) else None
        if module and module.startswith("eegsnn.") and module.split(".")[1] != room:
            yield path.name, room, module.split(".")[1]


def test_imports_flow_one_way() -> None:
    paths = [path for path in PACKAGE.rglob("*.py") if path.parent.name != "_shipped"]
    imports = {
        found
        for path in paths
        if path.parent != PACKAGE or path.name != "__init__.py"
        for found in foreign_imports(path)
    }
    assert len(imports) > 100
    assert [found for found in sorted(imports) if FLOORS[found[2]] >= FLOORS[found[1]]] == []
