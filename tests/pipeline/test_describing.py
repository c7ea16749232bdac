"""What is told of the saved model is true of it, also when the folder held it already."""

import json

from eegsnn.pipeline.describing import look_and_card
from eegsnn.reports import check_model_card


def test_a_result_has_a_card_of_its_model(finished):
    card = json.loads((finished / "model_card.json").read_text())
    check_model_card(card)
    metrics = json.loads((finished / "metrics.json").read_text())
    assert card["data"]["trials"] == 36
    assert card["protocol"]["folds"] == 3
    assert card["model"]["operations"]["synaptic_operations"] > 0
    assert card["model"]["parameters"] > 0
    assert card["performance"]["verdict"] == metrics["verdict"]
    assert card["filters"]["causality"] == metrics["causality"]


def test_a_report_looks_into_the_saved_model(finished):
    page = (finished / "report.html").read_text()
    assert 'id="selectivity"' in page
    assert 'id="card"' in page


def test_metrics_hold_tests_and_scores_by_part(finished):
    metrics = json.loads((finished / "metrics.json").read_text())
    (comparison,) = metrics["comparisons"]
    assert comparison["test"] == "corrected resampled t-test"
    for summary in metrics["summaries"]:
        assert summary["interval"]["low"] <= summary["accuracy"]["mean"]
        assert len(summary["scores_by"]["fold"]) == 3


def test_a_model_that_is_there_already_is_read_with_what_it_chose(finished, dataset, pipeline_text):
    import tomllib

    from eegsnn.evaluation import run_experiment
    from eegsnn.pipeline import parse_pipeline
    from eegsnn.pipeline.build import SPIKING, build_candidates, build_split

    path = finished / "model_card.json"
    card = json.loads(path.read_text())
    tried = {"name": "alpha", "score": 0.9, "seconds": 1.0, "chosen": True}
    card["model"]["selection"] = [tried]
    path.write_text(json.dumps(card))
    config = parse_pipeline(tomllib.loads(pipeline_text))
    split = build_split(config, dataset)
    baseline = [c for c in build_candidates(config, dataset) if c.kind == "baseline"]
    result = run_experiment(dataset, baseline, split, seeds=[0])
    look, again = look_and_card(
        config, dataset, split, result, finished,
        model=next(c.name for c in baseline if c.name != SPIKING), estimator=None,
        settings={}, trained_on="", versions={},
    )  # fmt: skip
    assert again["model"]["selection"] == [tried]
    assert look.selectivity is not None
