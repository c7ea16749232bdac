"""The shape of a pipeline file: fixed sections here, estimator parameters where they are defined.

The descriptions of the fields are what error messages call "expected".
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

ProtocolKind = Literal[
    "official",
    "leave-one-group-out",
    "group-k-fold",
    "stratified-k-fold",
    "contiguous-blocks",
    "transfer",
]
# Group → values, as in { session = [1] }: a file may say 1 where the data set says "1".
Members = dict[str, Annotated[list[str | int], Field(min_length=1)]]


class _Section(BaseModel):
    # Strict: "5" is not 5. A file that says one thing must not quietly mean another.
    model_config = ConfigDict(extra="forbid", strict=True)


class DataSection(_Section):
    """[data]: which trials."""

    name: str = Field(
        description="the name of a data set (eegsnn datasets list), or the path of a manifest "
        "(.toml, relative to this file)"
    )
    classes: list[str] | None = Field(
        None, description="a list of two or more class labels", min_length=2
    )
    tmin: float | None = Field(
        None, description="a time in seconds from the trial's event", allow_inf_nan=False
    )
    tmax: float | None = Field(
        None, description="a time in seconds from the trial's event", allow_inf_nan=False
    )
    options: dict[str, Any] = Field(
        default_factory=dict, description="a table of options of the data set's reader"
    )


class ProtocolSection(_Section):
    """[protocol]: how trials are divided, and which seeds are run."""

    kind: ProtocolKind = Field(
        description="'official', 'leave-one-group-out', 'group-k-fold', 'stratified-k-fold', "
        "'contiguous-blocks' or 'transfer'"
    )
    group: str | None = Field(None, description="the name of a group, such as 'subject' or 'run'")
    within: str | None = Field(
        None, description="the name of a group whose members are divided each by itself"
    )
    train: Members | None = Field(
        None, description="a table of groups and values, such as { session = [1] }"
    )
    test: Members | None = Field(
        None, description="a table of groups and values, such as { session = [2] }"
    )
    n_splits: int = Field(5, ge=2, description="an integer ≥ 2")
    gap: int = Field(0, ge=0, description="an integer ≥ 0 (trials left out beside a block)")
    seeds: list[Annotated[int, Field(ge=0, lt=2**32)]] = Field(
        default_factory=lambda: [0, 1, 2, 3, 4],
        min_length=1,
        description="a list of different integers ≥ 0, at least one",
    )


class AlignmentSection(_Section):
    """[alignment]: whose trials are brought to a common spread, without labels."""

    method: Literal["euclidean", "riemannian"] = Field(description="'euclidean' or 'riemannian'")
    group: str = Field("subject", description="the name of a group, such as 'subject'")


class LearningCurveSection(_Section):
    """[learning_curve]: scores with growing parts of each fold's training trials."""

    sizes: list[float] = Field(
        default_factory=lambda: [0.1, 0.25, 0.5, 0.75, 1.0],
        min_length=1,
        description="a list of shares in (0, 1]",
    )
    by: str | None = Field(None, description="the name of a group to give whole")
    draws: int = Field(1, ge=1, description="an integer ≥ 1")
    seeds: list[Annotated[int, Field(ge=0, lt=2**32)]] | None = Field(
        None, min_length=1, description="a list of different integers ≥ 0, at least one"
    )


class BaselineSection(_Section):
    """[[baselines]]: a model to run beside the network."""

    name: str = Field(description="the name of a baseline")
    label: str | None = Field(
        None, description="text to call it by, where one baseline is run with several settings"
    )
    parameters: dict[str, Any] = Field(
        default_factory=dict, description="a table of the baseline's parameters"
    )


class PipelineConfig(_Section):
    """A whole pipeline file.

    The tables ``preprocessing``, ``bands``, ``encoder``, ``network`` and ``training`` hold the
    parameters of :class:`~eegsnn.recordings.Preprocessing`, :class:`~eegsnn.encoding.EEGEncoder`
    and the estimator under their own names; :func:`~eegsnn.pipeline.read_pipeline` checks them
    against those classes. Where several encoders feed one network, each is a table of
    ``encoders`` that holds what ``bands`` and ``encoder`` hold for one.
    """

    title: str = Field(description="a line of text")
    description: str = Field("", description="text")
    data: DataSection
    test_data: DataSection | None = Field(
        None, description="a table like [data]: what is tested on, for protocol.kind = 'transfer'"
    )
    preprocessing: dict[str, Any] = Field(default_factory=dict, description="a table")
    bands: dict[str, Any] = Field(default_factory=dict, description="a table")
    encoder: dict[str, Any] = Field(default_factory=dict, description="a table")
    encoders: list[dict[str, Any]] = Field(
        default_factory=list,
        description="a list of tables ([[encoders]]), in place of [bands] and [encoder]",
    )
    network: dict[str, Any] = Field(default_factory=dict, description="a table")
    training: dict[str, Any] = Field(default_factory=dict, description="a table")
    protocol: ProtocolSection
    alignment: AlignmentSection | None = Field(None, description="a table")
    learning_curve: LearningCurveSection | None = Field(None, description="a table")
    baselines: list[BaselineSection] = Field(
        default_factory=list, description="a list of tables ([[baselines]])"
    )

    _source: Path = PrivateAttr(default=Path("pipeline.toml"))

    @property
    def source(self) -> Path:
        """The file that this was read from."""
        return self._source

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self._source.stem

    def to_dict(self) -> dict[str, Any]:
        """Return the settings, overrides and defaults of fixed sections included."""
        return self.model_dump(exclude_none=True)
