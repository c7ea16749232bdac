from __future__ import annotations

import mlx.core as mx
import numpy as np
import pytest

from eegsnn.errors import ConfigurationError, DataError
from eegsnn.plots import surrogate_gradients, to_png
from eegsnn.surrogate import SURROGATES, Surrogate, get_surrogate


def test_every_surrogate_is_drawn_with_its_gradient_and_the_step() -> None:
    figure = surrogate_gradients()
    assert [axes.get_title().split(" ")[0] for axes in figure.axes] == list(SURROGATES)
    for name, axes in zip(SURROGATES, figure.axes, strict=True):
        lines = {line.get_label(): line for line in axes.lines}
        u, step = lines["spike"].get_data()
        np.testing.assert_array_equal(step, u > 0)
        wanted = np.asarray(get_surrogate(name).gradient(mx.array(u)))
        np.testing.assert_array_equal(lines["gradient"].get_ydata(), wanted)
    assert figure.axes[-1].get_xlabel() == "membrane − threshold"
    assert len(to_png(figure)) > 10_000


def test_own_surrogates_and_slopes_can_be_drawn() -> None:
    own = Surrogate("bump", 2.0, lambda u, k, xp: xp.exp(-k * xp.square(u)))
    figure = surrogate_gradients([own, get_surrogate("arctan", 10.0)])
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["bump (slope 2)", "arctan (slope 10)"]
    assert all(axes.get_xlabel() for axes in figure.axes)


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(DataError, match="at least one"):
        surrogate_gradients([])
    with pytest.raises(ConfigurationError, match="Did you mean 'arctan'"):
        surrogate_gradients(["arctang"])
