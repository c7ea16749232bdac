"""The page on liquid state machines: its snippets run, one after the other."""

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "liquid.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
ON_DATA = re.findall(r"```python data\n(.*?)```", PAGE, flags=re.DOTALL)


def test_snippets_run():
    names: dict = {}
    for number, snippet in enumerate(SNIPPETS):
        exec(compile(snippet, f"snippet {number} of docs/liquid.md", "exec"), names)
    assert len(SNIPPETS) >= 2


@pytest.mark.data
@pytest.mark.filterwarnings("ignore::eegsnn.errors.DataTrapWarning")
@pytest.mark.parametrize("number", range(len(ON_DATA)))
def test_snippets_on_real_recordings_run(number, data_folder):
    exec(compile(ON_DATA[number], f"data snippet {number} of docs/liquid.md", "exec"), {})


def test_parameters_that_the_table_names_exist():
    from eegsnn.models import ReservoirConfig

    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert named
    assert named <= set(ReservoirConfig().to_dict())


def test_links_inside_the_page_lead_somewhere():
    headings = {
        re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in PAGE.splitlines()
        if line.startswith("#")
    }
    assert set(re.findall(r"\(#(.*?)\)", PAGE)) <= headings
