"""A small strict reader of Perl data as Data::Dumper writes it; nothing is ever evaluated.

Knows assignments of scalars, arrays and hashes ($a = …; @a = (…); %a = (…);), strings in single or double quotes, plain
numbers, undef, arrays and hashes within them, and objects, bless( {…}, 'Class' ), of which the data are kept. A line of
[record] is passed on as a statement of that name.
"""

import re
from collections.abc import Iterator
from typing import Any

from firstshell.errors import InputError

MAX_DEPTH = 20
MAX_TOKENS = 10_000_000
TOKEN = re.compile(
    r"""(?P<space>\s++|\#[^\n]*+)
    |\('(?P<list>(?:[^'\\]*+',')++[^'\\]*+)'\)
    |'(?P<string>(?:[^'\\]++|\\.)*+)'
    |"(?P<double>(?:[^"\\$@]++|\\.)*+)"
    |(?P<bless>bless\b)
    |(?P<number>[+-]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d++)?)
    |(?P<undef>undef\b)
    |(?P<target>[$@%]\w{1,100})
    |(?P<record>\[record\])
    |(?P<mark>=>|[=(),;{}\[\]])""",
    re.VERBOSE | re.DOTALL,
)
ESCAPE = re.compile(r"\\(['\\])")
DOUBLE_ESCAPE = re.compile(r"\\(?:x\{([0-9a-fA-F]{1,6})\}|x([0-9a-fA-F]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)
LETTERS = {"n": "\n", "t": "\t", "r": "\r", "e": "", "a": "", "f": "", "b": ""}
CLOSING = {"(": ")", "[": "]", "{": "}"}
REMEDY = "Save the project again"

Token = tuple[str, str, int]


def statements(text: str, source: str) -> Iterator[tuple[str, Any]]:
    """Yield (name, value) of each assignment ("@x", [...]), in order; ("[record]", None) for each mark of a record, and
    ("1", None) for the true value that ends a file.

    Strings and numbers come as text, undef as "", arrays as lists, and hashes as lists of keys and values in turn.
    Raises InputError, with the line, for anything else.
    """
    tokens = _tokens(text, source)
    for kind, word, place in tokens:
        if kind == "record":
            yield word, None
        elif kind == "target":
            _expect(tokens, "=", text, source)
            yield word, _value(tokens, text, source)
            _expect(tokens, ";", text, source)
        elif (kind, word) == ("number", "1"):
            _expect(tokens, ";", text, source)
            yield word, None
        else:
            raise _error(word, place, text, source)


def _tokens(text: str, source: str) -> Iterator[Token]:
    place = count = 0
    while place < len(text):
        count += 1
        if count > MAX_TOKENS:
            raise InputError(f"over {MAX_TOKENS:,} words", remedy="Save it in parts", file=source)
        match = TOKEN.match(text, place)
        if match is None:
            raise _error(text[place : place + 40], place, text, source)
        kind = match.lastgroup or ""
        if kind == "double":
            yield "string", DOUBLE_ESCAPE.sub(_character, match[kind]), place
        elif kind != "space":
            word = match[kind]
            yield kind, ESCAPE.sub(r"\1", word) if kind == "string" and "\\" in word else word, place
        place = match.end()


def _character(match: re.Match[str]) -> str:
    """Return the character that an escape in double quotes stands for."""
    code = match[1] or match[2]
    place = int(code, 16) if code else int(match[3], 8) if match[3] else None
    if place is None:
        return LETTERS.get(match[4], match[4])
    return chr(place) if place < 0x110000 and not 0xD800 <= place < 0xE000 else "\ufffd"


def _value(tokens: Iterator[Token], text: str, source: str) -> Any:
    """Read one value; containers are kept on a stack of their own, so that no depth of nesting overruns Python's."""
    stack: list[tuple[str, list[Any]]] = []
    ready = True  # whether a value may stand here, and not only a separator
    for kind, word, place in tokens:
        value: Any = None
        if kind == "bless" and ready and len(stack) < MAX_DEPTH:
            _expect(tokens, "(", text, source)
            stack.append(("bless", []))
            continue
        if kind == "mark" and stack and stack[-1][0] == "bless" and word == ")" and len(stack[-1][1]) == 2:
            value = stack.pop()[1][0]
        elif kind == "mark" and word in CLOSING and ready and len(stack) < MAX_DEPTH:
            stack.append((CLOSING[word], []))
            continue
        elif kind == "mark" and stack and word == stack[-1][0]:
            value = stack.pop()[1]
        elif kind == "mark" and stack and word in (",", "=>") and not ready:
            ready = True
            continue
        elif kind == "list" and ready:  # of strings without escapes, as all arrays of numbers are: read in one go
            value = word.split("','")
        elif kind in ("string", "number", "undef") and ready:
            value = "" if kind == "undef" else word
        else:
            raise _error(word, place, text, source)
        if not stack:
            return value
        stack[-1][1].append(value)
        ready = False
    raise InputError("it is cut short", remedy=REMEDY, file=source)


def _expect(tokens: Iterator[Token], mark: str, text: str, source: str) -> None:
    kind, word, place = next(tokens, ("", "", len(text)))
    if kind != "mark" or word != mark:
        raise _error(word, place, text, source) if kind else InputError("it is cut short", remedy=REMEDY, file=source)


def _error(word: str, place: int, text: str, source: str) -> InputError:
    line = text.count("\n", 0, place) + 1
    return InputError(f"not as a project is written: {word[:40]!r}", remedy=REMEDY, file=source, line=line)
