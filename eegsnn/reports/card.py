"""The model card: what a model is, what it was tested on, and what it must not be used for.

After Mitchell et al. (2019), *Model cards for model reporting*. It is plain JSON of a fixed shape
(:class:`ModelCardContent`), so that a program can read it, too.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from eegsnn.evaluation import (
    GROUPS_OF_PEOPLE,
    PROTOCOLS,
    ExperimentResult,
    accuracy_interval,
    calibration_of,
    compare_with_baselines,
    verdict,
)
from eegsnn.reports.figures import mean_costs

CARD_FILE_NAME = "model_card.json"
CARD_FORMAT = 1
# How a sentence about filters says that they need the future.
_AHEAD = re.compile(r"\blooks? ahead\b")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class CardData(_Part):
    """The trials: `groups` counts subjects, sessions, …; the rest of a time series may be None."""

    name: str
    trials: int
    classes: dict[str, int]
    groups: dict[str, int]
    ch_names: list[str]
    unit: str | None
    sfreq: float | None
    samples: int
    tmin: float | None
    warnings: list[str]


class CardProtocol(_Part):
    """How it was tested; `leaky` and `transductive` are empty for an honest test."""

    kind: str
    meaning: str
    group: str | None
    folds: int
    seeds: list[int]
    test_trials: int
    leaky: list[str]
    transductive: list[str]
    notes: list[str]


class CardFilters(_Part):
    """Filters before the network; `usable_online` is None where there are none."""

    preprocessing: dict[str, Any]
    causality: str
    usable_online: bool | None


class CardModel(_Part):
    """The network itself; rates are spikes per neuron and step, costs are per decision."""

    estimator: str
    settings: Any
    trained_on: str
    parameters: int | None
    spike_rates: dict[str, float]
    operations: dict[str, float] | None
    selection: list[dict[str, Any]]
    chosen_in_runs: dict[str, int]


class CardBaseline(_Part):
    """A baseline in the same splits: the network's accuracy minus its own, with the test of it."""

    name: str
    accuracy: float
    difference: float
    low: float
    high: float
    test: str
    p_adjusted: float


class CardPerformance(_Part):
    """Scores on test trials, with what they are to be compared with."""

    chance: float
    accuracy: float
    accuracy_std_over_seeds: float
    accuracy_low: float
    accuracy_high: float
    interval: str
    balanced_accuracy: float
    auc: float | None
    calibration_error: float | None
    calibration_error_if_calibrated: float | None
    brier: float | None
    baselines: list[CardBaseline]
    verdict: list[str]


class ModelCardContent(_Part):
    """The content of ``model_card.json``."""

    format: int
    title: str
    description: str
    intended_use: str
    limits: list[str]
    data: CardData
    protocol: CardProtocol
    filters: CardFilters
    model: CardModel
    performance: CardPerformance
    versions: dict[str, str]
    fingerprints: dict[str, Any]


def model_card(
    result: ExperimentResult,
    dataset: Any,
    *,
    model: str,
    title: str,
    estimator: str,
    description: str = "",
    settings: Any = None,
    selection: list[dict[str, Any]] | None = None,
    preprocessing: dict[str, Any] | None = None,
    causality: str = "",
    trained_on: str = "",
    versions: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Gather a model's card from its result and its data.

    Parameters
    ----------
    result : ExperimentResult
    dataset : EEGDataset or TabularDataset
    model : str
        Which of the result's models the card is of.
    title, description : str
    estimator : str
        Name of its class.
    settings : JSON-able
        Its parameters.
    selection : list of dict, optional
        What the saved model chose by itself (:func:`~eegsnn.evaluation.selection_of`).
    preprocessing : dict, optional
    causality, trained_on : str
        In words.
    versions : dict of str to str, optional

    Returns
    -------
    dict
        Of the shape of :class:`ModelCardContent`, checked.
    """
    summary = result.summary(model)
    costs = mean_costs(result, model)
    parameters = None if costs is None else costs.pop("parameters", None)
    content = ModelCardContent(
        format=CARD_FORMAT,
        title=title,
        description=description.strip(),
        intended_use=_intended_use(result, dataset),
        limits=_limits(result, dataset, model, causality),
        data=_data(dataset),
        protocol=_protocol(result),
        filters=CardFilters(
            preprocessing=dict(preprocessing or {}),
            causality=causality,
            usable_online=None if not causality else not _AHEAD.search(causality),
        ),
        model=CardModel(
            estimator=estimator,
            settings=settings,
            trained_on=trained_on,
            parameters=None if parameters is None else round(parameters),
            spike_rates=dict(summary.spike_rates),
            operations=costs,
            selection=list(selection or []),
            chosen_in_runs=chosen_in_runs(result, model),
        ),
        performance=_performance(result, model),
        versions=dict(versions or {}),
        fingerprints=dict(result.fingerprints),
    )
    return content.model_dump()


def check_model_card(content: dict[str, Any]) -> None:
    """Refuse what is not the content of a model card (raises ValueError, naming the field)."""
    ModelCardContent.model_validate(content)


def chosen_in_runs(result: ExperimentResult, model: str) -> dict[str, int]:
    """Return what a model chose by itself, and in how many of its runs."""
    counts: dict[str, int] = {}
    for run in result.runs_of(model):
        for tried in run.selection:
            if tried["chosen"]:
                counts[tried["name"]] = counts.get(tried["name"], 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _data(dataset: Any) -> CardData:
    y = np.asarray(dataset.y)
    series = getattr(dataset, "sfreq", None) is not None
    return CardData(
        name=str(dataset.name),
        trials=len(y),
        classes={str(label): int(np.sum(y == label)) for label in dataset.classes},
        groups={
            str(name): len(np.unique(np.asarray(values))) for name, values in dataset.groups.items()
        },
        ch_names=[str(name) for name in dataset.ch_names] if series else [],
        unit=str(dataset.unit) if series else None,
        sfreq=float(dataset.sfreq) if series else None,
        samples=int(dataset.X.shape[-1]),
        tmin=float(dataset.tmin) if series else None,
        warnings=[str(text) for text in getattr(dataset, "warnings", [])],
    )


def _protocol(result: ExperimentResult) -> CardProtocol:
    protocol = result.protocol
    return CardProtocol(
        kind=str(protocol["kind"]),
        meaning=PROTOCOLS.get(protocol["kind"], ""),
        group=protocol["group"],
        folds=len(result.folds),
        seeds=[int(seed) for seed in result.seeds],
        test_trials=result.n_test_trials,
        leaky=list(protocol["leaky"]),
        transductive=result.transductive,
        notes=list(protocol["notes"]),
    )


def _performance(result: ExperimentResult, model: str) -> CardPerformance:
    summary, interval = result.summary(model), accuracy_interval(result, model)
    calibration = calibration_of(result, model)
    comparisons = [c for c in compare_with_baselines(result) if c.model == model]
    return CardPerformance(
        chance=result.chance,
        accuracy=summary.accuracy.mean,
        accuracy_std_over_seeds=summary.accuracy.std,
        accuracy_low=interval.low,
        accuracy_high=interval.high,
        interval=f"95 %, {interval.method}",
        balanced_accuracy=summary.balanced_accuracy.mean,
        auc=None if summary.auc is None else summary.auc.mean,
        calibration_error=None if calibration is None else calibration.error,
        calibration_error_if_calibrated=(
            None if calibration is None else calibration.error_if_calibrated
        ),
        brier=None if calibration is None else calibration.brier,
        baselines=[
            CardBaseline(
                name=c.against,
                accuracy=result.summary(c.against).accuracy.mean,
                difference=c.difference,
                low=c.low,
                high=c.high,
                test=c.test,
                p_adjusted=c.p_adjusted,
            )
            for c in comparisons
        ],
        verdict=verdict(result),
    )


def _intended_use(result: ExperimentResult, dataset: Any) -> str:
    classes = f"{', '.join(result.classes[:-1])} and {result.classes[-1]}"
    what = f"Research on telling {classes} apart"
    if getattr(dataset, "sfreq", None) is None:
        return f"{what} from the features of {result.dataset}."
    return (
        f"{what} in EEG that was recorded, referenced and cut into trials as {result.dataset} was: "
        f"the same channels, unit and sampling rate."
    )


def _limits(result: ExperimentResult, dataset: Any, model: str, causality: str) -> list[str]:
    limits = ["No medical device: not for diagnosis, nor for decisions about a person."]
    if result.leaky:
        limits.append("The scores are leaky: how well it works is not known.")
    if result.transductive:
        limits.append(
            "It was tested with a view of the test trials, without labels: "
            f"{'; '.join(result.transductive)}."
        )
    limits.append(_about_people(result, dataset))
    left_out = max(result.runs_of(model), key=lambda run: run.artefacts)
    if left_out.artefacts:
        limits.append(
            f"Up to {left_out.artefacts} of {left_out.n_train} training trials were left out as "
            f"artefacts, ten times as powerful as usual; test trials never were."
        )
    if _AHEAD.search(causality):
        limits.append("Its filters look ahead: it cannot be used online as it is.")
    limits.append(
        "Tested on one data set; another device, montage, task or population was never tried."
    )
    calibration = calibration_of(result, model)
    if calibration is not None and calibration.error > 2 * calibration.error_if_calibrated:
        limits.append(
            f"Its probabilities are off by {100 * calibration.error:.0f} points on average "
            f"(a calibrated model: {100 * calibration.error_if_calibrated:.0f}): calibrate them "
            f"before using them as probabilities."
        )
    return limits


def _about_people(result: ExperimentResult, dataset: Any) -> str:
    name = next((name for name in GROUPS_OF_PEOPLE if name in dataset.groups), None)
    if name is None:
        return "Whose recordings these are is not told: how well it works for others is not known."
    people = len(np.unique(np.asarray(dataset.groups[name])))
    if people == 1:
        return f"Trained and tested on one {name}: how well it works for others is not known."
    if result.protocol["group"] == name and not result.leaky:
        return f"Tested on {name}s that it had not seen, {people} in all."
    return (
        f"Of the {people} {name}s some may be in training and test data: how well it works for "
        f"others is not known."
    )
