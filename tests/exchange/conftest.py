"""The way through a file."""

import pytest

from eegsnn.exchange import from_nir, to_nir


@pytest.fixture
def through_file(tmp_path):
    """Export a model, write the file, read it, import it."""

    def go(model, **options):
        path = tmp_path / "model.nir"
        options.setdefault("dt", 1e-3)
        to_nir(model, path, **options)
        return from_nir(path)

    return go
