"""What a benchmark found, kept as JSON with every sample, and printed as medians with their spread."""

from __future__ import annotations

import json
import os
import statistics
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.machine import machine

BUILD = Path("build/bench")
Cell = str | tuple[float, ...]
"""Words, or the samples of one measurement in the unit that the column names; none where it could not be made."""


@dataclass(frozen=True, slots=True)
class Table:
    """``rows`` have a cell a column; ``name`` is that of the file that keeps it, and of its place on the page."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    machine: str = ""

    def save(self) -> None:
        """Print the table, and keep it with a description of the machine for ``bench.page``."""
        BUILD.mkdir(parents=True, exist_ok=True)
        rows = [
            [cell if isinstance(cell, str) else [float(f"{x:.4g}") for x in cell] for cell in row] for row in self.rows
        ]
        kept = asdict(self) | {"rows": rows, "machine": f"{machine()}, load {os.getloadavg()[0]:.1f}"}
        (BUILD / f"{self.name}.json").write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")
        grid = [self.columns, *(tuple(map(shown, row)) for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*grid, strict=True)]
        print(f"\n{self.title}")
        for first, *others in grid:
            print("  ".join([first.ljust(widths[0]), *(c.rjust(w) for c, w in zip(others, widths[1:], strict=True))]))
        print(self.note, flush=True)

    def markdown(self) -> str:
        """Return the table as a page shows it."""
        grid = [self.columns, ("---",) * len(self.columns), *(tuple(map(shown, row)) for row in self.rows)]
        lines = [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in grid]
        return "\n".join([f"**{self.title}** {self.note}".strip(), "", *lines, "", f"On {self.machine}."])


def read(kept: dict[str, list[list[str | list[float]]]]) -> Table:
    """Return a table from its JSON."""
    rows = tuple(tuple(cell if isinstance(cell, str) else tuple(cell) for cell in row) for row in kept["rows"])
    return Table(**{**kept, "columns": tuple(kept["columns"]), "rows": rows})  # type: ignore[arg-type]


def shown(cell: Cell) -> str:
    """Return words as they are; samples as their median and, where there are several, the least and the most."""
    if isinstance(cell, str):
        return cell
    if len(cell) < 2:
        return figure(cell[0]) if cell else "–"
    return f"{figure(statistics.median(cell))} ({figure(min(cell))}–{figure(max(cell))})"


def figure(value: float) -> str:
    """Return a number with three digits that count."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def ratios(theirs: tuple[float, ...], ours: tuple[float, ...]) -> tuple[float, ...]:
    """Return theirs over ours, a round at a time; nothing where theirs could not be measured."""
    return tuple(a / b for a, b in zip(theirs, ours, strict=True)) if theirs else ()
