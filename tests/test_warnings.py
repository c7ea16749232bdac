from __future__ import annotations

from functools import partial

import pytest

from eegsnn._warnings import warn_user
from eegsnn.errors import InterruptedTrainingWarning


def caller(name: str) -> dict:
    """A function in a module of this name that hands a call on."""
    names: dict = {"__name__": name}
    exec(compile("def call(f, *arguments):\n    f(*arguments)", f"{name}.py", "exec"), names)
    return names


@pytest.mark.parametrize("between", [[], ["eegsnn.estimators"], ["eegsnn.a", "sklearn.pipeline"]])
def test_it_points_at_the_nearest_line_outside(between: list[str]) -> None:
    warn = warn_user
    for name in between:
        warn = partial(caller(name)["call"], warn)
    with pytest.warns(InterruptedTrainingWarning, match="text") as caught:
        warn("text", InterruptedTrainingWarning)
    assert caught[0].filename == __file__


def test_other_modules_are_users() -> None:
    user = caller("analysis")["call"]
    with pytest.warns(InterruptedTrainingWarning) as caught:
        user(warn_user, "text", InterruptedTrainingWarning)
    assert caught[0].filename == "analysis.py"
