"""Drawings that a repository shows from Mermaid, as Graphviz draws them."""

import re

_DRAWING = re.compile(r"^```mermaid\nflowchart TD\n(?P<arrows>.*?)^```\n", re.DOTALL | re.MULTILINE)

_ARROW = re.compile(r'\s*(\w+)(?:\["(.*?)"\])? --> (\w+)(?:\["(.*?)"\])?')


def with_drawings(page: str) -> str:
    """Turn flow charts of Mermaid into directives of Graphviz."""
    return _DRAWING.sub(_drawing, page)


def _drawing(found: re.Match[str]) -> str:
    lines, words = [], []
    for line in found["arrows"].splitlines():
        arrow = _ARROW.fullmatch(line)
        if arrow is None:
            raise ValueError(f"this arrow is not understood: {line}")
        origin, label, target, target_label = arrow.groups()
        for name, text in ((origin, label), (target, target_label)):
            if text:
                lines.append(f'  {name} [label="{text}"];')
        lines.append(f"  {origin} -> {target};")
        words.append(f"{origin} to {target}")
    alt = f"Arrows go from {', from '.join(words)}."
    style = 'node [shape=box, style=rounded, fontname="sans-serif", fontsize=11]'
    dot = "\n".join(["digraph {", f"  {style};", *lines, "}"])
    return f"```{{graphviz}}\n:alt: {alt}\n\n{dot}\n```\n"
