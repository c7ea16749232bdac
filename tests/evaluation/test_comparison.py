"""The test that a protocol asks for is the one that is made, and says no more than it can."""

import numpy as np
import pytest

from eegsnn.evaluation import (
    accuracy_interval,
    compare,
    compare_with_baselines,
    independent_units,
    mcnemar_exact,
    sign_flip_test,
    verdict,
)


def hits(n, n_right):
    return (np.arange(n) < n_right).astype(int)


def by_subject(rates, n=20):
    """So many right of `n` trials, subject after subject."""
    return np.concatenate([hits(n, round(rate * n)) for rate in rates])


def subjects(n_subjects, n=20):
    folds = {f"subject S{k}": np.arange(k * n, (k + 1) * n) for k in range(n_subjects)}
    return folds, {"subject": [f"S{k}" for k in range(n_subjects) for _ in range(n)]}


BY_SUBJECT = {"kind": "leave-one-group-out", "group": "subject"}


def test_official_split_is_judged_by_mcnemar(make_result):
    ours, theirs = hits(100, 90), np.roll(hits(100, 70), 10)
    result = make_result({"ours": {0: ours}, "lda": {None: theirs}}, {"official": np.arange(100)})
    found = compare(result, "ours", "lda")
    won, lost = int(np.sum(ours > theirs)), int(np.sum(ours < theirs))
    assert found.test == "McNemar's exact test"
    assert found.p_value == mcnemar_exact(won, lost)
    assert (found.better, found.worse, found.unit, found.n_units) == (won, lost, "trial", 100)
    assert found.difference == pytest.approx(0.2)
    assert found.low < 0.2 < found.high
    assert found.effect == pytest.approx(won / (won + lost) - 0.5)


def test_seeds_are_averaged_and_count_no_trial_twice(make_result):
    """Five equal seeds are as sure as one."""
    ours, theirs = hits(60, 52), np.roll(hits(60, 45), 5)
    folds = {"official": np.arange(60)}
    one = make_result({"ours": {0: ours}, "lda": {None: theirs}}, folds)
    five = make_result({"ours": dict.fromkeys(range(5), ours), "lda": {None: theirs}}, folds)
    single, several = (compare(r, "ours", "lda") for r in (one, five))
    assert several.p_value == single.p_value
    assert several.low == pytest.approx(single.low)
    assert several.seeds == [single.p_value] * 5
    assert accuracy_interval(one, "ours") == accuracy_interval(five, "ours")


def test_subjects_are_judged_by_sign_flips_of_whole_subjects(make_result):
    folds, groups = subjects(8)
    theirs = [0.5, 0.55, 0.6, 0.7, 0.5, 0.6, 0.75, 0.8]
    ours = [0.6, 0.6, 0.75, 0.8, 0.7, 0.65, 0.7, 0.9]
    result = make_result(
        {"ours": {0: by_subject(ours)}, "csp": {None: by_subject(theirs)}},
        folds, groups=groups, protocol=BY_SUBJECT,
    )  # fmt: skip
    found = compare(result, "ours", "csp")
    assert (found.unit, found.n_units, found.better, found.worse) == ("subject", 8, 7, 1)
    assert found.p_value == pytest.approx(sign_flip_test(np.subtract(ours, theirs)))
    assert found.difference == pytest.approx(np.mean(np.subtract(ours, theirs)))
    assert 0 < found.wilcoxon < 0.1


def test_subjects_of_different_size_weigh_as_in_the_score_shown(make_result):
    sizes = [5, 10, 20, 40, 10, 30, 20]
    folds, groups, start = {}, [], 0
    for k, size in enumerate(sizes):
        folds[f"subject S{k}"] = np.arange(start, start + size)
        groups += [f"S{k}"] * size
        start += size
    rng = np.random.default_rng(0)
    ours, theirs = rng.random(start) < 0.8, rng.random(start) < 0.6
    result = make_result(
        {"ours": {0: ours}, "csp": {None: theirs}},
        folds, groups={"subject": groups}, protocol=BY_SUBJECT,
    )  # fmt: skip
    shown = [result.summary(model).accuracy.mean for model in ("ours", "csp")]
    assert compare(result, "ours", "csp").difference == pytest.approx(shown[0] - shown[1])
    interval = accuracy_interval(result, "ours")
    assert interval.low < shown[0] < interval.high
    assert interval.n_units == 7


def test_within_subject_folds_still_count_subjects(make_result):
    """Leave one session out: each fold tests all subjects, who are what is independent."""
    folds = {"session 1": np.arange(0, 160, 2), "session 2": np.arange(1, 160, 2)}
    groups = {
        "subject": [f"S{k // 20}" for k in range(160)],
        "session": [str(1 + k % 2) for k in range(160)],
    }
    result = make_result(
        {"ours": {0: hits(160, 150)}, "csp": {None: hits(160, 140)}},
        folds, groups=groups, protocol={"kind": "leave-one-group-out", "group": "session"},
    )  # fmt: skip
    assert independent_units(result)[0] == "subject"
    assert compare(result, "ours", "csp").n_units == 8


def test_few_runs_are_judged_by_the_corrected_t_test(make_result):
    folds = {f"run {k}": np.arange(k * 15, (k + 1) * 15) for k in range(3)}
    groups = {"run": [str(k) for k in range(3) for _ in range(15)]}
    result = make_result(
        {"ours": {0: by_subject([0.8, 1.0, 0.9], 15)}, "csp": {None: by_subject([0.6] * 3, 15)}},
        folds, groups=groups, protocol={"kind": "leave-one-group-out", "group": "run"},
    )  # fmt: skip
    found = compare(result, "ours", "csp")
    assert (found.test, found.unit, found.n_units) == ("corrected resampled t-test", "fold", 3)
    assert found.low < found.difference < found.high <= 1.0
    assert "3 folds" in found.notes[0]


@pytest.mark.parametrize("kind", ["folds", "official", "subjects"])
def test_models_that_decide_alike_are_as_unsure_on_either_side(make_result, kind):
    right = by_subject([0.6, 0.8, 0.7, 0.9, 0.5, 0.75, 0.6, 0.8])
    models = {"ours": {0: right}, "csp": {None: right}}
    folds, groups = subjects(8)
    if kind == "subjects":
        result = make_result(models, folds, groups=groups, protocol=BY_SUBJECT)
    else:
        result = make_result(models, {"official": np.arange(160)} if kind == "official" else folds)
    found = compare(result, "ours", "csp")
    assert found.difference == 0
    assert found.low == -found.high < 0
    assert not found.told_apart


def test_few_subjects_in_one_split_can_prove_nothing(make_result):
    _, groups = subjects(3)
    result = make_result(
        {"ours": {0: np.ones(60)}, "csp": {None: by_subject([0.3, 0.4, 0.5])}},
        {"official": np.arange(60)}, groups=groups,
    )  # fmt: skip
    found = compare_with_baselines(result)[0]
    assert found.p_value == 0.25
    assert not found.told_apart
    assert "never give p below 0.25" in found.notes[0]


def test_more_baselines_ask_for_more_evidence(make_result):
    folds = {"official": np.arange(100)}
    ours = hits(100, 80)
    weak = {f"b{k}": {None: np.roll(hits(100, 70), k)} for k in range(6)}
    alone = compare_with_baselines(make_result({"ours": {0: ours}, "b0": weak["b0"]}, folds))[0]
    among = compare_with_baselines(make_result({"ours": {0: ours}, **weak}, folds))
    assert alone.p_adjusted == alone.p_value
    assert all(c.p_adjusted >= c.p_value for c in among)
    assert among[0].p_value == alone.p_value


def test_only_common_trials_are_compared(make_result):
    folds = {"run 1": np.arange(40), "run 2": np.arange(40, 80)}
    result = make_result({"ours": {0: hits(80, 80)}, "csp": {None: hits(80, 20)}}, folds)
    result.runs = [r for r in result.runs if r.model == "ours" or r.fold == "run 1"]
    found = compare(result, "ours", "csp")
    assert (found.unit, found.n_units) == ("trial", 40)
    assert found.difference == pytest.approx(0.5)


def sentences(make_result, ours, theirs, n=200, **more):
    models = {"ours": {0: ours}, "lda": {None: theirs}, **more}
    return " ".join(verdict(make_result(models, {"official": np.arange(n)})))


def test_a_clear_win_is_called_one(make_result):
    text = sentences(make_result, hits(200, 180), hits(200, 120))
    assert "is above chance" in text
    assert "It beats the best baseline, lda (60.0 %) by 30.0 points" in text
    assert "p < 0.001" in text


def test_a_clear_defeat_is_called_one(make_result):
    text = sentences(make_result, hits(200, 120), hits(200, 180))
    assert "does not beat the best baseline, lda (90.0 %): it is 30.0 points below" in text


def test_a_small_lead_is_not_called_a_win(make_result):
    text = sentences(make_result, hits(200, 152), np.roll(hits(200, 150), 30))
    assert "is not shown to beat the best baseline" in text
    assert "1.0 points above it, which cannot be told from no difference" in text
    assert "no proof that the two are equal" in text


def test_the_best_baseline_is_named_and_all_are_counted(make_result):
    text = sentences(make_result, hits(200, 160), hits(200, 110), best={None: hits(200, 199)})
    assert "best baseline, best (99.5 %)" in text
    assert "Of 2 baselines it is above 1 (lda) and below 1 (best)." in text


def test_what_looked_at_test_trials_is_said(make_result):
    result = make_result(
        {"ours": {0: hits(40, 30)}}, {"official": np.arange(40)},
        protocol={"transductive": ["alignment uses the test recording"]},
    )  # fmt: skip
    text = " ".join(verdict(result))
    assert "without their labels (alignment uses the test recording)" in text
    assert "No baseline" in text
