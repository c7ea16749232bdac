"""Write settings as TOML, which the standard library only reads."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from eegsnn.errors import ConfigurationError


def to_toml(content: Mapping[str, Any]) -> str:
    """Return a mapping as TOML: plain values first, then tables, then lists of tables.

    Parameters
    ----------
    content : mapping
        Text, numbers, booleans, lists and mappings; entries that are None are left out, because
        TOML has no word for them.

    Raises
    ------
    ConfigurationError
        If a value is of another type.

    Examples
    --------
    >>> print(to_toml({"title": "A", "data": {"name": "B", "options": {"runs": [4, 8]}}}))
    title = "A"
    <BLANKLINE>
    [data]
    name = "B"
    options = { runs = [4, 8] }
    """
    plain = [
        f"{_key(key)} = {_value(value)}"
        for key, value in content.items()
        if value is not None and not isinstance(value, Mapping) and not _is_tables(value)
    ]
    blocks = ["\n".join(plain)] if plain else []
    for key, value in content.items():
        if isinstance(value, Mapping):
            blocks.append(_table(f"[{_key(key)}]", value))
        elif _is_tables(value):
            blocks += [_table(f"[[{_key(key)}]]", table) for table in value]
    return "\n\n".join(blocks) + "\n"


def _table(head: str, content: Mapping[str, Any]) -> str:
    lines = [f"{_key(k)} = {_value(v)}" for k, v in content.items() if v is not None]
    return "\n".join([head, *lines])


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, Mapping) for v in value)


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _quoted(key)


def _quoted(text: str) -> str:
    # JSON's escapes are TOML's, but for DEL, which TOML wants escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if math.isfinite(value):
            return repr(value)
        return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(v) for v in value)}]"
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items() if v is not None)
        return f"{{ {inner} }}" if inner else "{}"
    raise ConfigurationError(f"A TOML file cannot hold {value!r} ({type(value).__name__}).")
