"""Every switch of the environment is read in one way; what it says wrongly is named."""

import re
from pathlib import Path

import pytest

from eegsnn._environment import named_folder, switched_on
from eegsnn.errors import EegsnnWarning

ROOT = Path(__file__).resolve().parents[1]
NAME = "EEGSNN_FAST_KERNELS"


@pytest.mark.parametrize("value", ["0", "False", " OFF ", "no"])
def test_what_turns_a_switch_off(value, monkeypatch):
    monkeypatch.setenv(NAME, value)
    assert not switched_on(NAME)


@pytest.mark.parametrize("value", ["", "1", "true", "On", "yes"])
def test_what_leaves_a_switch_on(value, monkeypatch):
    monkeypatch.setenv(NAME, value)
    assert switched_on(NAME)


def test_a_switch_is_on_unless_it_is_set(monkeypatch):
    monkeypatch.delenv(NAME, raising=False)
    assert switched_on(NAME)


def test_what_says_neither_on_nor_off_is_named_and_leaves_it_on(monkeypatch):
    monkeypatch.setenv(NAME, "disabled")
    with pytest.warns(EegsnnWarning, match=rf"{NAME}: expected 0, .* but got 'disabled'"):
        assert switched_on(NAME)


def test_folders(monkeypatch):
    monkeypatch.setenv("EEGSNN_CACHE", "~/kept")
    assert named_folder("EEGSNN_CACHE") == Path.home() / "kept"
    monkeypatch.setenv("EEGSNN_CACHE", "")
    assert named_folder("EEGSNN_CACHE") is None


def test_every_variable_is_in_the_table_for_contributors():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "eegsnn").rglob("*.py")]
    read = {name for source in sources for name in re.findall(r"EEGSNN_[A-Z_]+[A-Z]", source)}
    assert {"EEGSNN_DATA", "EEGSNN_FAST_BLAS"} <= read
    assert [name for name in sorted(read) if f"| `{name}` |" not in text] == []
