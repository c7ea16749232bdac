"""Judge models honestly: protocols, leaks, metrics, baselines, experiments."""

from eegsnn.evaluation.baselines import BASELINES, Signal, baseline_parameters, build_baseline
from eegsnn.evaluation.costs import decision_costs, selection_of
from eegsnn.evaluation.experiment import (
    Candidate,
    ExperimentInterrupted,
    Fitted,
    Progress,
    fit_on_trials,
    run_experiment,
    run_fold,
)
from eegsnn.evaluation.fingerprint import (
    code_fingerprint,
    dataset_fingerprint,
    describe_estimator,
    run_key,
)
from eegsnn.evaluation.leaks import duplicated_trials, find_leaks, shared_groups, trial_hashes
from eegsnn.evaluation.metrics import chance_level, class_scores, decide, score_predictions
from eegsnn.evaluation.protocols import (
    PROTOCOLS,
    Fold,
    Split,
    contiguous_blocks,
    group_k_fold,
    leave_one_group_out,
    make_split,
    official_split,
    stratified_k_fold,
)
from eegsnn.evaluation.results import (
    ExperimentResult,
    ModelSummary,
    RunRecord,
    Spread,
    standard_error,
    verdict,
)
from eegsnn.evaluation.store import FoldStore

__all__ = [
    "BASELINES",
    "PROTOCOLS",
    "Candidate",
    "ExperimentInterrupted",
    "ExperimentResult",
    "Fitted",
    "Fold",
    "FoldStore",
    "ModelSummary",
    "Progress",
    "RunRecord",
    "Signal",
    "Split",
    "Spread",
    "baseline_parameters",
    "build_baseline",
    "chance_level",
    "class_scores",
    "code_fingerprint",
    "contiguous_blocks",
    "dataset_fingerprint",
    "decide",
    "decision_costs",
    "describe_estimator",
    "duplicated_trials",
    "find_leaks",
    "fit_on_trials",
    "group_k_fold",
    "leave_one_group_out",
    "make_split",
    "official_split",
    "run_experiment",
    "run_fold",
    "run_key",
    "score_predictions",
    "selection_of",
    "shared_groups",
    "standard_error",
    "stratified_k_fold",
    "trial_hashes",
    "verdict",
]
