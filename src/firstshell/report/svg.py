"""Turning a matplotlib SVG into one that lives inside a page: scalable, themed, and without clashing ids."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from firstshell.report.style import THEME

SPACE = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}href"
FONT = re.compile(r"font: ([\d.]+)px [^;]*")
NUMBER = re.compile(r"-?\d+\.\d+")
REFERENCE = re.compile(r"url\(#([^)]+)\)|^#(.+)$")
THEMED = re.compile("|".join(THEME), re.IGNORECASE)


def inline(svg: bytes, prefix: str, alt: str) -> str:
    """Return `svg` (as matplotlib writes it) for use inside HTML.

    Every id that something refers to gets `prefix`, all others go; black and white become CSS variables; text takes the
    page's font; the size goes, so that the viewBox scales to the space there is.
    """
    root = ElementTree.fromstring(svg)
    for parent in root.iter():
        for child in list(parent):
            if child.tag in (f"{SPACE}metadata",) or (
                child.tag == f"{SPACE}defs" and child.find(f"{SPACE}style") is not None
            ):
                parent.remove(child)
    used = {a or b for node in root.iter() for v in node.attrib.values() for a, b in REFERENCE.findall(v)}
    for node in root.iter():
        node.tag = node.tag.removeprefix(SPACE)
        _rename(node, prefix, used)
        if "d" in node.attrib:
            node.attrib["d"] = NUMBER.sub(_rounded, node.attrib["d"])
        if "style" in node.attrib:
            style = FONT.sub(r"font-size: \1px", node.attrib["style"])
            node.attrib["style"] = THEMED.sub(lambda found: THEME[found.group().lower()], style)
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.attrib |= {"role": "img", "aria-label": alt}
    return ElementTree.tostring(root, encoding="unicode")


def _rounded(found: re.Match[str]) -> str:
    """A hundredth of a point is finer than any screen, and a third of the size."""
    return f"{float(found.group()):.2f}".rstrip("0").rstrip(".")


def _rename(node: ElementTree.Element, prefix: str, used: set[str]) -> None:
    """Prefix ids and what refers to them, and spell links the HTML way."""
    if (name := node.attrib.pop("id", None)) in used:
        node.attrib["id"] = f"{prefix}-{name}"
    if (link := node.attrib.pop(LINK, None)) is not None:
        node.attrib["href"] = f"#{prefix}-{link[1:]}" if link.startswith("#") else link
    for key, value in node.attrib.items():
        if "url(#" in value:
            node.attrib[key] = value.replace("url(#", f"url(#{prefix}-")
