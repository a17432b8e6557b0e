"""Seeded ways to spoil a file of a measured spectrum; compressed and binary files are spoilt inside as well."""

import gzip
import random
import re

NUMBER = re.compile(rb"[+-]?\d+\.?\d*(?:[eE][+-]?\d+)?")
BAD_NUMBERS = (
    b"nan", b"NaN", b"inf", b"-inf", b"Infinity", b"1e308", b"-1e308", b"1e400", b"1e-320", b"0", b"-0.0", b"1e99999",
    b"999999999999999999999999999999", b"0x1F", b"1,5", b"1.2.3", b"", b"--1", b"1_000", b"\xd9\xa1\xd9\xa2", b"1e",
)  # fmt: skip
WORDS = (
    b"#", b"# XDI/1.0", b"#### start data", b"[record]", b"@args = (", b"$old_group = 'x';", b"#L Q S(Q)", b"[DEFAULT]",
    b"\0\0\0\0", b"\xff\xfe", b"\xef\xbb\xbf", b"{" * 500, b"(" * 500, b"'" * 99, b"a" * 30_000, b"=" * 100,
    b"1 " * 9999,
)  # fmt: skip


def flip_bits(content, source):
    for _ in range(source.choice((1, 8, 64))):
        content[source.randrange(len(content))] ^= 1 << source.randrange(8)
    return content


def overwrite_bytes(content, source):
    for _ in range(source.choice((1, 4, 32))):
        content[source.randrange(len(content))] = source.choice(b"\0\n\r\t #-+eED.,;:'\"[](){}=@$%/\\0179nN\xff\x80")
    return content


def truncate(content, source):
    return content[: source.randrange(len(content))]


def cut_out(content, source):
    start = source.randrange(len(content))
    return content[:start] + content[start + source.randrange(1, 2000) :]


def drop_lines(content, source):
    lines = content.split(b"\n")
    for _ in range(min(len(lines) - 1, source.choice((1, 3, 20)))):
        del lines[source.randrange(len(lines))]
    return b"\n".join(lines)


def double_lines(content, source):
    lines = content.split(b"\n")
    for _ in range(source.choice((1, 3, 20))):
        place = source.randrange(len(lines))
        lines.insert(source.randrange(len(lines)), lines[place])
    return b"\n".join(lines)


def shuffle_lines(content, source):
    lines = content.split(b"\n")
    start = source.randrange(len(lines))
    part = lines[start : start + 30]
    source.shuffle(part)
    return b"\n".join(lines[:start] + part + lines[start + 30 :])


def spoil_numbers(content, source):
    places = list(NUMBER.finditer(bytes(content)))
    for match in sorted(source.sample(places, min(len(places), source.choice((1, 2, 10)))), key=lambda m: -m.start()):
        content[match.start() : match.end()] = source.choice(BAD_NUMBERS)
    return content


def scale_a_column(content, source):
    """One column of every row by a power of ten, as with a wrong unit or overflow."""
    factor, place = source.choice((b"e3", b"e-3", b"e15", b"e300", b"e-300", b"e306")), source.randrange(3)

    def change(row):
        words = row[0].split()
        if place < len(words) and b"e" not in words[place].lower():
            words[place] += factor
        return b" ".join(words)

    return re.sub(rb"(?m)^[\s\d.+eE-]+$", change, content)


def huge_counts(content, source):
    """Integers as if there were very many of something: lengths, shapes, numbers of columns."""
    for match in source.sample(found := list(re.finditer(rb"\d+", bytes(content))), min(3, len(found))):
        huge = source.choice((b"2147483648", b"18446744073709551615", b"9" * 400))
        content[match.start() : match.start() + min(len(huge), match.end() - match.start())] = huge[: len(match[0])]
        if source.random() < 0.3:
            return content[: match.start()] + huge + content[match.end() :]
    return content


def other_encoding(content, source):
    text = bytes(content).decode("latin-1")
    encoding = source.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8", "cp500", "utf-7"))
    return text.replace("1", source.choice("1¹１١")).encode(encoding, errors="replace")


def insert_words(content, source):
    for _ in range(source.choice((1, 3))):
        place = source.choice((0, source.randrange(len(content) + 1)))
        content[place:place] = source.choice(WORDS) + source.choice((b"", b"\n"))
    return content


def repeat_all(content, source):
    return content * source.choice((2, 3, 50))


MUTATIONS = (
    flip_bits, overwrite_bytes, truncate, cut_out, drop_lines, double_lines, shuffle_lines, spoil_numbers,
    scale_a_column, huge_counts, other_encoding, insert_words, repeat_all,
)  # fmt: skip


def mutated(content, seed):
    """The content spoilt once, or several times, as the seed has it."""
    source = random.Random(seed)
    inside = content[:2] == b"\x1f\x8b" and source.random() < 0.7
    spoilt = bytearray(gzip.decompress(content) if inside else content)
    for _ in range(source.choice((1, 1, 1, 2, 3))):
        spoilt = bytearray(source.choice(MUTATIONS)(spoilt, source)) or bytearray(b"\n")
    return gzip.compress(bytes(spoilt), 1, mtime=0) if inside else bytes(spoilt)
