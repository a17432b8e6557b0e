"""The syntax of CIF 1.1: data blocks of tags and loops (Hall, Allen and Brown, Acta Cryst. A47, 655, 1991)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from firstshell.errors import InputError

_TOKEN = re.compile(r"""'((?:[^']|'(?=\S))*)'(?=\s|$)|"((?:[^"]|"(?=\S))*)"(?=\s|$)|(\S+)""")


@dataclass(frozen=True)
class Value:
    """One value of a CIF and the line it stands on."""

    text: str
    line: int


@dataclass
class Block:
    """One data block: for each tag (lower case, dots as underscores) its values; a loop's columns have equal length."""

    name: str
    line: int
    values: dict[str, list[Value]] = field(default_factory=dict)

    def first(self, *tags: str) -> Value | None:
        """Return the first value of the first tag that has one; "?" and "." are none."""
        found = (self.values[tag][0] for tag in tags if self.values.get(tag))
        return next((value for value in found if value.text not in ("?", ".", "")), None)


def parse_star(text: str, source: str) -> list[Block]:
    """Split CIF text into data blocks.

    Raises
    ------
    InputError : with the line, for an open quote or text field, a tag without value, a value without tag, a tag given
        twice, and a loop whose last row is incomplete

    """
    blocks: list[Block] = []
    loop: list[str] | None = None  # tags of the loop whose head is being read
    rows: list[Value] = []
    columns: list[str] = []
    pending: Value | None = None  # a tag that waits for its value

    def close(line: int) -> None:
        nonlocal loop, columns, rows
        if pending is not None:
            raise InputError(f"{pending.text} has no value", remedy="Correct the CIF", file=source, line=pending.line)
        if loop is not None or len(rows) % max(len(columns), 1):
            what = f"the loop that ends here has {len(rows)} values for {len(columns)} columns"
            raise InputError(what, remedy="Check that the CIF is complete", file=source, line=line)
        for i, tag in enumerate(columns):
            blocks[-1].values[tag] = rows[i :: len(columns)]
        loop, columns, rows = None, [], []

    line = 0
    for token, line, bare in _tokens(text, source):
        word = token.lower() if bare else ""
        if word.startswith("data_"):
            close(line)
            blocks.append(Block(token[5:], line))
        elif word.startswith(("save_", "global_", "stop_")) or not blocks:
            raise InputError(f"{token[:40]!r} has no place here", remedy="Correct the CIF", file=source, line=line)
        elif word == "loop_":
            close(line)
            loop = []
        elif word.startswith("_"):
            tag = word.replace(".", "_")
            if loop is None:
                close(line)
            if tag in blocks[-1].values:
                raise InputError(f"{token} is given twice", remedy="Keep one of them", file=source, line=line)
            blocks[-1].values[tag] = []
            if loop is None:
                pending = Value(tag, line)
            else:
                loop.append(tag)
        elif pending is not None:
            blocks[-1].values[pending.text].append(Value(token, line))
            pending = None
        elif loop or columns:
            columns, loop = loop or columns, None
            rows.append(Value(token, line))
        else:
            raise InputError(f"{token[:40]!r} belongs to no tag", remedy="Correct the CIF", file=source, line=line)
    close(line)
    return blocks


def _tokens(text: str, source: str) -> Iterator[tuple[str, int, bool]]:
    """Yield every token, its line and whether it stands without quotes."""
    field_line, field_text = 0, list[str]()
    for number, row in enumerate(text.splitlines(), start=1):
        if field_line and row.startswith(";"):
            yield "\n".join(field_text).strip(), field_line, False
            field_line, row = 0, row[1:]
        elif field_line:
            field_text.append(row)
            continue
        elif row.startswith(";"):
            field_line, field_text = number, [row[1:]]
            continue
        for match in _TOKEN.finditer(row):
            single, double, bare = match.groups()
            if bare is None:
                yield single if single is not None else double, number, False
            elif bare.startswith("#"):
                break
            elif bare[0] in "'\"":
                raise InputError("a quote is not closed", remedy="Correct the CIF", file=source, line=number)
            else:
                yield bare, number, True
    if field_line:
        raise InputError("the text field is not closed", remedy="End it with ;", file=source, line=field_line)
