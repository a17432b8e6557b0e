"""What every format of measured spectra must do; a new file in `formats/` is tested here with one example of it."""

import gzip
import os
import random
import re
import time

import numpy as np
import pytest

import format_examples
from firstshell.errors import InputError
from firstshell.io.spectra import sniff, text
from firstshell.io.spectra.measured import Measured, PdfHeader
from mutations import mutated

NAMES = list(sniff.formats())
EXAMPLES = {name: getattr(format_examples, name)() for name in NAMES}
TEXTS = [name for name in NAMES if EXAMPLES[name][:2].isascii() and b"\0" not in EXAMPLES[name]]


def written(folder, content):
    path = folder / "spectrum.dat"
    path.write_bytes(content)
    return path


def check(spectra, path):
    assert spectra
    for spectrum in spectra:
        assert isinstance(spectrum, Measured)
        assert len(spectrum.x) == len(spectrum.y) >= 10
        assert spectrum.x.dtype == spectrum.y.dtype == np.float64
        assert np.isfinite(spectrum.x).all()
        assert np.isfinite(spectrum.y).all()
        assert (np.diff(spectrum.x) > 0).all()
        assert spectrum.reference is None or np.isfinite(spectrum.reference).all()
        assert spectrum.reference is None or spectrum.reference.shape == spectrum.x.shape
        assert spectrum.source == path.name
        assert spectrum.name
        assert all(isinstance(word, str) for item in spectrum.header.items() for word in item)
        assert isinstance(spectrum.pdf, PdfHeader) == (spectrum.kind == "pdf")
    assert spectrum.kind != "xanes" or 10 <= spectrum.x[0] < spectrum.x[-1] <= 200_000


def attempt(path, name=None):
    """Read a file that may be spoilt: sound spectra or one clear error that names the file, nothing else."""
    try:
        spectra = sniff.read_measured(path, name)
    except InputError as raised:
        error = raised
    else:
        check(spectra, path)
        return spectra
    assert str(path) in str(error)
    assert error.remedy
    assert len(str(error)) < 1000 + len(str(path))
    return None


@pytest.mark.parametrize("name", NAMES)
def test_members(name):
    module = sniff.formats()[name]
    assert module.name == name
    assert module.__doc__
    for head in (b"", b"\0" * 100, b"\xff\xfe", b"\x1f\x8b", os.urandom(1000)):
        assert 0 <= module.sniff(head) <= 1


@pytest.mark.parametrize("name", NAMES)
def test_the_content_tells_the_format(name, tmp_path):
    path = written(tmp_path, EXAMPLES[name])
    surest = [other for other in NAMES if sniff.formats()[other].sniff(EXAMPLES[name][: sniff.HEAD]) > 0]
    assert max(surest, key=lambda other: sniff.formats()[other].sniff(EXAMPLES[name][: sniff.HEAD])) == name
    spectra = sniff.read_measured(path)
    check(spectra, path)
    again = sniff.read_measured(path, name)
    for one, other in zip(spectra, again, strict=True):
        assert np.array_equal(one.x, other.x)
        assert np.array_equal(one.y, other.y)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_file_of_it_is_refused(name, tmp_path):
    refused = [tmp_path, tmp_path / "absent.dat", written(tmp_path, b"")]
    os.mkfifo(tmp_path / "pipe")
    for path in [*refused, tmp_path / "pipe", "nul\0.dat"]:
        for chosen in (name, None):
            with pytest.raises(InputError):
                sniff.read_measured(path, chosen)
    source = random.Random(1)
    for content in (
        b"\n",
        b"hello\n",
        b"\0" * 5000,
        b"\xff\xfe\x00",
        bytes(range(256)) * 40,
        "λ 1 2\n".encode("utf-16") * 30,
        *(source.randbytes(size) for size in (3, 30, 3000)),
        *(EXAMPLES[name][:8] + source.randbytes(3000) for _ in range(5)),
    ):
        path = written(tmp_path, content)
        with pytest.raises(InputError):
            sniff.read_measured(path, name)


@pytest.mark.parametrize("name", NAMES)
def test_another_format_is_refused_or_read_soundly(name, tmp_path):
    for other in NAMES:
        attempt(written(tmp_path, EXAMPLES[other]), name)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_cut_short_is_refused_or_gives_no_more_than_it_has(name, tmp_path):
    whole = sniff.read_measured(written(tmp_path, EXAMPLES[name]))[0]
    for length in np.linspace(1, len(EXAMPLES[name]) - 1, 40).astype(int):
        cut = attempt(written(tmp_path, EXAMPLES[name][:length]), name)
        assert cut is None or np.isin(cut[0].x[:-1], whole.x).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_spoilt_files_never_escape(name, tmp_path):
    """`bench/fuzz.py` does this with 2,000 mutations of each format."""
    for number in range(200):
        start = time.process_time()
        attempt(written(tmp_path, mutated(EXAMPLES[name], f"7/{name}/{number}")), name if number % 2 else None)
        assert time.process_time() - start < 5


@pytest.mark.parametrize("name", NAMES)
def test_a_file_beyond_the_limit_is_refused(name, tmp_path):
    path = written(tmp_path, EXAMPLES[name])
    with path.open("r+b") as file:
        file.truncate(text.MAX_BYTES + 1)  # sparse: takes no room on the disk
    assert (attempt(path, name) is None) or name == "nxxas"


@pytest.mark.parametrize("name", [*TEXTS, None])
def test_500_mb_of_text_are_refused_unread(name, tmp_path):
    path = tmp_path / "large.dat"
    path.write_bytes(b"7000.0 0.5\n" * 7000)
    with path.open("r+b") as file:
        file.truncate(500_000_000)  # the rest is sparse
    start = time.process_time()
    with pytest.raises(InputError, match=r"the file is larger than [15]0 MB. Give one spectrum per file"):
        sniff.read_measured(path, name)
    assert time.process_time() - start < 2


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.replace(b"\n", b"\r\n"),
        lambda content: content.replace(b"\n", b"\r"),
        lambda content: b"\xef\xbb\xbf" + content,
        lambda content: content.decode().encode("utf-16"),
        lambda content: content + b"\n\n  \n",
        lambda content: content.replace(b"\n", b"  \n"),
        lambda content: re.sub(rb"(?m)^(\s*[0-9.+-][^#=e\n]*)$", rb"\1D+00", content),
    ],
    ids=["CR LF", "CR", "BOM", "UTF-16", "empty lines", "blanks", "D exponents"],
)
def test_how_the_text_is_written_does_not_matter(name, change, tmp_path):
    plain = sniff.read_measured(written(tmp_path, EXAMPLES[name]))[0]
    other = sniff.read_measured(written(tmp_path, change(EXAMPLES[name])))[0]
    assert np.array_equal(plain.x, other.x)
    assert np.array_equal(plain.y, other.y)


@pytest.mark.parametrize("name", [name for name in TEXTS if b"\n#" in EXAMPLES[name]])
def test_latin_1_in_a_comment_is_read(name, tmp_path):
    lines = EXAMPLES[name].decode().split("\n")
    comment = max(i for i, line in enumerate(lines) if line.startswith("#") and "energy" not in line.lower() + "omega")
    lines.insert(comment if name == "xdi" else 1, "# Proben.name: Größe in µm")
    plain = sniff.read_measured(written(tmp_path, EXAMPLES[name]))[0]
    other = sniff.read_measured(written(tmp_path, "\n".join(lines).replace("Å", "A").encode("latin-1")))[0]
    assert np.array_equal(plain.y, other.y)


def outcome(path, name):
    """Return the line that a file is refused for, and the notes that it is read with."""
    try:
        (spectrum, *_) = sniff.read_measured(path, name)
    except InputError as error:
        return error.line, ()
    assert np.isfinite(spectrum.y).all()
    return None, [note for each in (spectrum, *spectrum.others) for note in each.notes]


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("word", [b"nan", b"NaN", b"-inf", b"1e400", b"1_000", b"x", b"1.2.3", b"0x10", b"--", b"1 2"])
def test_a_bad_value_is_refused_or_left_out_with_its_line(name, word, tmp_path):
    lines = EXAMPLES[name].rstrip(b"\n").split(b"\n")
    for place in (-1, -10, -30):
        spoilt = [*lines]
        spoilt[place] = b" ".join([*spoilt[place].split()[:-1], word])
        path = written(tmp_path, b"\n".join(spoilt) + b"\n")
        line = len(lines) + 1 + place
        where, notes = outcome(path, name)
        assert where == line or any(re.search(rf"line {line}\b", note) for note in notes)


@pytest.mark.parametrize("name", TEXTS)
def test_rows_twice_or_in_another_order_are_refused_or_sorted(name, tmp_path):
    lines = EXAMPLES[name].rstrip(b"\n").split(b"\n")
    table = lines[-30:]
    for changed in (table[::-1], [*table, table[-1]], [*table[:7], *table[:7], *table[7:]], table + table):
        attempt(written(tmp_path, b"\n".join(lines[:-30] + changed) + b"\n"), name)


def test_unknown_names_and_contents(tmp_path):
    for content in (b"hello\n", gzip.compress(b"hello\n" * 100), bytes(range(256)), b"\0" * 100, b"1 2\n3 4\n"):
        with pytest.raises(InputError, match="no format of measured spectra is recognised in it"):
            sniff.read_measured(written(tmp_path, content))
    with pytest.raises(InputError, match=r"no format 'xdl'.*Did you mean 'xdi'"):
        sniff.read_measured("x", "xdl")
