"""The compiled kernels, made ready once: their first call compiles, which no deadline foresees."""

import numpy as np
import pytest
from hypothesis import settings

from eegsnn.encoding.crossing import threshold_crossing
from eegsnn.encoding.delta import level_crossing, step_forward
from eegsnn.encoding.modulation import sigma_delta
from eegsnn.encoding.rate import signed_rate_chunk
from eegsnn.encoding.spikers import spiker
from eegsnn.encoding.window import moving_window

# How long an example takes depends on what else the machine does.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


@pytest.fixture(scope="session", autouse=True)
def compiled_kernels():
    s = np.arange(4.0)
    for code in (level_crossing, step_forward, sigma_delta, threshold_crossing):
        code(s, 1.0)
    moving_window(s, 1.0, 2)
    signed_rate_chunk(s[None], 1.0)
    spiker(s, np.ones(1), 0.1)
