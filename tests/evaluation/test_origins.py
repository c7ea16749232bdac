"""What a model's own files import counts as its code, wherever the import stands."""

import sys
from importlib import import_module

import pytest
import sklearn

from eegsnn.evaluation.origins import origin

FILES = {
    "mine_model.py": "from mine_helpers import gain\ndef late():\n    import numpy, mine_late\n",
    "mine_helpers.py": "from mine_package.deep import value\ngain = value\n",
    "mine_late.py": "late = 1\n",
    "mine_package/__init__.py": "",
    "mine_package/deep.py": "from . import sibling\nfrom .sibling import value\n",
    "mine_package/sibling.py": "value = 1\ndef back():\n    import mine_model\n",
    "mine_stranger.py": "nobody = 'asks'\n",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("mine_")]:
        del sys.modules[name]


@pytest.mark.parametrize("loaded", [True, False])
@pytest.mark.parametrize("changed", sorted(FILES))
def test_a_change_in_what_is_imported_counts(folder, changed, loaded):
    if loaded:
        import_module("mine_helpers")
    model = str(folder / "mine_model.py")
    before = origin("mine_model", model)
    assert origin("mine_model", model) == before
    with (folder / changed).open("a") as stream:
        stream.write("# another\n")
    assert (origin("mine_model", model) == before) is (changed == "mine_stranger.py")


def test_what_is_installed_counts_by_its_version():
    assert origin("sklearn.linear_model", sklearn.__file__) == sklearn.__version__
    assert origin("eegsnn.evaluation", __file__) == ""
    assert origin("__main__", None) == ""
