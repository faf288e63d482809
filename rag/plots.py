"""The plots of an evaluation, as SVG that takes its colours of text and lines from the page it stands in."""

import re
import warnings
from collections.abc import Sequence
from io import StringIO
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import roc_curve

from rag.evaluation import BASELINES, Outcome, auroc, reliability
from rag.trials import KINDS, Group

# matplotlib knows no variables of CSS: what it draws in these colours is given the page's own afterwards.
INK, GRID = "#010203", "#030201"
THEME = {INK: "var(--ink)", GRID: "var(--line)"}
COLOURS = ("#2f81c7", "#d9772b", "#2a9d6f", "#b8579f", "#8a7a2b")  # at least 3:1 on white and on near black
LINES = dict(zip(KINDS, ("solid", "dashed", "dotted"), strict=True))
STYLE: Any = {
    "svg.fonttype": "none", "svg.hashsalt": "askpress", "font.size": 10, "axes.spines.top": False, "axes.grid": True,
    "axes.spines.right": False, "axes.axisbelow": True, "legend.frameon": False, "lines.linewidth": 1.8,
    "grid.linewidth": 0.6, "grid.color": GRID, "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK,
    "xtick.color": INK, "ytick.color": INK, "axes.titlesize": 10, "figure.constrained_layout.use": True,
    "figure.constrained_layout.h_pad": 0.08,
}  # fmt: skip
Curves = dict[tuple[str, str], tuple[list[float], list[float]]]


def curves(groups: Sequence[Group]) -> Curves:
    """Return the probabilities of answerable and of unanswerable questions by kind of group and kind of miss."""
    found: Curves = {}
    for kind in dict.fromkeys(group.kind for group in groups):
        outcomes = [outcome for group in groups if group.kind == kind for outcome in group.outcomes]
        answerable = [outcome.answer.answerability for outcome in outcomes if outcome.query.answerable]
        missed = [outcome for outcome in outcomes if not outcome.query.answerable]
        for miss in sorted({outcome.query.miss or "" for outcome in missed}):
            values = [outcome.answer.answerability for outcome in missed if (outcome.query.miss or "") == miss]
            if answerable:
                found[kind, miss] = (answerable, values)
    return found


def roc(found: Curves, x: str, y: str) -> str:
    """Draw the receiver operating characteristics of ``curves``."""
    misses = list(dict.fromkeys(miss for _, miss in found))

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.plot((0, 1), (0, 1), color=GRID, linewidth=1)
        for (kind, miss), (positives, negatives) in found.items():
            rates = roc_curve([1] * len(positives) + [0] * len(negatives), [*positives, *negatives])
            label = f"{kind} {miss}".strip() + f": {auroc(positives, negatives):.3f}"
            axes.plot(*rates[:2], linestyle=LINES[kind], color=COLOURS[misses.index(miss) % len(COLOURS)], label=label)
        axes.legend(loc="lower right")
        _unit_square(axes, x, y)

    return _svg(draw, 4.8, 4.6)


def calibration(groups: Sequence[Group], x: str, y: str) -> str:
    """Draw the share of answerable questions over the probability, and below it how many questions there are."""

    def draw(figure: Figure) -> None:
        axes, counts = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        axes.plot((0, 1), (0, 1), color=GRID, linewidth=1)
        for number, kind in enumerate(dict.fromkeys(group.kind for group in groups)):
            bins = reliability([outcome for group in groups if group.kind == kind for outcome in group.outcomes])
            places, colour = [b.probability for b in bins], COLOURS[number]
            axes.plot(places, [b.answerable for b in bins], linestyle=LINES[kind], marker="o", color=colour, label=kind)
            counts.plot(places, [b.count for b in bins], linestyle=LINES[kind], marker="o", markersize=3, color=colour)
        axes.legend(loc="lower right")
        _unit_square(axes, "", y)
        counts.set(xlabel=x, ylabel="n", ylim=(0, None))

    return _svg(draw, 4.8, 5.4)


def rankings(groups: Sequence[Group]) -> str:
    """Draw nDCG@10 of Askpress and of the baselines by the language of the questions (down) and of the articles."""
    rankers = {"askpress": "ndcg@10", **{name: f"{name}_ndcg@10" for name in BASELINES}}
    down = sorted({group.language for group in groups})
    along = sorted({group.corpus for group in groups})
    metrics = {(group.language, group.corpus): group.metrics for group in groups}
    if len(along) == 1:  # rankers side by side then say more than four plots of one column
        cells = np.array([[metrics[q, along[0]].get(key, np.nan) for key in rankers.values()] for q in down])
        panels, columns = {along[0]: cells}, list(rankers)
    else:
        panels = {
            n: np.array([[metrics[q, a].get(k, np.nan) for a in along] for q in down]) for n, k in rankers.items()
        }
        columns = along

    def draw(figure: Figure) -> None:
        grid = figure.subplots(-(-len(panels) // 2), min(len(panels), 2), squeeze=False)
        for axes, (name, cells) in zip(grid.flat, panels.items(), strict=True):
            _heat(axes, cells, down, columns)
            axes.set_title(name)

    width = 1.2 + min(len(panels), 2) * (0.6 + 0.62 * len(columns))
    return _svg(draw, width, (0.7 + 0.45 * len(down)) * -(-len(panels) // 2))


def _heat(axes: Axes, cells: NDArray[Any], down: Sequence[str], along: Sequence[str]) -> None:
    axes.pcolormesh(cells, vmin=0, vmax=1, cmap="Blues", edgecolors="none")
    axes.set_xticks([place + 0.5 for place in range(len(along))], along)
    axes.set_yticks([place + 0.5 for place in range(len(down))], down)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.grid(visible=False)
    axes.invert_yaxis()
    for (row, column), value in np.ndenumerate(cells):
        if np.isnan(value):
            continue  # there is nothing to rank
        axes.text(column + 0.5, row + 0.5, f"{value:.3f}"[1:] if value < 1 else "1.00", ha="center", va="center",
                  color="white" if value > 0.55 else "black")  # fmt: skip


def latency(outcomes: Sequence[Outcome], x: str) -> str:
    """Draw the milliseconds of each stage: median, quartiles, and the 5th and 95th percentile."""
    told = [outcome.answer.timings for outcome in outcomes]
    stages = list(dict.fromkeys(stage for timings in told for stage in timings))[::-1]

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        samples = [[timings[stage] for timings in told if stage in timings] for stage in stages]
        lines = {"color": INK}
        axes.boxplot(
            samples, orientation="horizontal", whis=(5, 95), showfliers=False, tick_labels=stages, patch_artist=True,
            boxprops={"facecolor": COLOURS[0], "edgecolor": INK}, medianprops=lines, whiskerprops=lines, capprops=lines,
        )  # fmt: skip
        axes.grid(visible=False, axis="y")
        axes.set(xlabel=x, xlim=(0, None))

    return _svg(draw, 6.4, 0.9 + 0.4 * len(stages))


def _unit_square(axes: Axes, x: str, y: str) -> None:
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), xlabel=x, ylabel=y)


def _svg(draw: Any, width: float, height: float) -> str:
    """Return what is drawn on a figure of so many inches, without the head of a file, its ids made its own."""
    with rc_context(STYLE), warnings.catch_warnings():
        # Letters are the browser's to draw; matplotlib only looks for them in its own fonts, to measure them.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure, buffer = Figure(figsize=(width, height)), StringIO()
        draw(figure)
        figure.savefig(
            buffer, format="svg", transparent=True, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type"))
        )
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    for colour, variable in THEME.items():
        text = text.replace(colour, variable)
    return re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{draw.__qualname__.split('.')[0]}-", text)
