"""Where code that is not this package's is from: a version if it is installed, else its sources."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import sys
from collections.abc import Iterator
from functools import cache
from itertools import accumulate, chain
from pathlib import Path


def origin(module: str, file: str | None) -> str:
    """Tell one state of a module from another.

    Parameters
    ----------
    module : str
        Its name.
    file : str or None
        Where its source is; None for what has none, such as an interactive session.

    Returns
    -------
    str
        The version of an installed package; for other files a SHA-256 over the source and, in
        turn, over those that it imports and that are not installed either. Empty where nothing is
        known, and for this package, whose sources are hashed as a whole.
    """
    top = module.partition(".")[0]
    if top == "eegsnn" or file is None or not Path(file).is_file():
        return ""
    if _is_installed(file):
        return str(getattr(sys.modules.get(top), "__version__", ""))
    digest = hashlib.sha256()
    for path in sorted(_with_imports(module, Path(file))):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _is_installed(file: str) -> bool:
    return "site-packages" in file or file.startswith(sys.base_prefix)


def _with_imports(module: str, file: Path) -> set[Path]:
    """Return the files of a module and of what it imports, as far as they are not installed."""
    found: set[Path] = set()
    waiting = [(module, file.resolve())]
    while waiting:
        name, path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        for imported in _imported(path, _package(name, path), path.stat().st_mtime_ns):
            own = _own_file(imported, path)
            if own is not None:
                waiting.append((imported, own))
    return found


def _package(name: str, path: Path) -> str:
    loaded = getattr(sys.modules.get(name), "__package__", None)
    if loaded:
        return str(loaded)
    return name if path.name == "__init__.py" else name.rpartition(".")[0]


@cache
def _imported(path: Path, package: str, changed: int) -> tuple[str, ...]:
    """Return the names of all that may be a module in the imports of a file, as it is by now."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return ()
    # Of a.b.c, a and a.b are run too.
    prefixes = (accumulate(name.split("."), "{}.{}".format) for name in _names(tree, package))
    return tuple(dict.fromkeys(chain.from_iterable(prefixes)))


def _names(tree: ast.Module, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            home = node.module or ""
            if node.level:
                try:
                    home = importlib.util.resolve_name("." * node.level + home, package)
                except ImportError:  # a script that could not be imported so
                    continue
            yield home
            yield from (f"{home}.{alias.name}" for alias in node.names)


def _own_file(name: str, beside: Path) -> Path | None:
    """Return the file of a module that is not installed: loaded, or lying beside its user."""
    if name.partition(".")[0] == "eegsnn":
        return None
    file = getattr(sys.modules.get(name), "__file__", None)
    if file is None and name not in sys.modules:
        root = beside.parent
        while (root / "__init__.py").is_file():
            root = root.parent
        stems = [folder.joinpath(*name.split(".")) for folder in (beside.parent, root)]
        places = [place for stem in stems for place in (Path(f"{stem}.py"), stem / "__init__.py")]
        file = next((str(place) for place in places if place.is_file()), None)
    if file is None or _is_installed(file) or not file.endswith(".py"):
        return None
    path = Path(file).resolve()
    return path if path.is_file() else None
