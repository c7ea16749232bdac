"""Pipelines: one declarative file from recordings to a judged, saved model.

Nothing heavy is imported here: reading and checking a file is quick, running it is in
:mod:`eegsnn.pipeline.run`.
"""

from eegsnn.pipeline.config import (
    find_pipeline,
    parse_pipeline,
    read_pipeline,
    shipped_pipelines,
)
from eegsnn.pipeline.schema import PipelineConfig
from eegsnn.pipeline.toml_text import to_toml

__all__ = [
    "PipelineConfig",
    "find_pipeline",
    "parse_pipeline",
    "read_pipeline",
    "shipped_pipelines",
    "to_toml",
]
