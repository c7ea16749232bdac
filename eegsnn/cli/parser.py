"""What can be typed, with examples."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module
from typing import Any

from eegsnn._version import __version__

_EXAMPLES = """\
examples:
  eegsnn run scp1                          run a pipeline that comes with eegsnn
  eegsnn run my.toml --seeds 0 1 --out results/mine
  eegsnn run scp1 --set training.max_epochs=20 --set network.hidden=[32]
  eegsnn predict results/eegmmidb recording.edf --step 0.5 --out decisions.csv
  eegsnn predict results/eegmmidb recording.edf --events T1,T2 --out decisions_annot.csv
  eegsnn encode recording.edf --bands alpha beta --method level_crossing --out spikes
  eegsnn datasets info SelfRegulationSCP1
  eegsnn nir export results/scp1 scp1.nir  write a trained network for other libraries
  EEGSNN_DATA=/my/copies eegsnn datasets fetch Bonn
"""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; ``parse_args`` gives a namespace whose ``command`` takes it."""
    parser = _parser(None, "eegsnn", "Classify EEG with spiking neural networks.", _EXAMPLES)
    parser.add_argument("--version", action="version", version=f"eegsnn {__version__}")
    parser.set_defaults(debug=False)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_run(commands)
    _add_predict(commands)
    _add_encode(commands)
    _add_convert(commands)
    _add_datasets(commands)
    _add_pipelines(commands)
    _add_nir(commands)
    versions = _parser(commands, "versions", "Show versions, device and matrix product.")
    versions.add_argument("--json", action="store_true", help="as JSON, for programs")
    versions.set_defaults(command=_lazy("versions", "show_versions"))
    return parser


def _add_run(commands: Any) -> None:
    run = _parser(
        commands,
        "run",
        "Run a pipeline: train and judge a network and its baselines, write a result folder.",
        "Finished folds are kept: after an interruption the same command goes on from there.\n\n"
        "examples:\n"
        "  eegsnn run scp1\n"
        "  eegsnn run pipelines/ssvep.toml --seeds 0 --set protocol.group=session\n"
        "  eegsnn run scp1 --add-baseline eegnet\n"
        "  eegsnn run ssvep --jobs 4\n"
        "  eegsnn run ssvep --backend dask --scheduler tcp://host:8786\n",
    )
    run.add_argument("file", metavar="FILE", help="pipeline file (TOML), or name of a shipped one")
    run.add_argument("--out", metavar="DIR", help="result folder (default: results/NAME)")
    run.add_argument(
        "--seeds", metavar="SEED", nargs="+", type=int, help="in place of the file's protocol.seeds"
    )
    run.add_argument(
        "--set",
        metavar="SECTION.KEY=VALUE",
        action="append",
        default=[],
        dest="overrides",
        help="replace a setting; the value as in TOML (may be given several times)",
    )
    run.add_argument(
        "--add-baseline",
        metavar="NAME",
        action="append",
        default=[],
        dest="added_baselines",
        help="run this baseline too, with its default settings, such as eegnet (may be given "
        "several times)",
    )
    run.add_argument(
        "--jobs",
        metavar="N",
        type=int,
        default=1,
        help="runs at a time, each in a process of its own; -1: as many as cores (default: 1)",
    )
    run.add_argument(
        "--backend",
        metavar="NAME",
        default="loky",
        help="where: loky (this machine) or dask (default: loky)",
    )
    run.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="of a Dask cluster, such as tcp://host:8786 (default: one started here)",
    )
    run.add_argument("--fresh", action="store_true", help="do not use folds finished earlier")
    run.add_argument("--quiet", action="store_true", help="show errors and warnings alone")
    run.set_defaults(command=_lazy("run", "run"))


def _add_predict(commands: Any) -> None:
    predict = _parser(
        commands,
        "predict",
        "Let a saved model decide about each window, or each event, of a recording.",
        "Output: a table (.csv), or annotations for MNE (name ending in _annot.csv, _annot.txt or\n"
        "_annot.fif); to the terminal as a table if --out is not given.\n\n"
        "examples:\n"
        "  eegsnn predict results/eegmmidb rest.edf --window 3 --step 0.5\n"
        "  eegsnn predict results/ssvep raw.fif --events raw-eve.fif --scale 1 --out out.csv\n",
    )
    predict.add_argument("model", metavar="MODEL", help="result folder of eegsnn run, or its model")
    predict.add_argument("recording", metavar="RECORDING", help="any file that MNE reads")
    predict.add_argument(
        "--window", type=float, metavar="S", help="seconds per decision (default: a training trial)"
    )
    predict.add_argument(
        "--step", type=float, metavar="S", help="seconds between windows (default: the window)"
    )
    predict.add_argument(
        "--events",
        metavar="EVENTS",
        help="decide at events: 'annotations', labels divided by commas, 'stim' or 'stim:NAME' "
        "for a stimulus channel, 'bids' or 'bids:COLUMN' for _events.tsv, or a file of events "
        "or annotations (-eve.fif, .csv, .edf, …)",
    )
    predict.add_argument(
        "--resample", action="store_true", help="allow another sampling rate, and resample"
    )
    predict.add_argument(
        "--scale",
        type=float,
        metavar="X",
        help="multiply volts by X, for a model that was trained in arbitrary units",
    )
    predict.add_argument(
        "--estimate-missing",
        action="store_true",
        help="estimate channels that are missing from the others, a third of them at most",
    )
    predict.add_argument("--out", metavar="FILE", help="where to write the decisions")
    predict.set_defaults(command=_lazy("predict", "predict"))


def _add_convert(commands: Any) -> None:
    convert = _parser(
        commands,
        "convert",
        "Make a recording (FIF) of a table (.csv, .txt: a row per sample, a column per channel) or "
        "of streams (.xdf).",
        "examples:\n"
        "  eegsnn convert muse.csv --out S01_raw.fif\n"
        "  eegsnn convert openbci.txt --channels 'EXG Channel 0=C3' 'EXG Channel 1=C4' "
        "--out S01_raw.fif\n"
        "  eegsnn convert table.csv --sfreq 250 --unit V --events marker --out S01_raw.fif\n"
        "  eegsnn convert session.xdf --stream actiCHamp --out S01_raw.fif\n",
    )
    convert.add_argument(
        "file", metavar="FILE", help="text with a line of columns' names, or streams"
    )
    convert.add_argument("--out", metavar="FILE", required=True, help="name ending in _raw.fif")
    convert.add_argument(
        "--sfreq", type=float, metavar="HZ", help="sampling rate (default: by a column of times)"
    )
    convert.add_argument(
        "--unit", metavar="UNIT", help="uV, V, mV or nV (default: what streams say, or uV)"
    )
    convert.add_argument(
        "--channels",
        nargs="+",
        metavar="COLUMN",
        help="* stands for anything, COLUMN=NAME gives a name (default: columns that are called "
        "like electrodes; all channels of a stream)",
    )
    convert.add_argument(
        "--events",
        metavar="COLUMN",
        help="column of events (default: one called marker, event, trigger, stim or label), or "
        "stream of markers (default: all)",
    )
    convert.add_argument(
        "--stream", metavar="NAME", help="stream of signals (default: the one of type EEG)"
    )
    convert.set_defaults(command=_lazy("convert", "convert"))


def _add_encode(commands: Any) -> None:
    encode = _parser(
        commands,
        "encode",
        "Encode a recording into spikes per band: event lists, measures and a study report.",
        "Causal filters stream: memory does not grow with the recording. Zero-phase filters load\n"
        "all of it. The folder gets spikes.npz, spikes-eve.txt (MNE events; names of the codes in\n"
        "spikes.json), measures.csv and report.html. Stretches annotated as BAD count neither for\n"
        "scales nor for measures.\n\n"
        "examples:\n"
        "  eegsnn encode rest.edf --bands standard --method level_crossing --set threshold=0.25\n"
        "  eegsnn encode rest.edf --bands mu=8-13 beta --method bsa --phase zero --out spikes\n"
        "  eegsnn encode rest.edf --bands theta alpha --method theta=sigma_delta alpha=bsa \\\n"
        "      --set theta.threshold=4 --bad blank --formats npz annotations\n",
    )
    encode.add_argument("recording", metavar="RECORDING", help="any file that MNE reads")
    encode.add_argument(
        "--bands",
        metavar="BAND",
        nargs="+",
        default=["standard"],
        help="a set (standard, motor, …), or bands: alpha, mu=8-13 (default: standard)",
    )
    encode.add_argument(
        "--method",
        metavar="NAME",
        nargs="+",
        default=["level_crossing"],
        help="encoder (level_crossing), or one per band: theta=bsa alpha=sigma_delta",
    )
    encode.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        dest="settings",
        help="a setting of the encoder, such as threshold=0.25, or of one band's, such as "
        "alpha.threshold=0.25 (may be given several times)",
    )
    encode.add_argument("--phase", metavar="PHASE", default="causal", help="causal or zero")
    encode.add_argument("--order", metavar="N", type=int, default=4, help="of the filters (4)")
    encode.add_argument(
        "--picks", metavar="NAME", nargs="+", default=["eeg"], help="channel types or names (eeg)"
    )
    encode.add_argument(
        "--duplicates",
        metavar="WHAT",
        default="error",
        help="channels of the same name: error, or rename, which numbers them (default: error)",
    )
    encode.add_argument(
        "--scale",
        metavar="X",
        type=float,
        default=1.0,
        help="multiply volts by X, where the unit is not what the file says",
    )
    encode.add_argument(
        "--chunk", metavar="S", type=float, default=10.0, help="seconds read at a time (10)"
    )
    encode.add_argument(
        "--formats",
        metavar="NAME",
        nargs="+",
        default=["npz", "events"],
        help="of npz, events, annotations, hdf5 (default: npz events)",
    )
    encode.add_argument(
        "--bad",
        metavar="WHAT",
        default="exclude",
        help="stretches annotated as BAD: exclude from scales and measures, blank (their spikes "
        "too), or include (default: exclude)",
    )
    encode.add_argument("--out", metavar="DIR", help="folder (default: results/RECORDING-METHOD)")
    encode.add_argument("--no-report", action="store_true", help="no report.html")
    encode.add_argument("--quiet", action="store_true", help="show errors and warnings alone")
    encode.set_defaults(command=_lazy("encode", "encode"))


def _add_datasets(commands: Any) -> None:
    datasets = _parser(
        commands,
        "datasets",
        "List, describe and fetch data sets.",
        "EEGSNN_DATA names a folder of local copies, which are found by their hash.\n",
    )
    actions = datasets.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = _parser(actions, "list", "List the known data sets.")
    listing.set_defaults(command=_lazy("datasets", "list_all"))
    info = _parser(actions, "info", "Describe a data set: source, licence, protocol, traps.")
    info.add_argument("name", metavar="NAME", help="name, or path of a manifest")
    info.set_defaults(command=_lazy("datasets", "info"))
    fetch = _parser(actions, "fetch", "Fetch and verify the files of a data set.")
    fetch.add_argument("name", metavar="NAME", help="name, or path of a manifest")
    fetch.add_argument("--quiet", action="store_true", help="no progress bar")
    fetch.set_defaults(command=_lazy("datasets", "fetch_one"))


def _add_pipelines(commands: Any) -> None:
    pipelines = _parser(commands, "pipelines", "List the pipelines that come with eegsnn.")
    actions = pipelines.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = _parser(actions, "list", "List the pipelines that come with eegsnn.")
    listing.set_defaults(command=_lazy("pipelines", "list_all"))


def _add_nir(commands: Any) -> None:
    exchange = _parser(
        commands,
        "nir",
        "Exchange networks with other libraries: NIR files.",
        "examples:\n"
        "  eegsnn nir export results/scp1 scp1.nir\n"
        "  eegsnn nir inspect scp1.nir\n"
        "  eegsnn nir check foreign.nir --dt 1e-4 --convention snntorch\n",
    )
    actions = exchange.add_subparsers(title="actions", metavar="ACTION", required=True)
    export = _parser(actions, "export", "Write the network of a saved model.")
    export.add_argument("model", metavar="MODEL", help="result folder of eegsnn run, or its model")
    export.add_argument("out", metavar="OUT.nir", help="file to write")
    export.set_defaults(command=_lazy("nir", "export"))
    inspect = _parser(actions, "inspect", "Show what a file holds: a table and a drawing.")
    check = _parser(
        actions,
        "check",
        "Tell what would be computed exactly here, and what not.",
        "Exit code 0: all of it. 2: not all.\n",
    )
    for action, function in ((inspect, "inspect"), (check, "check")):
        action.add_argument("file", metavar="FILE", help="NIR file")
        action.add_argument(
            "--convention",
            metavar="NAME",
            default="nir",
            help="library that wrote it: nir, snntorch, spikingjelly, sinabs (default: nir)",
        )
        action.set_defaults(command=_lazy("nir", function))
    for action in (export, inspect, check):
        action.add_argument("--dt", type=float, metavar="S", help="seconds per step")


def _parser(commands: Any, name: str, description: str, epilog: str = "") -> Any:
    settings: dict[str, Any] = {
        "description": description,
        "epilog": epilog,
        "formatter_class": argparse.RawDescriptionHelpFormatter,
    }
    if commands is None:
        parser = argparse.ArgumentParser(prog=name, **settings)
    else:
        parser = commands.add_parser(
            name, help=description.partition(":")[0].rstrip("."), **settings
        )
    parser.add_argument(
        "--debug",
        action="store_true",
        default=argparse.SUPPRESS,  # a subcommand must not undo what was said before it
        help="show the whole traceback of an error",
    )
    return parser


def _lazy(module: str, function: str) -> Callable[[argparse.Namespace], int]:
    """Import a command's module when the command runs, not before."""

    def command(arguments: argparse.Namespace) -> int:
        return int(getattr(import_module(f"eegsnn.cli.{module}"), function)(arguments) or 0)

    return command
