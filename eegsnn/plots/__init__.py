"""Figures: learning curves, confusion matrices, scores per fold, rasters, surrogates."""

from eegsnn.plots.learning import learning_curves
from eegsnn.plots.scores import confusion_matrix, fold_scores
from eegsnn.plots.spikes import feature_raster, spike_raster, trial_rasters
from eegsnn.plots.style import to_png, to_svg
from eegsnn.plots.surrogates import surrogate_gradients

__all__ = [
    "confusion_matrix",
    "feature_raster",
    "fold_scores",
    "learning_curves",
    "spike_raster",
    "surrogate_gradients",
    "to_png",
    "to_svg",
    "trial_rasters",
]
