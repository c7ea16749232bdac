"""Judge models honestly: protocols, leaks, metrics, baselines, experiments."""

from eegsnn.evaluation.aligning import align_dataset
from eegsnn.evaluation.baselines import (
    BASELINES,
    Signal,
    baseline_is_seeded,
    baseline_parameters,
    build_baseline,
)
from eegsnn.evaluation.breakdown import ScoreRow, breakdown, parts_of
from eegsnn.evaluation.calibration import (
    Calibration,
    ReliabilityBin,
    are_probabilities,
    brier_score,
    calibration_of,
    expected_calibration_error,
    reliability_curve,
)
from eegsnn.evaluation.comparison import (
    GROUPS_OF_PEOPLE,
    Comparison,
    accuracy_interval,
    compare,
    compare_with_baselines,
    independent_units,
)
from eegsnn.evaluation.costs import decision_costs, selection_of
from eegsnn.evaluation.experiment import (
    Candidate,
    ExperimentInterrupted,
    Fitted,
    Progress,
    planned_keys,
    run_experiment,
)
from eegsnn.evaluation.fingerprint import (
    code_fingerprint,
    dataset_fingerprint,
    describe_estimator,
    run_key,
)
from eegsnn.evaluation.fitted_steps import fitted_steps
from eegsnn.evaluation.folds import fit_on_trials, run_fold
from eegsnn.evaluation.intervals import (
    Interval,
    clopper_pearson,
    cluster_bootstrap,
)
from eegsnn.evaluation.joining import join_for_transfer
from eegsnn.evaluation.leaks import (
    duplicated_trials,
    find_leaks,
    find_transduction,
    shared_groups,
    trial_hashes,
)
from eegsnn.evaluation.learning_curves import CurvePoint, LearningCurve, check_curve, learning_curve
from eegsnn.evaluation.metrics import Spread, chance_level, class_scores, decide, score_predictions
from eegsnn.evaluation.nested import InnerFolds, nested_search
from eegsnn.evaluation.overlaps import overlapping_onsets, overlapping_pairs, overlapping_trials
from eegsnn.evaluation.paired_tests import (
    CorrectedT,
    cohens_d,
    cohens_g,
    corrected_resampled_t,
    holm,
    mcnemar_exact,
    sign_flip_test,
    wilcoxon_signed_rank,
)
from eegsnn.evaluation.parallel import BACKENDS
from eegsnn.evaluation.protocols import (
    PROTOCOLS,
    Fold,
    Split,
    contiguous_blocks,
    group_k_fold,
    leave_one_group_out,
    official_split,
    stratified_k_fold,
    transfer,
    within_groups,
)
from eegsnn.evaluation.results import (
    ExperimentResult,
    ModelSummary,
    RunRecord,
)
from eegsnn.evaluation.splitting import make_split
from eegsnn.evaluation.store import FoldStore
from eegsnn.evaluation.subsets import nested_groups, nested_subset
from eegsnn.evaluation.verdict import verdict

__all__ = [
    "BACKENDS",
    "BASELINES",
    "GROUPS_OF_PEOPLE",
    "PROTOCOLS",
    "Calibration",
    "Candidate",
    "Comparison",
    "CorrectedT",
    "CurvePoint",
    "ExperimentInterrupted",
    "ExperimentResult",
    "Fitted",
    "Fold",
    "FoldStore",
    "InnerFolds",
    "Interval",
    "LearningCurve",
    "ModelSummary",
    "Progress",
    "ReliabilityBin",
    "RunRecord",
    "ScoreRow",
    "Signal",
    "Split",
    "Spread",
    "accuracy_interval",
    "align_dataset",
    "are_probabilities",
    "baseline_is_seeded",
    "baseline_parameters",
    "breakdown",
    "brier_score",
    "build_baseline",
    "calibration_of",
    "chance_level",
    "check_curve",
    "class_scores",
    "clopper_pearson",
    "cluster_bootstrap",
    "code_fingerprint",
    "cohens_d",
    "cohens_g",
    "compare",
    "compare_with_baselines",
    "contiguous_blocks",
    "corrected_resampled_t",
    "dataset_fingerprint",
    "decide",
    "decision_costs",
    "describe_estimator",
    "duplicated_trials",
    "expected_calibration_error",
    "find_leaks",
    "find_transduction",
    "fit_on_trials",
    "fitted_steps",
    "group_k_fold",
    "holm",
    "independent_units",
    "join_for_transfer",
    "learning_curve",
    "leave_one_group_out",
    "make_split",
    "mcnemar_exact",
    "nested_groups",
    "nested_search",
    "nested_subset",
    "official_split",
    "overlapping_onsets",
    "overlapping_pairs",
    "overlapping_trials",
    "parts_of",
    "planned_keys",
    "reliability_curve",
    "run_experiment",
    "run_fold",
    "run_key",
    "score_predictions",
    "selection_of",
    "shared_groups",
    "sign_flip_test",
    "stratified_k_fold",
    "transfer",
    "trial_hashes",
    "verdict",
    "wilcoxon_signed_rank",
    "within_groups",
]
