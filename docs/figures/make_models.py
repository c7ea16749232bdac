"""Draw the figures of docs/models.md: what is analog, what spikes, what is learned.

python docs/figures/make_models.py [folder]

The same figures always give the same files.
"""

from __future__ import annotations

import itertools
import sys
from dataclasses import dataclass, field
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Patch

from eegsnn.plots.style import GREY, INK, to_svg

# Face and edge of a box by what it gives out.
_LOOKS = {
    "given": ("#ffffff", GREY),
    "analog": ("#d6e8f5", "#0072B2"),
    "spikes": ("#fde3d3", "#D55E00"),
    "scores": ("#d5efe6", "#009E73"),
}
_NAMES = {"analog": "gives numbers", "spikes": "gives spikes", "scores": "decides"}
_BOX, _STEP, _ROW, _TALL = 1.45, 1.85, 0.95, 0.72  # inches


@dataclass
class Drawing:
    """Boxes on a grid of columns and rows, and arrows between them."""

    n_columns: int
    n_rows: float = 1
    boxes: dict[str, tuple[float, float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        width = (self.n_columns - 1) * _STEP + _BOX + 0.3
        height = (self.n_rows - 1) * _ROW + _TALL + 0.75
        self.figure = Figure(figsize=(width, height), facecolor="white")
        self.axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set(xlim=(0, width), ylim=(0, height))
        self.axes.axis("off")
        handles = [Patch(fc=face, ec=edge) for face, edge in map(_LOOKS.get, _NAMES)]
        fixed = Patch(fc="white", ec=INK, ls=(0, (3, 2)))
        self.figure.legend(
            [*handles, fixed],
            [*_NAMES.values(), "dashed: not trained"],
            loc="lower left",
            ncols=4,
            fontsize=8,
            frameon=False,
            labelcolor=INK,
            handlelength=1.3,
            columnspacing=1.5,
            borderaxespad=0.3,
        )

    def box(
        self,
        text: str,
        column: float,
        row: float = 0,
        kind: str = "analog",
        *,
        fixed: bool = False,
        name: str = "",
    ) -> Drawing:
        """Put a box with its middle in a column (from the left) and row (from the top)."""
        face, edge = _LOOKS[kind]
        x = 0.15 + _BOX / 2 + column * _STEP
        y = self.axes.get_ylim()[1] - 0.15 - _TALL / 2 - row * _ROW
        self.axes.add_patch(
            FancyBboxPatch(
                (x - _BOX / 2, y - _TALL / 2),
                _BOX,
                _TALL,
                boxstyle="round,pad=0,rounding_size=0.08",
                fc=face,
                ec=edge,
                lw=1.3,
                ls=(0, (3, 2)) if fixed else "-",
            )
        )
        self.axes.text(x, y, text, ha="center", va="center", fontsize=9, color=INK)
        self.boxes[name or text] = (x, y, _BOX)
        return self

    def arrow(self, *names: str, bend: float = 0.0) -> Drawing:
        """Connect boxes one after the other, right side to left side."""
        for start, end in itertools.pairwise(names):
            (x0, y0, _), (x1, y1, _) = self.boxes[start], self.boxes[end]
            self._line((x0 + _BOX / 2, y0), (x1 - _BOX / 2, y1), bend)
        return self

    def loop(self, name: str, text: str) -> Drawing:
        """Connect a box with itself, below it."""
        x, y, _ = self.boxes[name]
        low = y - _TALL / 2
        self._line((x + 0.45, low), (x - 0.45, low), -0.75)
        self.axes.text(x, low - 0.5, text, ha="center", va="top", fontsize=8, color=INK)
        return self

    def note(self, text: str, column: float, row: float) -> Drawing:
        """Write beside the boxes."""
        x = 0.15 + _BOX / 2 + column * _STEP
        y = self.axes.get_ylim()[1] - 0.15 - _TALL / 2 - row * _ROW
        self.axes.text(x, y, text, ha="center", va="center", fontsize=8, color=INK, style="italic")
        return self

    def _line(self, start: tuple[float, float], end: tuple[float, float], bend: float) -> None:
        self.axes.add_patch(
            FancyArrowPatch(
                start,
                end,
                connectionstyle=f"arc3,rad={bend}",
                arrowstyle="-|>",
                mutation_scale=10,
                lw=1.2,
                color=INK,
                shrinkA=0,
                shrinkB=0,
            )
        )


def feedforward() -> Drawing:
    """Draw Linear and LIF layers, and leaky integrators."""
    drawing = Drawing(5)
    drawing.box("features or\nspikes of an\nencoder", 0, kind="given", name="in")
    drawing.box("Linear\n(with delays)", 1, name="linear")
    drawing.box("LIF, fast and\nslow ones", 2, kind="spikes", name="lif")
    drawing.box("Linear", 3)
    drawing.box("leaky integrators,\nmean over time", 4, kind="scores", name="out")
    return drawing.arrow("in", "linear", "lif", "Linear", "out")


def recurrent() -> Drawing:
    """Draw adaptive neurons with a dense recurrence."""
    drawing = Drawing(5, 1.7)
    drawing.box("features or\nspikes of an\nencoder", 0, kind="given", name="in")
    drawing.box("Linear", 1, name="first")
    drawing.box("LIF, half with\nan adapting\nthreshold", 2, kind="spikes", name="lif")
    drawing.box("Linear", 3, name="last")
    drawing.box("leaky integrators,\nmean over time", 4, kind="scores", name="out")
    drawing.loop("lif", "dense weights, one step later")
    return drawing.arrow("in", "first", "lif", "last", "out")


def eegnet() -> Drawing:
    """Draw two analog branches, then spikes."""
    drawing = Drawing(6, 2)
    drawing.box("signal", 0, 0.5, "given")
    drawing.box("whitening,\nspatial filters", 1, 0, name="mix")
    drawing.box("band-pass filters", 2, 0, name="bands")
    drawing.box("square, average\nin bins, log", 3, 0, fixed=True, name="power")
    drawing.box("average over\nwindows", 1, 1, fixed=True, name="slow")
    drawing.box("whitening,\nspatial filters", 2, 1, name="slow mix")
    drawing.box("normalise,\nLinear, PLIF", 4, 0.5, "spikes", name="lif")
    drawing.box("Linear (by part\nof the trial),\nintegrators", 5, 0.5, "scores", name="out")
    drawing.note("slow potentials", 3, 1)
    drawing.arrow("signal", "mix", "bands", "power", "lif", "out")
    return drawing.arrow("signal", "slow", "slow mix", "lif")


def resonator() -> Drawing:
    """Draw a bank of resonators in place of filters."""
    drawing = Drawing(5)
    drawing.box("signal", 0, kind="given")
    drawing.box("whitening,\nspatial mixes for\neach frequency", 1, name="mix")
    drawing.box("resonate and fire,\na frequency each", 2, kind="spikes", name="ring")
    drawing.box("spikes in bins,\nnormalise", 3, name="bins")
    drawing.box("Linear,\nintegrators", 4, kind="scores", name="out")
    return drawing.arrow("signal", "mix", "ring", "bins", "out")


def convolution() -> Drawing:
    """Draw dilated kernels and threshold units."""
    drawing = Drawing(6)
    drawing.box("signal", 0, kind="given")
    drawing.box("whitening,\nspatial mixes", 1, name="mix")
    drawing.box("kernels of 9 taps,\nup to six dilations", 2, name="kernels")
    drawing.box("threshold units\n(or LIF)", 3, kind="spikes", name="units")
    drawing.box("spikes in bins,\nnormalise", 4, name="bins")
    drawing.box("Linear,\nintegrators", 5, kind="scores", name="out")
    return drawing.arrow("signal", "mix", "kernels", "units", "bins", "out")


def attention() -> Drawing:
    """Draw query, key and value, and the embedding that goes past them."""
    drawing = Drawing(6, 3)
    drawing.box("features or\nspikes of an\nencoder", 0, 1, "given", name="in")
    drawing.box("Linear, LIF", 1, 1, "spikes", name="embedding")
    for row, letter in enumerate(("query", "key", "value")):
        drawing.box(f"Linear, LIF:\n{letter}", 2, row, "spikes", name=letter)
        drawing.arrow("embedding", letter)
    drawing.box("q · (kᵀ v),\nno softmax; LIF", 3, 1, "spikes", name="attend")
    drawing.arrow("in", "embedding")
    drawing.arrow("query", "attend").arrow("key", "attend").arrow("value", "attend")
    drawing.box("Linear, LIF", 4, 1, "spikes", name="block")
    drawing.box("Linear,\nintegrators", 5, 2, "scores", name="out")
    drawing.arrow("attend", "block", "out")
    # Past the block, under the value.
    (x0, y0, _), (x1, y1, _) = drawing.boxes["embedding"], drawing.boxes["out"]
    drawing.axes.plot(
        [x0, x0, x1 - 0.3, x1 - 0.3],
        [y0 - _TALL / 2, y1 - 0.5, y1 - 0.5, y1 - _TALL / 2 - 0.13],
        color=INK,
        lw=1.2,
        solid_joinstyle="round",
    )
    drawing._line((x1 - 0.3, y1 - 0.5), (x1 - 0.3, y1 - _TALL / 2), 0.0)
    return drawing


def liquid() -> Drawing:
    """Draw a fixed reservoir, and the encoder's way past it."""
    drawing = Drawing(4, 2.6)
    drawing.box("spikes or\ncurrents of an\nencoder", 0, 1.6, "given", name="in")
    drawing.box("reservoir: LIF,\n80 % excitatory", 1, 0, "spikes", fixed=True, name="liquid")
    drawing.box("filtered spikes at\nsnapshots, rates", 2, 0, fixed=True, name="states")
    drawing.box("encoder, at\nevery step", 2, 1.6, "given", name="past")
    drawing.box("Linear, solved for\n(ridge)", 3, 0.8, "scores", name="out")
    drawing.loop("liquid", "drawn once")
    drawing.arrow("in", "liquid", "states", "out")
    return drawing.arrow("in", "past", "out")


def automatic() -> Drawing:
    """Draw views, their codes and readouts, and the weighted sum."""
    drawing = Drawing(5, 4)
    drawing.box("trials", 0, 1.5, "given")
    views = (
        "slow potentials",
        "tangent spaces,\nCSP, band power",
        "oscillations,\nevoked responses",
    )
    for row, text in enumerate(views):
        drawing.box(text, 1, row, name=text)
        drawing.box("two IF neurons per\nfeature: counts", 2, row, "spikes", name=f"c{row}")
        drawing.box("Linear, solved for\nand calibrated", 3, row, name=f"r{row}")
        drawing.arrow("trials", text, f"c{row}", f"r{row}")
    drawing.box("random kernels", 1, 3, fixed=True, name="kernels")
    drawing.box("threshold units:\nrates", 2, 3, "spikes", name="units")
    drawing.box("Linear, solved for\nand calibrated", 3, 3, name="r3")
    drawing.arrow("trials", "kernels", "units", "r3")
    drawing.box("weighted sum of\nlog-probabilities", 4, 1.5, "scores", name="out")
    for row in range(4):
        drawing.arrow(f"r{row}", "out")
    return drawing


DRAWINGS = (feedforward, recurrent, eegnet, resonator, convolution, attention, liquid, automatic)


def main(folder: Path) -> None:
    """Write every figure into a folder."""
    for draw in DRAWINGS:
        text = to_svg(draw().figure)
        (folder / f"{draw.__name__}.svg").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
