"""What a saved model must remember to be used on a recording: its preprocessing and its window.

The estimator's own files hold channels, rate, encoder and weights. ``pipeline.json`` beside them
holds what happens before the estimator.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from eegsnn._files import write_json
from eegsnn.errors import ModelFileError

FILE_NAME = "pipeline.json"
FORMAT = 1


@dataclass
class ModelCard:
    """The content of ``pipeline.json``.

    Attributes
    ----------
    pipeline, dataset : str
    classes : list of str
    preprocessing : dict
        Fields of :class:`~eegsnn.recordings.Preprocessing`.
    unit : str
        Unit of the training trials, ``"V"`` or ``"a.u."``.
    ch_names : list of str
    sfreq, tmin : float
        Hertz, and time in seconds of a trial's first sample from its event.
    n_times : int
        Samples per training trial.
    causality : str
    trained_on : str
        In words.
    key : str
        Hash of all that the weights depend on.
    alignment : dict
        ``method`` and ``group`` of the alignment that trials went through; empty for none.
    format : int
    """

    pipeline: str
    dataset: str
    classes: list[str]
    preprocessing: dict[str, Any]
    unit: str
    ch_names: list[str]
    sfreq: float
    n_times: int
    tmin: float = 0.0
    causality: str = ""
    trained_on: str = ""
    key: str = ""
    alignment: dict[str, Any] = field(default_factory=dict)
    format: int = field(default=FORMAT)

    @property
    def window(self) -> float:
        """Length of a training trial in seconds."""
        return self.n_times / self.sfreq


def save_card(folder: str | Path, card: ModelCard) -> None:
    """Write a model's card into its folder, atomically."""
    content = asdict(card)
    if not card.alignment:
        # Versions that know of no alignment read all other cards, and refuse those that have one.
        del content["alignment"]
    write_json(Path(folder) / FILE_NAME, content)


def load_card(folder: str | Path) -> ModelCard | None:
    """Read the card of a model; None if the folder has none.

    Raises
    ------
    ModelFileError
        If it is truncated, foreign or of a later format.
    """
    path = Path(folder) / FILE_NAME
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version = content["format"]
        if version != FORMAT:
            raise ModelFileError(
                f"{path}: expected format {FORMAT}, but got {version!r}. Use the version of eegsnn "
                f"that wrote it, or train again."
            )
        return ModelCard(**content)
    except (ValueError, TypeError, KeyError, UnicodeDecodeError) as error:
        if isinstance(error, ModelFileError):
            raise
        raise ModelFileError(
            f"{path}: truncated or not the card of a model ({error}). Train again."
        ) from error


def find_model(path: str | Path) -> Path:
    """Return the folder of a model, given it or the result folder around it.

    Raises
    ------
    ModelFileError
        If nothing is there, or only what an interrupted run has left.
    """
    path = Path(path)
    if (path / "model").is_dir():
        return path / "model"
    if (path / "model-interrupted").is_dir():
        raise ModelFileError(
            f"{path}: holds no finished model. Run its pipeline again, or use the interrupted one, "
            f"{path / 'model-interrupted'}."
        )
    if path.exists():
        return path
    raise ModelFileError(
        f"{path}: no such model. Give a result folder of eegsnn run, or the model folder in it."
    )
