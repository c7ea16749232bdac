"""Measure eegsnn beside the other libraries for spiking networks, and write table and plot.

    python benchmarks/peers/run.py [--libraries …] [--measures …] [--repeats 20]
        [--environments ~/.cache/eegsnn-peers] [--torch-requirement torch==2.13.0]

Sets up an environment for each peer, once, then starts one process for each library and measure,
one after the other: nothing else should run on the machine. Every process prints a line of JSON;
the lines are kept in ``benchmarks/results/peers.jsonl``, where a later run of some of the measures
replaces just those, and give ``peers.md`` and ``peers.png`` beside it. ``--only-table`` writes
these two again without measuring.

eegsnn and NumPy are measured in the environment that runs this script; it needs matplotlib.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import protocol
from environments import PEERS, python_of
from tables import OURS, Records, page, plot

HERE = Path(__file__).resolve().parent
RESULTS = HERE.parent / "results"
CACHE = Path.home() / ".cache" / "eegsnn-peers"
LIBRARIES = [OURS, "numpy", *PEERS]
TIME_LIMIT = 1200.0


def main() -> None:
    options = arguments()
    kept = options.results / "peers.jsonl"
    records = read(kept)
    if not options.only_table:
        pythons = {name: interpreter(name, options) for name in options.libraries}
        can = {name: measures_of(python, name) for name, python in pythons.items()}
        for measure in options.measures:
            for name in options.libraries:
                if measure not in can[name]:
                    continue
                records[measure, name] = best_run(pythons[name], name, measure, options.repeats)
                tell(measure, name, records[measure, name])
                write(kept, records)
    shown = [name for name in LIBRARIES if any(library == name for _, library in records)]
    (options.results / "peers.md").write_text(page(records, shown, machine()), encoding="utf-8")
    plot(records, shown, options.results / "peers.png")
    print(f"wrote {options.results}/peers.jsonl, peers.md and peers.png")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--libraries", nargs="+", choices=LIBRARIES, default=LIBRARIES)
    parser.add_argument(
        "--measures", nargs="+", choices=list(protocol.MEASURES), default=list(protocol.MEASURES)
    )
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--environments", type=Path, default=CACHE, help="folder for the peers'")
    parser.add_argument(
        "--torch-requirement", default="torch", help="which torch pip is to install"
    )
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--only-table", action="store_true")
    options = parser.parse_args()
    options.results.mkdir(parents=True, exist_ok=True)
    return options


def interpreter(name: str, options: argparse.Namespace) -> Path:
    if name not in PEERS:
        return Path(sys.executable)
    return python_of(name, options.environments, options.torch_requirement)


def measures_of(python: Path, name: str) -> list[str]:
    """Measures that a library can do; none, with a word about it, if its script does not start."""
    done = subprocess.run(
        [str(python), str(script(name)), "--list"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        print(f"{name} is left out: {script(name).name} does not start: {last}", file=sys.stderr)
        return []
    return json.loads(done.stdout.splitlines()[-1])


def best_run(python: Path, name: str, measure: str, repeats: int) -> dict[str, Any]:
    """Measure with every number of threads that is worth a try; the fastest counts."""
    counts = PEERS[name].thread_counts if name in PEERS else (None,)
    runs = [run(python, name, measure, repeats, count) for count in counts]
    measured = [result for result in runs if "error" not in result]
    return min(measured, key=lambda result: result["median_ms"]) if measured else runs[0]


def run(python: Path, name: str, measure: str, repeats: int, threads: int | None) -> dict[str, Any]:
    environment = dict(os.environ)
    if threads is not None:
        environment["OMP_NUM_THREADS"] = str(threads)
    command = [str(python), str(script(name)), "--measure", measure, "--repeats", str(repeats)]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            timeout=TIME_LIMIT,
        )
    except subprocess.TimeoutExpired:
        return {"error": f"took more than {TIME_LIMIT:.0f} s"}
    if done.returncode:
        return {"error": (done.stderr.strip().splitlines() or ["no message"])[-1]}
    return {**json.loads(done.stdout.splitlines()[-1]), "threads": threads or "all"}


def script(name: str) -> Path:
    return HERE / f"measure_{name}.py"


def tell(measure: str, name: str, record: dict[str, Any]) -> None:
    text = record.get("error") or f"{record['median_ms']:10.2f} ms  {record['memory_mb']:8.1f} MB"
    print(f"{measure:16s} {name:14s} {text}", flush=True)


def read(path: Path) -> Records:
    if not path.exists():
        return {}
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {(line["row"], line["column"]): line["record"] for line in lines}


def write(path: Path, records: Records) -> None:
    lines = [
        json.dumps({"row": measure, "column": name, "record": record})
        for (measure, name), record in records.items()
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def machine() -> str:
    """Processor, cores and system, as far as the machine tells."""
    processor = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        names = [
            line.partition(":")[2].strip()
            for line in information.read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ]
        processor = names[0] if names else processor
    return f"{processor}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"


if __name__ == "__main__":
    main()
