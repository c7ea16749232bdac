"""What a saved model needs of its input, and what is said where the input has it not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from eegsnn._validation import channel_order, check_number
from eegsnn.errors import ConfigurationError, DataError
from eegsnn.pipeline.model_folder import ModelCard, load_card
from eegsnn.recordings import Preprocessing


def card_of(folder: Path, estimator: Any) -> ModelCard:
    """Return what is known of the model's input; a model saved by hand knows less."""
    card = load_card(folder)
    if card is None:
        names = getattr(estimator, "ch_names_", None)
        sfreq = getattr(estimator, "sfreq_", None) or getattr(estimator, "sfreq", None)
        committee = getattr(estimator, "committee_", None)
        n_times = committee.n_times if committee else getattr(estimator, "n_times_", 0)
        if names is None or sfreq is None:
            raise DataError(f"{folder}: this model reads tables of features, not recordings.")
        return ModelCard(
            "", "", [], Preprocessing().to_dict(), "V", list(names), float(sfreq), int(n_times)
        )
    if not card.ch_names:
        raise DataError(
            f"{folder}: this model was trained on {card.dataset}, a table of features; it cannot "
            f"read recordings."
        )
    return card


def channels_of(
    card: ModelCard,
    present: Sequence[str],
    folder: Path,
    recording: str | Path,
    may_lack: bool,
) -> list[int | None]:
    """Return where each of the model's channels is in the recording; None where it is missing.

    Parameters
    ----------
    may_lack : bool
        Whether channels may be missing; otherwise they are named in an error.
    """
    numbered = [f"ch{number}" for number in range(len(card.ch_names))]
    if card.ch_names == numbered and not set(numbered) <= set(present):
        raise DataError(
            f"{folder}: this model was fitted on arrays whose channels had no names, so that they "
            f"cannot be found in a recording. Fit it on mne.Epochs, which name them."
        )
    try:
        found = [name for name in card.ch_names if not may_lack or name in present]
        found = found or card.ch_names  # nothing to estimate from
        places = dict(zip(found, channel_order(found, present), strict=True))
    except DataError as error:
        raise DataError(
            f"{recording}: {error} A model that was fitted with clean_artefacts can estimate a few "
            f"from the others: --estimate-missing."
        ) from error
    return [places.get(name) for name in card.ch_names]


def with_missing(values: np.ndarray, order: Sequence[int | None]) -> np.ndarray:
    """Channels (…, channels, times) among zeros, which stand for those that are missing."""
    found = [row for row, place in enumerate(order) if place is not None]
    if len(found) == len(order):
        return values
    among = np.zeros((*values.shape[:-2], len(order), values.shape[-1]))
    among[..., found, :] = values
    return among


def factor_to_unit(card: ModelCard, scale: float | None, unit: str = "V") -> float:
    """Return what recordings, or trials in `unit`, are multiplied with to get that of training."""
    if scale is not None:
        factor = check_number("scale", scale)
        if factor == 0:
            raise ConfigurationError("scale: expected a number other than 0, but got 0.")
        return factor
    if card.unit != "V":
        raise DataError(
            f"The model was trained on {card.dataset} in {card.unit}, but recordings are in volts. "
            f"Give --scale, the number that volts are multiplied with to get that unit (1 where "
            f"the file already holds it)."
        )
    if unit != "V":
        raise DataError(
            f"The model was trained on {card.dataset} in volts, but these trials are in {unit}. "
            f"Give --scale, the number that they are multiplied with to get volts."
        )
    return 1.0


def spoilt_channels(estimator: Any, X: np.ndarray, ch_names: Sequence[str]) -> dict[str, int]:
    """Return the channels that the model does not believe, and in how many of these trials."""
    repair = getattr(estimator, "repair_", None)
    if repair is None or not repair.most:
        return {}
    counts = estimator.artefact_channels(X).sum(axis=0).tolist()
    return {name: count for name, count in zip(ch_names, counts, strict=True) if count}


def other_rate(recording: str | Path, sfreq: float, card: ModelCard) -> DataError:
    """Return the error about another sampling rate."""
    return DataError(
        f"{recording}: sampled at {sfreq:g} Hz, but the model was trained at {card.sfreq:g} Hz. "
        f"Ask for it to be resampled with --resample."
    )


def check_flat_channels(
    estimator: Any,
    card: ModelCard,
    recording: str | Path,
    flat: Sequence[str],
    order: Sequence[int | None],
) -> None:
    """Refuse channels that never change, unless the model estimates them from the others."""
    repair = getattr(estimator, "repair_", None)
    # Whoever aligns divides by what there is of every channel.
    if not flat or (repair is not None and len(flat) <= repair.most and not card.alignment):
        return
    missing = [name for name, place in zip(card.ch_names, order, strict=True) if place is None]
    if missing:
        raise DataError(
            f"{recording}: channel {', '.join(flat)} is missing or flat, which this model cannot "
            f"estimate: a third of the channels at most, by a model fitted with clean_artefacts "
            f"and without alignment. Interpolate first (raw.interpolate_bads of MNE does)."
        )
    raise DataError(
        f"{recording}: channel {', '.join(flat)} is flat throughout; the model was trained on "
        f"channels that vary. Interpolate it first (raw.interpolate_bads of MNE does)."
    )
