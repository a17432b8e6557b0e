"""What a user says of the columns of a scan: "energy=1,mu=ln(3/4)". Parsed, never evaluated as a program."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from firstshell.errors import InputError
from firstshell.types import Array

MAX_TEXT, MAX_DEPTH = 500, 20
TOKEN = re.compile(r"\s*(?:(?P<column>\$?\d{1,4})|(?P<name>[A-Za-z_][A-Za-z0-9_.]*)|(?P<mark>[-+*/()]))", re.ASCII)
PART = re.compile(r"\s*(energy|mu)\s*=\s*(.+?)\s*", re.DOTALL)
EXAMPLE = "Say it as in energy=1,mu=ln(3/4) or energy=1,mu=(5+6)/2; columns are numbered from 1"

Value = Callable[[Callable[[str], Array]], Array]


@dataclass(frozen=True, eq=False)
class Chosen:
    """The columns that were asked for.

    energy, mu : (n,)
    how : the formula of μ, as given
    """

    energy: Array
    mu: Array
    how: str


@dataclass(frozen=True)
class ColumnChoice:
    """Formulas of energy and μ, as parsed by `parse_columns`."""

    energy: Value
    mu: Value
    how: str

    def of(self, table: Array, labels: Sequence[str], source: str) -> Chosen:
        """Return energy and μ of a table (n, columns); InputError for columns that it does not have."""

        def column(word: str) -> Array:
            digits = word.lstrip("$")
            place = int(digits) - 1 if digits.isdecimal() else next((i for i, n in enumerate(labels) if n == word), -1)
            if not 0 <= place < table.shape[1]:
                what = f"there is no column {word} among the {table.shape[1]} of the table"
                raise InputError(what, remedy=EXAMPLE, file=source)
            return np.asarray(table[:, place])

        with np.errstate(all="ignore"):
            energy, mu = self.energy(column), self.mu(column)
        return Chosen(energy, np.where(np.isfinite(mu), mu, np.nan), self.how)


def parse_columns(text: str) -> ColumnChoice:
    """Parse "energy=1,mu=ln(3/4)": numbers or names of columns, + - * /, ln or log, and brackets.

    Raises InputError for anything else.
    """
    matches = [PART.fullmatch(piece) for piece in text[:MAX_TEXT].split(",")]
    parts: dict[str, str] = {match[1]: match[2] for match in matches if match}
    if len(text) > MAX_TEXT or set(parts) != {"energy", "mu"} or text.count(",") != 1:
        raise InputError(f"--columns {text[:80]!r} does not give energy and mu", remedy=EXAMPLE)
    return ColumnChoice(_Parser(parts["energy"]).parse(), _Parser(parts["mu"]).parse(), parts["mu"].replace(" ", ""))


class _Parser:
    """A parser by recursive descent of sums of products."""

    def __init__(self, text: str) -> None:
        self.text, self.place, self.depth = text, 0, 0
        self.kind, self.word = "", ""
        self._next()

    def parse(self) -> Value:
        value = self._sum()
        if self.kind:
            raise self._error()
        return value

    def _next(self) -> None:
        if not self.text[self.place :].strip():
            self.kind, self.word = "", ""
            return
        match = TOKEN.match(self.text, self.place)
        if match is None:
            self.word = self.text[self.place :].strip()[:20]
            raise self._error()
        self.kind = match.lastgroup or ""
        self.word, self.place = match[self.kind], match.end()

    def _sum(self) -> Value:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self._error()
        value = self._product()
        while self.word in ("+", "-"):
            sign = self.word
            self._next()
            value = _joined(value, sign, self._product())
        self.depth -= 1
        return value

    def _product(self) -> Value:
        value = self._factor()
        while self.word in ("*", "/"):
            sign = self.word
            self._next()
            value = _joined(value, sign, self._factor())
        return value

    def _factor(self) -> Value:
        kind, word = self.kind, self.word
        self._next()
        if word == "-":
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise self._error()
            inner = self._factor()
            return lambda column: -inner(column)
        if word == "(" or (kind == "name" and self.word == "(" and word.lower() in ("ln", "log")):
            if kind == "name":
                self._next()
            inner = self._sum()
            if self.word != ")":
                raise self._error()
            self._next()
            return inner if word == "(" else lambda column: np.asarray(np.log(inner(column)))
        if kind in ("column", "name"):
            return lambda column: column(word)
        raise self._error()

    def _error(self) -> InputError:
        return InputError(f"--columns: {self.text[:60]!r} is no formula of columns", remedy=EXAMPLE)


def _joined(one: Value, sign: str, two: Value) -> Value:
    return {
        "+": lambda column: one(column) + two(column),
        "-": lambda column: one(column) - two(column),
        "*": lambda column: one(column) * two(column),
        "/": lambda column: one(column) / two(column),
    }[sign]
