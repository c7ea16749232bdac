"""Figures: scores and differences, calibration, costs, learning, heads, rasters, surrogates."""

from eegsnn.plots.comparison import differences, reliability
from eegsnn.plots.costs import CostPoint, accuracy_and_cost
from eegsnn.plots.heads import head_maps, known_positions
from eegsnn.plots.learning import learning_curves, training_size_curve
from eegsnn.plots.scores import confusion_matrix, fold_scores
from eegsnn.plots.selectivity import selectivity_maps
from eegsnn.plots.spikes import feature_raster, spike_raster, trial_rasters
from eegsnn.plots.style import model_colours, to_png, to_svg
from eegsnn.plots.surrogates import surrogate_gradients

__all__ = [
    "CostPoint",
    "accuracy_and_cost",
    "confusion_matrix",
    "differences",
    "feature_raster",
    "fold_scores",
    "head_maps",
    "known_positions",
    "learning_curves",
    "model_colours",
    "reliability",
    "selectivity_maps",
    "spike_raster",
    "surrogate_gradients",
    "to_png",
    "to_svg",
    "training_size_curve",
    "trial_rasters",
]
