"""Stretches that annotations mark as BAD are those that MNE itself rejects."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import mne
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegsnn.study.spans import Spans, bad_spans

pairs = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8)


@given(pairs=pairs, first=st.integers(0, 30), length=st.integers(1, 30))
def test_spans_are_sets_of_samples(pairs: list[tuple[int, int]], first: int, length: int) -> None:
    spans = Spans.of(pairs)
    marked = np.zeros(60, dtype=bool)
    for start, stop in pairs:
        marked[start:stop] = True
    assert np.array_equal(spans.inside(np.arange(60)), marked)
    assert spans.n_samples == marked.sum()
    part = marked[first : first + length]
    assert spans.overlap(first, first + length) == part.sum()
    left = np.zeros(60, dtype=bool)
    for start, stop in spans.between(first, first + length):
        assert not left[start]
        left[start:stop] = True
    assert np.array_equal(left[first : first + length], ~part)
    assert left.sum() == (~part).sum()
    at = spans.clear_stretch(0, 60, length)
    least = min(marked[i : i + length].sum() for i in range(61 - length))
    assert marked[at : at + length].sum() == least


@pytest.mark.parametrize("measured", [None, datetime(2020, 1, 1, tzinfo=UTC)])
@pytest.mark.parametrize("first_sample", [0, 500])
def test_bad_is_what_mne_rejects(
    measured: datetime | None, first_sample: int, rng: np.random.Generator, tmp_path: Path
) -> None:
    info = mne.create_info(2, 1000 / 3, "eeg")
    raw = mne.io.RawArray(rng.normal(size=(2, 4000)), info, first_sample, verbose="error")
    raw.set_meas_date(measured)
    labels = ["BAD_blink", "bad line", "T1", "BAD", "BADsegment", "EDGE"]
    onset = np.sort(rng.uniform(0, 11, 6))
    raw.set_annotations(mne.Annotations(onset, rng.uniform(0, 1.5, 6), labels), verbose="error")
    raw.save(tmp_path / "x_raw.fif", verbose="error")
    raw = mne.io.read_raw(tmp_path / "x_raw.fif", verbose="error")
    rejected = np.isnan(raw.get_data(reject_by_annotation="NaN", verbose="error"))[0]
    assert rejected.any()
    assert np.array_equal(bad_spans(raw).inside(np.arange(raw.n_times)), rejected)
