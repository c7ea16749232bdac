"""Read a pipeline file: every mistake is one line that names the file, the key and the remedy."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

import eegsnn
from eegsnn._validation import check_choice, suggestion
from eegsnn.errors import ConfigurationError, EegsnnError
from eegsnn.pipeline.schema import PipelineConfig


def read_pipeline(
    name_or_path: str | Path, overrides: Sequence[str] = (), baselines: Sequence[str] = ()
) -> PipelineConfig:
    """Read and check a pipeline file, without touching its data.

    Parameters
    ----------
    name_or_path : str or Path
        A TOML file, or the name of a pipeline that comes with the package (``"scp1"``).
    overrides : sequence of str
        ``"section.key=value"``, the value written as in TOML (a bare word counts as text):
        ``"training.max_epochs=5"``, ``"network.hidden=[32, 32]"``.
    baselines : sequence of str
        Names of baselines to run beside those of the file, with their default parameters; one
        that the file has with its default parameters already is not run twice.

    Returns
    -------
    PipelineConfig

    Raises
    ------
    ConfigurationError
        If the file is missing or not TOML; a key is unknown (the nearest is suggested); a value
        is of the wrong type or impossible. One line each.
    """
    path = find_pipeline(name_or_path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: not a TOML file: {error}.") from error
    for text in overrides:
        _override(content, text)
    for name in baselines:
        _add_baseline(content, name)
    return parse_pipeline(content, path)


def parse_pipeline(content: dict[str, Any], source: str | Path = "pipeline.toml") -> PipelineConfig:
    """Check the content of a pipeline file that is at hand as a dictionary.

    Parameters
    ----------
    content : dict
    source : path
        What messages call the file.

    Raises
    ------
    ConfigurationError
        As for :func:`read_pipeline`.
    """
    from eegsnn.pipeline.checks import check_sections

    source = Path(source)
    if "reader" in content and "data" not in content:
        raise ConfigurationError(
            f"{source.name}: this describes a data set; a pipeline file names it as [data] name = "
            f"{source.name!r}. `eegsnn datasets info` shows what it holds."
        )
    try:
        config = PipelineConfig.model_validate(content)
    except ValidationError as error:
        raise ConfigurationError(f"{source.name}: {_first_problem(error)}") from None
    config._source = source
    for data in filter(None, (config.data, config.test_data)):
        beside = source.parent / data.name
        if data.name.endswith(".toml") and beside.is_file():
            # Absolute, so that the copy of the settings in a result folder still finds it.
            data.name = str(beside.resolve())
    try:
        check_sections(config)
    except EegsnnError as error:
        raise ConfigurationError(f"{source.name}: {error}") from error
    return config


def shipped_pipelines() -> dict[str, Path]:
    """Return the pipelines that come with the package: name → file."""
    package = Path(eegsnn.__file__).resolve().parent
    folder = package.parent / "pipelines"
    # An unrelated folder of that name beside an installed package is not a checkout's.
    if not folder.is_dir() or not (package.parent / "pyproject.toml").is_file():
        folder = package / "_shipped" / "pipelines"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def find_pipeline(name_or_path: str | Path) -> Path:
    """Return the file that a path or the name of a shipped pipeline stands for.

    Raises
    ------
    ConfigurationError
        If there is none; the nearest name is suggested and the known ones are listed.
    """
    path = Path(name_or_path)
    if path.is_file():
        return path
    shipped = shipped_pipelines()
    # A path to a checkout's pipelines works from anywhere: the name in it is enough.
    found = shipped.get(path.stem if path.suffix == ".toml" else str(name_or_path))
    if found is not None and (path.suffix != ".toml" or path.parent.name in ("", "pipelines")):
        return found
    raise ConfigurationError(
        f"{name_or_path}: no such pipeline file, and no pipeline of that name."
        f"{suggestion(path.stem, shipped)} Pipelines: {', '.join(shipped) or 'none'}."
    )


def _override(content: dict[str, Any], text: str) -> None:
    target, equals, value = text.partition("=")
    keys = [key.strip() for key in target.split(".")]
    if not equals or not all(keys):
        raise ConfigurationError(f"--set: expected section.key=value, but got {text!r}.")
    try:
        parsed = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        parsed = value.strip()
    table: Any = content
    for key in keys[:-1]:
        table = table.setdefault(key, {})
        if not isinstance(table, dict):
            raise ConfigurationError(f"--set {text}: {key!r} is not a table, so it has no keys.")
    table[keys[-1]] = parsed


def _add_baseline(content: dict[str, Any], name: str) -> None:
    from eegsnn.evaluation import BASELINES

    check_choice("--add-baseline", name, BASELINES)
    there = content.setdefault("baselines", [])
    # Anything but a list is refused with the rest of the file.
    if isinstance(there, list) and {"name": name} not in there:
        there.append({"name": name})


def _first_problem(error: ValidationError) -> str:
    """One line for the first thing that pydantic found, in this package's words."""
    problems = error.errors()
    # A misspelt key is also a missing one: what was written says more than what was not.
    first = next((one for one in problems if one["type"] == "extra_forbidden"), problems[0])
    where = _where(first["loc"])
    if first["type"] == "extra_forbidden":
        allowed = list(_fields_at(first["loc"][:-1]))
        line = (
            f"{where}: unknown key.{suggestion(str(first['loc'][-1]), allowed)} "
            f"Allowed: {', '.join(allowed)}. Got {first['input']!r}."
        )
    elif first["type"] == "missing":
        fields = _fields_at(first["loc"][:-1])
        field = fields.get(str(first["loc"][-1]))
        what = (field.description if field is not None else None) or "this section"
        line = f"{where}: missing; expected {what}."
    else:
        line = f"{where}: expected {_expected(first['loc'])}, but got {first['input']!r}."
    more = len(problems) - 1
    return line + (f" ({more} more problem{'s' if more > 1 else ''}.)" if more else "")


def _where(location: tuple[int | str, ...]) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _fields_at(location: Iterable[int | str]) -> dict[str, Any]:
    """Return the fields of the section that a location leads to."""
    fields: dict[str, Any] = dict(PipelineConfig.model_fields)
    for part in location:
        if isinstance(part, int):
            continue
        field = fields.get(str(part))
        if field is None:
            return {}
        inner = getattr(field.annotation, "__args__", (field.annotation,))[0]
        fields = dict(getattr(inner, "model_fields", {}))
    return fields


def _expected(location: tuple[int | str, ...]) -> str:
    names = [part for part in location if not isinstance(part, int)]
    fields: dict[str, Any] = dict(PipelineConfig.model_fields)
    expected = "a table"
    for name in names:
        field = fields.get(str(name))
        if field is None:
            break
        expected = field.description or "a table"
        inner = getattr(field.annotation, "__args__", (field.annotation,))[0]
        fields = dict(getattr(inner, "model_fields", {}))
    return expected
