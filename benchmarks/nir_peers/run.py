"""NIR between this package and its peers, both ways: one command, one table.

    python benchmarks/nir_peers/run.py --environments DIR [--peers snntorch …] [--torch REQUIREMENT]

Every peer writes graphs of its own networks in its own environment (made in DIR if it is not there
yet), with inputs and the outputs that it computes. They are read here and run on the same inputs.
Then graphs written here are run by every peer. Spikes count as exact when all are equal,
membranes when they differ by rounding alone.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import mlx.core as mx
import nir
import numpy as np
from faults import fault_of
from protocol import DT, N, case_name, currents, save
from repairs import REPAIRS

from eegsnn.errors import EegsnnError
from eegsnn.exchange import Convention, from_nir, read_graph, to_nir
from eegsnn.layers import AvgPool2d, Conv2d, Flatten, Linear, Residual, Sequential, SumPool2d
from eegsnn.neurons import IF, Leaky, LeakyIntegrator, ParametricLeaky, RLeaky, RSynaptic, Synaptic

# What plain NIR cannot say: other spikes there are nobody's fault.
READ_OTHERWISE = {
    "LIF (subtract, in metadata)": "NIR has no such reset; the metadata that say it are not read"
}

HERE = Path(__file__).parent
TORCH = "torch"  # stands for the requirement given on the command line

# What pip is to install, call by call; torch by itself first, so that nothing pulls in another.
_NIR = ("nir==1.0.8", "nirtorch", "numpy", "scipy", "h5py")
PEERS: dict[str, tuple[tuple[str, ...], ...]] = {
    "snntorch": ((TORCH,), _NIR, ("--no-deps", "snntorch==1.0.0")),
    "norse": ((TORCH,), _NIR, ("--no-deps", "norse==1.1.0")),
    "spikingjelly": (
        (TORCH,),
        (*_NIR, "tqdm", "packaging", "loguru"),
        ("--no-deps", "spikingjelly==2.0.0"),
    ),
    "spyx": (("spyx==1.0.0", "nir==1.0.8"),),
    "sinabs": ((TORCH,), ("sinabs==3.1.3",)),
    "rockpool": ((TORCH,), ("rockpool==3.1.0", *_NIR)),
}

# What NIR leaves open, and each library does in its own way.
_SUBTRACT = Convention(reset="subtract")
CONVENTIONS: dict[str, Convention] = {
    "snntorch": Convention(reset="subtract", reset_delay=True),
    "spyx": Convention(reset="subtract", reset_delay=True),
    "sinabs": Convention(reset="subtract", decay="exponential"),
    "rockpool": Convention(reset="subtract", decay="exponential"),
}
# Where one layer of a library has another reset than its others.
BY_CASE: dict[tuple[str, str], Convention] = {
    ("snntorch", "Linear, Leaky (zero)"): Convention(),
    ("snntorch", "Linear, Leaky (none)"): Convention(reset="none"),
    ("spyx", "Linear, CuBaLIF"): _SUBTRACT,
}


def python_of(peer: str, folder: Path, torch: str) -> Path:
    """Python of a peer's environment; made if it is not there yet."""
    root = folder / f"venv_nir_{peer}"
    python = root / "bin" / "python"
    done = root / "complete"
    if done.exists():
        return python
    print(f"setting up {peer} in {root}", file=sys.stderr)
    venv.create(root, with_pip=True)
    for install in PEERS[peer]:
        wanted = [torch if part == TORCH else part for part in install]
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *wanted], check=True)
    done.touch()
    return python


def write_ours(folder: Path) -> dict[str, np.ndarray]:
    """Networks of this package as NIR files, and what they compute."""
    keys = iter(mx.random.split(mx.random.key(0), 40))
    dense = lambda: Linear(N, N, key=next(keys))  # noqa: E731
    each = np.linspace(0.5, 0.95, N).astype(np.float32)
    zero = {"reset_mechanism": "zero", "reset_delay": False}
    hard = {**zero, "threshold": 0.5}
    image = lambda pool, flat: Sequential(  # noqa: E731
        Conv2d(2, 4, 3, padding=1, key=next(keys)),
        Leaky(0.8, **{**hard, "threshold": 0.3}),
        pool,
        Flatten(),
        Linear(flat, N, key=next(keys)),
        Leaky(0.8, **hard),
    )
    models = {
        "LIF (zero)": Sequential(dense(), Leaky(0.8, **hard)),
        "LIF (zero), per neuron": Sequential(dense(), Leaky(each, **hard)),
        "LIF with r = 1 (zero)": Sequential(
            dense(), ParametricLeaky(3.0, 0.3, learn_tau=False, **zero)
        ),
        "IF (zero)": Sequential(dense(), IF(**hard)),
        "LI": Sequential(dense(), LeakyIntegrator(0.9)),
        "CubaLIF (zero)": Sequential(dense(), Synaptic(0.6, 0.8, **zero)),
        "recurrent LIF (zero)": Sequential(
            dense(), RLeaky(0.8, linear_features=N, key=next(keys), **hard)
        ),
        "recurrent CubaLIF (zero)": Sequential(
            dense(), RSynaptic(0.6, 0.8, linear_features=N, key=next(keys), **zero)
        ),
        "recurrent LIF (zero), no bias": without_bias(
            dense(), RLeaky(0.8, linear_features=N, key=next(keys), **hard)
        ),
        "LIF (subtract, in metadata)": Sequential(dense(), Leaky(0.8)),
        "LIF (subtract, as nodes)": Sequential(dense(), Leaky(0.8)),
        "LI, Threshold (no reset)": Sequential(dense(), Leaky(0.8, reset_mechanism="none")),
        "branch (residual)": Sequential(dense(), Residual(dense(), Leaky(0.8, **hard)), dense()),
        "Conv2d, AvgPool2d, Flatten": image(AvgPool2d(2), 48),
        "Conv2d, SumPool2d, Flatten": image(SumPool2d(2), 48),
    }
    outputs = {}
    for kinds, model in models.items():
        is_image = kinds.startswith("Conv")
        x = currents(*((2, 6, 8) if is_image else (N,)), scale=2.0)
        path = save(folder, kinds, x, None, DT)
        features = (6, 8, 2) if is_image else N
        reset = "loop" if "as nodes" in kinds else "metadata"
        to_nir(model, path, dt=DT, features=features, reset=reset)
        outputs[kinds] = np.array(model.run(mx.array(last(x)))[0])
    return outputs


def without_bias(first: Linear, recurrent: RLeaky) -> Sequential:
    recurrent.recurrent_bias = np.zeros(N)
    return Sequential(first, recurrent)


def last(x: np.ndarray) -> np.ndarray:
    return np.moveaxis(x, 2, -1) if x.ndim > 3 else x


def verdict(ours: np.ndarray, theirs: np.ndarray) -> str:
    """``exact``, or in which share of the values the two differ."""
    if ours.shape != theirs.shape:
        return f"shape {theirs.shape} for {ours.shape}"
    tolerance = 1e-5 * max(float(np.abs(ours).max(initial=0)), 1.0)
    share = float(np.mean(~(np.abs(ours - theirs) <= tolerance)))
    return "exact" if share == 0 else f"{share:.1%} differ"


def run_here(graph: nir.NIRGraph, arrays: dict, dt: float, convention: Convention) -> str:
    """Verdict on a graph that a peer wrote."""
    try:
        model = from_nir(graph, dt, convention=convention)
        return verdict(arrays["y"], np.array(model.run(mx.array(last(arrays["x"])))[0]))
    except EegsnnError as error:
        return f"refused: {error}"


def read_theirs(peer: str, folder: Path) -> list[tuple[str, str]]:
    """Run every graph of a peer here; where its file is wrong, as it is and put right."""
    rows = []
    for described in sorted(folder.glob("*.json")):
        case = json.loads(described.read_text(encoding="utf-8"))
        kinds, dt = case["kinds"], case["dt"]
        if described.with_suffix(".txt").exists():
            continue
        arrays = np.load(described.with_suffix(".npz"))
        convention = BY_CASE.get((peer, kinds), CONVENTIONS.get(peer, Convention()))
        graph = read_graph(described.with_suffix(".nir"))
        found = run_here(graph, arrays, dt, convention)
        if found != "exact" and peer in REPAIRS:
            graph, told = REPAIRS[peer](read_graph(described.with_suffix(".nir")), dt)
            put_right = run_here(graph, arrays, dt, convention)
            found = f"the file's fault ({found} as written): {told}; so read {put_right}"
        rows.append((kinds, found))
    for failed in sorted(folder.glob("*.txt")):
        kinds, _, error = failed.read_text(encoding="utf-8").partition("\n")
        rows.append((kinds, f"cannot be written by it: {error}"))
    return rows


def compare_read(peer: str, folder: Path, outputs: dict[str, np.ndarray]) -> list[tuple[str, str]]:
    """What a peer made of the graphs written here."""
    rows = []
    for kinds, ours in outputs.items():
        found = folder / case_name(kinds)
        if found.with_suffix(".npy").exists():
            told = verdict(ours, np.load(found.with_suffix(".npy")))
        else:
            error = found.with_suffix(".txt").read_text(encoding="utf-8")
            refuses = error.startswith(("NotImplementedError", "ValueError", "AssertionError"))
            told = f"{'refused' if refuses else 'fails'}: {error}"
        fault = "" if told.startswith(("exact", "refused")) else fault_of(peer, kinds)
        if kinds in READ_OTHERWISE and fault:
            told = f"{told}: {READ_OTHERWISE[kinds]}"
        elif fault:
            told = f"the importer's fault ({told}): {fault}"
        rows.append((kinds, told))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--environments", type=Path, default=HERE / "environments")
    parser.add_argument("--peers", nargs="+", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--torch", default="torch", help="pip requirement of a CPU build")
    parser.add_argument("--out", type=Path, help="write the table to this file (Markdown)")
    arguments = parser.parse_args()
    lines = ["| peer | direction | node kinds | result |", "|---|---|---|---|"]
    work = Path(tempfile.mkdtemp())
    try:
        outputs = write_ours(work)
        for peer in arguments.peers:
            python = python_of(peer, arguments.environments, arguments.torch)
            theirs, back = work / peer, work / f"{peer}_back"
            theirs.mkdir()
            back.mkdir()
            script = [str(python), str(HERE / f"peer_{peer}.py")]
            for action in (["write", str(theirs)], ["read", str(work), str(back)]):
                subprocess.run([*script, *action], check=True, capture_output=True)
            for direction, rows in (
                ("there → here", read_theirs(peer, theirs)),
                ("here → there", compare_read(peer, back, outputs)),
            ):
                for kinds, found in rows:
                    told = found.replace("|", "/").replace("\n", " ")
                    lines.append(f"| {peer} | {direction} | {kinds} | {told} |")
                    print(lines[-1], flush=True)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if arguments.out is not None:
        arguments.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
