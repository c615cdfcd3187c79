"""From a Vega-Lite specification to one SVG element that is fit to stand inside the page."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree

import vl_convert

from gaugeblock.report.figures.theme import Width

_SVG = "http://www.w3.org/2000/svg"
_ELEMENTS = frozenset({"svg", "g", "path", "rect", "line", "circle", "text", "tspan"})
_ATTRIBUTES = frozenset(
    {"viewBox", "d", "x", "y", "x1", "y1", "x2", "y2", "dx", "dy", "cx", "cy", "r", "rx", "ry"}
    | {"width", "height", "transform", "fill", "stroke", "stroke-width", "stroke-dasharray"}
    | {"stroke-opacity", "stroke-linecap", "fill-opacity", "opacity"}
    | {"text-anchor", "font-size", "font-weight", "font-style"}
)


def inline_svg(specification: dict[str, Any], label: str, width: Width) -> str:
    """Return the chart as an ``<svg>`` element named ``label`` for those who cannot see it.

    What the page does not need is dropped: identifiers (which would clash between figures),
    clip paths, fonts (the page's own apply), and anything that is not a shape or a text.
    """
    root = ElementTree.fromstring(vl_convert.vegalite_to_svg(json.dumps(specification)))
    _prune(root)
    box = root.get("viewBox", "0 0 1 1").split()
    root.set("class", f"figure-{width}")
    root.set("role", "img")
    root.set("aria-label", label)
    root.set("width", box[2])
    root.set("height", box[3])
    ElementTree.register_namespace("", _SVG)
    return _shortened(ElementTree.tostring(root, encoding="unicode"))


def _prune(element: ElementTree.Element) -> None:
    for name in [name for name in element.attrib if name not in _ATTRIBUTES]:
        del element.attrib[name]
    for child in list(element):
        if child.tag.removeprefix(f"{{{_SVG}}}") in _ELEMENTS:
            _prune(child)
        else:
            element.remove(child)


def _shortened(svg: str) -> str:
    """Return ``svg`` with coordinates to two decimals."""
    return re.sub(r"(?<=\d)(\.\d\d)\d+(?=[^<]*>)", r"\1", svg)
