"""The experiments of given decisions that the tests of evaluation use, too."""

import importlib.util
from pathlib import Path

_FILE = Path(__file__).parents[1] / "evaluation" / "conftest.py"
_spec = importlib.util.spec_from_file_location("evaluation_conftest", _FILE)
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
make_result = _module.make_result
