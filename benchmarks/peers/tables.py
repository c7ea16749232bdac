"""The results as a page of tables and as a plot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import protocol

matplotlib.use("Agg")
import matplotlib.pyplot as plt

OURS = "eegsnn"
Records = dict[tuple[str, str], dict[str, Any]]
"""Measure and library → what was measured, or an ``error``."""

# What each time is held to, as a multiple of the fastest other library's.
GOALS = {
    "product": 1.3,
    "training_step": 0.5,
    "lif_250": 1.0,
    "synaptic_250": 1.0,
    "alif_250": 1.0,
    "rlif_250": 1.0,
}
LINEAR_GOAL = 4.6  # T = 1000 over T = 250


def median(records: Records, measure: str, library: str) -> float | None:
    value = records.get((measure, library), {}).get("median_ms")
    return None if value is None else float(value)


def fastest_peer(records: Records, measure: str, libraries: list[str]) -> tuple[str, float] | None:
    """Library that ours is compared with, and its time; a product is compared with NumPy's."""
    if measure == "product":
        libraries = ["numpy"]
    times = [
        (time, library)
        for library in libraries
        if library != OURS and (time := median(records, measure, library)) is not None
    ]
    if not times:
        return None
    time, library = min(times)
    return library, time


def page(records: Records, libraries: list[str], machine: str) -> str:
    """Everything measured, in Markdown."""
    versions = {
        package: version
        for record in records.values()
        for package, version in record.get("versions", {}).items()
    }
    lines = [
        "# Times and memory beside other libraries",
        "",
        f"Made by `benchmarks/peers/run.py` on {machine}, one process for each number, one after "
        "the other.",
        "Versions: " + ", ".join(f"{name} {versions[name]}" for name in sorted(versions)) + ".",
        "",
        *_times(records, libraries),
        "",
        *_linearity(records, libraries),
        "",
        *_memory(records, libraries),
        *_failures(records),
    ]
    return "\n".join(lines) + "\n"


def _times(records: Records, libraries: list[str]) -> list[str]:
    lines = [
        "## Time",
        "",
        "Median in milliseconds, the fastest of each row in bold. A library on PyTorch was run on "
        "all threads and on one; the better of the two is shown. The last columns divide our time "
        "by the fastest other library's (for the product, by NumPy's).",
        "",
        _row(["", *libraries, "ratio", "goal"]),
        _row(["---"] + ["---:"] * (len(libraries) + 2)),
    ]
    for measure, title in protocol.MEASURES.items():
        times = {library: median(records, measure, library) for library in libraries}
        known = [time for time in times.values() if time is not None]
        if not known:
            continue
        cells = [title]
        for time in times.values():
            text = "–" if time is None else _digits(time)
            cells.append(f"**{text}**" if time == min(known) else text)
        peer, ours = fastest_peer(records, measure, libraries), times.get(OURS)
        cells.append("–" if peer is None or ours is None else f"{ours / peer[1]:.2f} × {peer[0]}")
        cells.append(f"≤ {GOALS[measure]}" if measure in GOALS else "")
        lines.append(_row(cells))
    return lines


def _linearity(records: Records, libraries: list[str]) -> list[str]:
    cells = []
    for library in libraries:
        short, long = (median(records, name, library) for name in ("lif_250", "lif_1000"))
        cells.append("–" if not short or not long else f"{long / short:.1f}")
    return [
        "## Growth with the number of steps",
        "",
        f"LIF, time at T = 1000 over that at T = 250; linear is 4, the goal ≤ {LINEAR_GOAL}.",
        "",
        _row(libraries),
        _row(["---:"] * len(libraries)),
        _row(cells),
    ]


def _memory(records: Records, libraries: list[str]) -> list[str]:
    lines = [
        "## Peak memory",
        "",
        "In MB: growth of the process from after its imports to its peak (and that peak).",
        "",
        _row(["", *libraries]),
        _row(["---"] + ["---:"] * len(libraries)),
    ]
    for measure in ("training_step", "lif_1000"):
        cells = [protocol.MEASURES[measure]]
        for library in libraries:
            record = records.get((measure, library), {})
            known = "memory_mb" in record
            text = f"{record['memory_mb']:.0f} ({record['memory_total_mb']:.0f})" if known else "–"
            cells.append(text)
        lines.append(_row(cells))
    return lines


def _failures(records: Records) -> list[str]:
    failed = [
        f"- {library}, {measure}: {record['error']}"
        for (measure, library), record in sorted(records.items())
        if "error" in record
    ]
    return ["", "## Not measured", "", *failed] if failed else []


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _digits(time: float) -> str:
    return f"{time:.2f}" if time < 10 else f"{time:.1f}" if time < 100 else f"{time:.0f}"


def plot(records: Records, libraries: list[str], path: Path) -> None:
    """Time of every library over ours, one row a measure."""
    measures = [name for name in protocol.MEASURES if median(records, name, OURS)]
    if not measures:
        return
    figure, axes = plt.subplots(figsize=(8.5, 1.2 + 0.42 * len(measures)), layout="constrained")
    markers = dict(zip(libraries, "osD^vP*X", strict=False))
    for number, library in enumerate(libraries):
        if library == OURS:
            continue
        ratios = [
            (row, time / median(records, name, OURS))
            for row, name in enumerate(measures)
            if (time := median(records, name, library)) is not None
        ]
        rows, values = zip(*ratios, strict=True) if ratios else ((), ())
        axes.plot(values, rows, markers[library], color=f"C{number}", markersize=7, label=library)
    axes.axvline(1.0, color="black", linewidth=1)
    axes.text(1.0, -0.75, " eegsnn", va="center", fontsize=9)
    axes.set_xscale("log")
    axes.set_ylim(len(measures) - 0.5, -1.0)
    axes.set_yticks(range(len(measures)), [protocol.MEASURES[name] for name in measures])
    axes.set_xlabel("time divided by that of eegsnn (right of the line: slower than eegsnn)")
    axes.grid(axis="x", which="both", alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    figure.savefig(path, dpi=150)
    plt.close(figure)
