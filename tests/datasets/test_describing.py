import pytest

from eegsnn.datasets import describe, list_datasets, read_manifest
from eegsnn.errors import ConfigurationError


@pytest.mark.parametrize("name", list_datasets())
def test_says_all_that_a_user_must_know(name):
    manifest = read_manifest(name)
    text = " ".join(describe(name).split())
    for part in (manifest.title, manifest.licence, manifest.homepage, manifest.protocol.kind):
        assert part in text
    for part in (*manifest.traps, *(repair.description for repair in manifest.repairs)):
        assert " ".join(part.split()) in text
    assert all(entry.sha256 in text for entry in manifest.files)
    assert text.count(" source ") >= len(manifest.sources)


def test_unknown():
    with pytest.raises(ConfigurationError, match="Unknown data set 'nothing'"):
        describe("nothing")
