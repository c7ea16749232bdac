"""Which of this package's source files a model's scores depend on, read off its imports.

In a checkout the version stays while the code changes, so that sources are part of what a finished
run is kept under. All of them would be too many: then a comma in a report would throw away a
night's runs. What a model depends on is what its module imports, and what that imports, and so on.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import eegsnn

_ROOT = Path(eegsnn.__file__).parent

# Rooms that cannot change a score: what is shown, and what makes data sets and settings, which are
# hashed themselves.
_WITHOUT_EFFECT = {
    "cli",
    "datasets",
    "exchange",
    "functional",
    "pipeline",
    "plots",
    "recordings",
    "reports",
    "study",
}

# Nor can what adds records up, or writes models to files (and knows every model for that).
_AFTERWARDS = {
    f"eegsnn.evaluation.{name}"
    for name in (
        "breakdown",
        "calibration",
        "comparison",
        "intervals",
        "paired_tests",
        "pooling",
        "results",
        "verdict",
    )
} | {"eegsnn.estimators.model_files", "eegsnn.estimators.persistence"}

# Every model is fitted and scored by these; the second acts by being imported.
_ALWAYS = ("eegsnn.evaluation.folds", "eegsnn.backend")


def source_hash(estimator: Any = None) -> str:
    """Return a SHA-256 over the sources that an estimator's scores depend on.

    Parameters
    ----------
    estimator : estimator, optional
        Estimators among its parameters count too. All that can change a score if not given.
    """
    if estimator is None:
        return _whole_hash()
    return _hash_of(closure([*_module_names(estimator), *_ALWAYS]))


@cache
def _whole_hash() -> str:
    # Once: every job that goes to a worker carries it, and is compared with it there.
    return _hash_of({name for name in _modules() if _counts(name)})


def _hash_of(modules: set[str]) -> str:
    digest = hashlib.sha256()
    for name in sorted(modules):
        digest.update(name.encode())
        digest.update(_content(name))
    return digest.hexdigest()


def closure(names: Iterable[str]) -> set[str]:
    """Return those of these modules, and of what they import, that can change a score."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found and name in _modules() and _counts(name):
            found.add(name)
            waiting.extend(_imports(name))
    return found


def _counts(name: str) -> bool:
    parts = name.split(".")
    return name not in _AFTERWARDS and (len(parts) < 2 or parts[1] not in _WITHOUT_EFFECT)


def _module_names(estimator: Any) -> Iterator[str]:
    """Yield the modules of an estimator's class, its bases, and of all within its parameters."""
    if isinstance(estimator, list | tuple):
        for item in estimator:
            yield from _module_names(item)
    elif isinstance(estimator, dict):
        yield from _module_names(list(estimator.values()))
    elif hasattr(estimator, "get_params") and not isinstance(estimator, type):
        yield from (cls.__module__ for cls in type(estimator).__mro__)
        yield from _module_names(list(estimator.get_params(deep=False).values()))
    else:
        yield str(getattr(estimator, "__module__", ""))


@cache
def _modules() -> dict[str, Path]:
    """Return the name and file of every module of this package."""
    found = {}
    for path in _ROOT.rglob("*.py"):
        parts = path.relative_to(_ROOT.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def _content(name: str) -> bytes:
    # Read once: what is edited while a process runs does not change what the process does.
    return _modules()[name].read_bytes()


@cache
def _tree(name: str) -> ast.Module:
    return ast.parse(_content(name))


@cache
def _imports(name: str) -> frozenset[str]:
    """Return the modules of this package that a module's own lines import, wherever they stand."""
    found: set[str] = set()
    for node in ast.walk(_tree(name)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                found |= _homes(node.module, alias.name)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            # import_module(f"eegsnn.kernels.{…}"): which one is not known, so all of that room.
            room = ".".join(node.value.split(".")[:2])
            if node.value.startswith("eegsnn.") and room in _modules():
                found |= _room(room)
    return frozenset(found)


def _homes(module: str, name: str) -> set[str]:
    """Return where a name comes from: packages pass names on from the modules in them."""
    if module.split(".")[0] != "eegsnn":
        return set()
    if f"{module}.{name}" in _modules():
        return {f"{module}.{name}"}
    if module not in _modules() or _modules()[module].name != "__init__.py":
        return {module}
    for node in _tree(module).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return _homes(node.module, alias.name)
    return _room(module)


def _room(name: str) -> set[str]:
    return {other for other in _modules() if other == name or other.startswith(f"{name}.")}
