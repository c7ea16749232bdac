"""What docs/protocols.md shows can be read and run."""

import re
import tomllib
from pathlib import Path

import pytest

from eegsnn.evaluation import PROTOCOLS
from eegsnn.pipeline import parse_pipeline

PAGE = (Path(__file__).parents[2] / "docs" / "protocols.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_every_block_is_a_correct_part_of_a_pipeline(block, pipeline_text):
    content = tomllib.loads(pipeline_text) | tomllib.loads(block)
    assert parse_pipeline(content).protocol.kind in PROTOCOLS


def test_every_protocol_is_shown():
    shown = {tomllib.loads(block).get("protocol", {}).get("kind") for block in BLOCKS}
    assert set(PROTOCOLS) <= shown


def test_the_search_can_be_built():
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    names: dict = {}
    exec(code, names)
    assert names["model"].build(None).param_grid == {"C": [0.01, 0.1, 1.0]}
