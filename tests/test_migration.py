"""The page for users of other libraries: its snippets run, and the names in it exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import eegsnn.functional
import eegsnn.layers
import eegsnn.monitoring
import eegsnn.neurons
import eegsnn.surrogate
import eegsnn.training

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "migration.md").read_text(encoding="utf-8")
OURS = re.findall(r"```python eegsnn\n(.*?)```", PAGE, flags=re.DOTALL)
ROOMS = (
    eegsnn.functional,
    eegsnn.layers,
    eegsnn.monitoring,
    eegsnn.neurons,
    eegsnn.surrogate,
    eegsnn.training,
)
NOT_EXPORTED = {"init_state", "run", "max"}  # methods, and mathematics


@pytest.mark.parametrize("number", range(len(OURS)))
def test_snippets_run(number: int) -> None:
    exec(compile(OURS[number], f"snippet {number} of docs/migration.md", "exec"), {})


def test_there_are_snippets_of_both_sides() -> None:
    assert len(OURS) >= 12
    assert "```python snntorch" in PAGE
    assert set(re.findall(r"```(\S.*)", PAGE)) == {"python eegsnn", "python snntorch"}


def test_functions_and_classes_that_the_tables_name_exist() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("|")]
    cells = [row.replace(r"\|", " ").split("|")[-2] for row in rows]
    called = {name for cell in cells for name in re.findall(r"`([A-Za-z]\w*)\(", cell)}
    classes = {name for cell in cells for name in re.findall(r"`([A-Z]\w+)`", cell)}
    known = {name for room in ROOMS for name in dir(room)}
    missing = (called | classes) - known - NOT_EXPORTED
    assert not missing


def test_links_inside_the_page_lead_somewhere() -> None:
    headings = {
        re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in PAGE.splitlines()
        if line.startswith("#")
    }
    assert set(re.findall(r"\(#(.*?)\)", PAGE)) <= headings
