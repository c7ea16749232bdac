"""The one place that validates what users give; every other module calls it.

A message says what was expected, what came, and what to do. Functions return the validated value
in its canonical type, so that callers write ``order = check_integer("order", order, low=1)``.
"""

from eegsnn._validation.settings import (
    check_boolean,
    check_choice,
    check_folder,
    check_integer,
    check_number,
    suggestion,
)
from eegsnn._validation.signals import (
    check_banded_series,
    check_finite,
    check_no_flat_channel,
    check_sequence,
    check_series,
    check_signal,
)
from eegsnn._validation.trials import (
    channel_order,
    check_channel_names,
    check_cut,
    check_groups,
    check_known,
    check_rate_known,
    check_same_rate,
    is_epochs,
    unpack_series,
)

__all__ = [
    "channel_order",
    "check_banded_series",
    "check_boolean",
    "check_channel_names",
    "check_choice",
    "check_cut",
    "check_finite",
    "check_folder",
    "check_groups",
    "check_integer",
    "check_known",
    "check_no_flat_channel",
    "check_number",
    "check_rate_known",
    "check_same_rate",
    "check_sequence",
    "check_series",
    "check_signal",
    "is_epochs",
    "suggestion",
    "unpack_series",
]
