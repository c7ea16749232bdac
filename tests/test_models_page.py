"""The page on models: snippets run, pipeline tables are accepted, numbers and figures are ours."""

from __future__ import annotations

import re
import runpy
import tomllib
from pathlib import Path

import pytest

from eegsnn.estimators.automatic import views
from eegsnn.models import ARCHITECTURES, resolve_architecture
from eegsnn.pipeline.build import make_estimator
from eegsnn.pipeline.config import parse_pipeline

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE = (DOCS / "models.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
TABLES = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
FIGURES = re.findall(r"!\[.+\]\((figures/\w+\.svg)\)", PAGE)
REST = """
title = "a pipeline"
data = { name = "SSVEPExoskeleton" }
protocol = { kind = "leave-one-group-out", group = "subject" }
"""


@pytest.fixture(scope="module")
def names() -> dict:
    """What the snippets leave behind, run one after the other."""
    found: dict = {}
    for number, snippet in enumerate(SNIPPETS):
        exec(compile(snippet, f"snippet {number} of docs/models.md", "exec"), found)
    return found


def rows_of(header: str) -> list[list[str]]:
    lines = PAGE[PAGE.index(header) :].splitlines()[2:]
    end = next(number for number, line in enumerate(lines) if not line.startswith("|"))
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines[:end]]


def test_parameters_are_those_of_the_table(names):
    table = {row[0]: int(row[2]) for row in rows_of("| name | input |")}
    assert table == names["counts"]
    assert set(table) == set(ARCHITECTURES)


def test_every_architecture_has_a_section_a_figure_and_a_pipeline_table():
    sections = re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", PAGE, flags=re.DOTALL | re.MULTILINE)
    assert {name for name, _ in sections} == set(ARCHITECTURES)
    for name, text in sections:
        assert f"figures/{name}.svg" in text
        network = tomllib.loads(re.findall(r"```toml\n(.*?)```", text, re.DOTALL)[0])["network"]
        architecture = network.get("architecture", "feedforward")
        assert resolve_architecture(architecture).name == name


@pytest.mark.parametrize("number", range(len(TABLES)))
def test_pipeline_tables_are_accepted(number):
    estimator = make_estimator(parse_pipeline(tomllib.loads(REST + TABLES[number])))
    assert getattr(estimator, "is_automatic", False) == ("time_budget_s" in TABLES[number])


def test_views_and_priors_are_those_that_are_tried():
    trials = views.Trials(160, 22, 2048, 2, 512.0, (13.0, 17.0))
    tried = {view.name: view.prior for view in views.possible_views(trials, 0, 5)}
    assert {row[0]: float(row[1]) for row in rows_of("| view | prior |")} == tried


def test_figures_are_those_of_the_script_and_nothing_is_cut_off():
    drawings = runpy.run_path(str(DOCS / "figures" / "make_models.py"), run_name="figures")
    drawings = drawings["DRAWINGS"]
    drawn = {f"figures/{draw.__name__}.svg" for draw in drawings}
    assert set(FIGURES) == drawn
    assert drawn == {f"figures/{path.name}" for path in (DOCS / "figures").glob("*.svg")}
    for draw in drawings:
        figure = draw().figure
        figure.draw_without_rendering()
        texts = [*figure.axes[0].texts, *figure.legends[0].get_texts()]
        boxes = [text.get_window_extent() for text in texts]
        assert all(figure.bbox.containsx(x) for box in boxes for x in (box.x0, box.x1))
        assert all(figure.bbox.containsy(y) for box in boxes for y in (box.y0, box.y1))


def test_links_lead_somewhere():
    headings = {
        re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in PAGE.splitlines()
        if line.startswith("#")
    }
    links = re.findall(r"\]\(([^)]+)\)", PAGE)
    assert {link[1:] for link in links if link.startswith("#")} <= headings
    assert all((DOCS / link).is_file() for link in links if not link.startswith("#"))
