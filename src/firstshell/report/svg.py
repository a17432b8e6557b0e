"""Turning matplotlib SVGs into ones that live inside a page or beside each other: scalable, without clashing ids."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from firstshell.report.style import THEME

FAMILY = "DejaVu Sans, Verdana, sans-serif"
SPACE = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}href"
FONT = re.compile(r"font: ([\d.]+)px [^;]*")
FACE = re.compile(r"font-family: [^;]*; ?")
NUMBER = re.compile(r"-?\d+\.\d+")
REFERENCE = re.compile(r"url\(#([^)]+)\)|^#(.+)$")
THEMED = re.compile("|".join(THEME), re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """Where a panel lies in a figure, inches from the top left."""

    x: float
    y: float
    width: float
    height: float


def stacked(svgs: Sequence[bytes], places: Sequence[Part]) -> bytes:
    """Return one SVG file with several (as matplotlib writes them) in their places."""
    width, height = (max(ends) for ends in zip(*((p.x + p.width, p.y + p.height) for p in places), strict=True))
    root = ElementTree.Element("svg", {"xmlns": SPACE[1:-1], "viewBox": f"0 0 {72 * width:g} {72 * height:g}"})
    root.attrib |= {"width": f"{72 * width:g}pt", "height": f"{72 * height:g}pt", "font-family": FAMILY}
    ElementTree.SubElement(root, "style").text = "*{stroke-linejoin:round;stroke-linecap:butt}"
    for i, (svg, place) in enumerate(zip(svgs, places, strict=True)):
        part = _stripped(svg, f"panel-{i}")
        sides = {"x": place.x, "y": place.y, "width": place.width, "height": place.height}
        part.attrib |= {name: f"{72 * value:g}" for name, value in sides.items()}
        root.append(part)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def inline(svg: bytes, prefix: str, alt: str) -> str:
    """Return `svg` (as matplotlib writes it) for use inside HTML.

    Every id that something refers to gets `prefix`, all others go; black and white become CSS variables; text takes the
    page's font; the size goes, so that the viewBox scales to the space there is.
    """
    root = _stripped(svg, prefix)
    for node in root.iter():
        if "style" in node.attrib:
            node.attrib["style"] = THEMED.sub(lambda found: THEME[found.group().lower()], node.attrib["style"])
    root.attrib |= {"role": "img", "aria-label": alt}
    return ElementTree.tostring(root, encoding="unicode")


def _stripped(svg: bytes, prefix: str) -> ElementTree.Element:
    """Return the root of an SVG without metadata, style, size and unused ids; the ids that are left get `prefix`."""
    root = ElementTree.fromstring(svg)
    for parent in root.iter():
        for child in list(parent):
            if child.tag in (f"{SPACE}metadata",) or (
                child.tag == f"{SPACE}defs" and child.find(f"{SPACE}style") is not None
            ):
                parent.remove(child)
    for node in root.iter():
        for child in [child for child in node if child.tag == f"{SPACE}g" and not len(child)]:
            node.remove(child)
        node.text, node.tail = (text if text and text.strip() else None for text in (node.text, node.tail))
    used = {a or b for node in root.iter() for v in node.attrib.values() for a, b in REFERENCE.findall(v)}
    for node in root.iter():
        node.tag = node.tag.removeprefix(SPACE)
        _rename(node, prefix, used)
        if "d" in node.attrib:
            node.attrib["d"] = NUMBER.sub(_rounded, node.attrib["d"])
        if "style" in node.attrib:
            node.attrib["style"] = FACE.sub("", FONT.sub(r"font-size: \1px", node.attrib["style"]))
        if node.attrib.get("transform", "").startswith("rotate(-0 "):
            del node.attrib["transform"]
        for name in node.attrib.keys() & {"x", "y"}:
            node.attrib[name] = NUMBER.sub(_rounded, node.attrib[name])
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    return root


def _rounded(found: re.Match[str]) -> str:
    """A tenth of a point is about what a screen shows, and a quarter of the size."""
    return f"{float(found.group()):.1f}".removesuffix(".0")


def _rename(node: ElementTree.Element, prefix: str, used: set[str]) -> None:
    """Prefix ids and what refers to them, and spell links the HTML way."""
    if (name := node.attrib.pop("id", None)) in used:
        node.attrib["id"] = f"{prefix}-{name}"
    if (link := node.attrib.pop(LINK, None)) is not None:
        node.attrib["href"] = f"#{prefix}-{link[1:]}" if link.startswith("#") else link
    for key, value in node.attrib.items():
        if "url(#" in value:
            node.attrib[key] = value.replace("url(#", f"url(#{prefix}-")
