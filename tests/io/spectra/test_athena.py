"""Athena projects: every group of μ(E), and nothing evaluated."""

import gzip
import re
import time

import numpy as np
import pytest

from firstshell.errors import InputError
from firstshell.io.spectra import athena, perl
from firstshell.io.spectra.athena import read
from firstshell.io.spectra.sniff import read_measured
from format_examples import athena_group, athena_json, athena_text, edge


def written(folder, content):
    path = folder / "a.prj"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_groups_with_their_shift_and_settings(tmp_path):
    text = athena_text(athena_group("aaaa"), athena_group("bbbb", shift=1.5, label="", is_xmu=0, is_nor=1))
    energy, mu = edge()
    for content in (text, gzip.compress(text.encode()), text.replace("\n", "\r\n")):
        first, second = read_measured(written(tmp_path, content))
        assert np.allclose(first.x, energy, rtol=1e-8)
        assert np.allclose(second.x, energy + 1.5, rtol=1e-8)
        assert np.allclose(first.y, mu, atol=1e-8)
        assert (first.name, first.element, first.edge, first.e0, first.normalised) == (
            "it's Fe",
            "Fe",
            "K",
            7112.0,
            False,
        )
        assert (second.name, second.e0, second.normalised) == ("bbbb", 7113.5, True)
        assert first.header["titles"].splitlines() == ["one", "two", "lines"]


def test_json_projects(tmp_path):
    second, first = read_measured(written(tmp_path, athena_json()))
    assert np.allclose(second.x - first.x, 1.5)
    assert (first.name, first.element) == ("it's Fe", "Fe")


def chi_group(values=None, **changed):
    k = np.arange(0.0, 12.01, 0.05)
    chi = 0.8 / (k + 0.5) * np.exp(-0.012 * k**2) * np.sin(4.0 * k + 0.5)
    tag, args, _, _ = athena_group("waves", is_xmu=0, is_chi=1, **{"label": "EXAFS", **changed})
    return tag, args, k, chi if values is None else values(k, chi)


def test_other_kinds_of_groups_are_left_out(tmp_path):
    other = [athena_group("cccc", is_xmu=0, is_rsp=1), chi_group(is_fit=1)]
    assert [m.name for m in read(written(tmp_path, athena_text(athena_group("aaaa"), *other)))] == ["it's Fe"]
    with pytest.raises(InputError, match=r"no group of μ\(E\) or χ\(k\) in it"):
        read(written(tmp_path, athena_text(*other)))


def test_groups_of_chi_are_read_as_files_of_it_are(tmp_path):
    scan, waves = read(written(tmp_path, athena_text(chi_group(), athena_group("aaaa"))))
    assert (scan.kind, waves.kind, waves.name, waves.element) == ("xanes", "exafs", "EXAFS", "Fe")
    _, _, k, chi = chi_group()
    assert np.allclose(waves.x, k)
    assert np.allclose(waves.y, chi, atol=1e-8)
    (nameless,) = read(written(tmp_path, athena_text(chi_group(label="", bkg_z="H"))))
    assert (nameless.name, nameless.element) == ("waves", None)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (lambda k, chi: k**2 * chi, "weighted by a higher power of k. Import it into Athena without a weight"),
        (lambda _, chi: chi[:-1], "241 places on the axis but 240 values"),
        (lambda _, chi: np.append(chi[:-1], np.nan), "not finite"),
        (lambda _, chi: 0 * chi, "constant"),
    ],
)
def test_spoilt_groups_of_chi_are_named_and_stop_no_other(values, message, tmp_path):
    with pytest.raises(InputError, match=rf"group 'EXAFS' of χ\(k\): .*{message}"):
        read(written(tmp_path, athena_text(chi_group(values))))
    (scan,) = read(written(tmp_path, athena_text(athena_group("aaaa"), chi_group(values))))
    (note,) = scan.notes
    assert note.startswith("group 'EXAFS' of χ(k): ")
    assert note.endswith(": left out")


def test_the_foil_of_a_group(tmp_path):
    foil = athena_group("foil", referencegroup=1, reference="aaaa", label="foil")
    other = athena_group("foil", shift=3.0, referencegroup=1)
    sample = athena_group("aaaa", reference="foil")
    first, second = read(written(tmp_path, athena_text(sample, foil)))
    assert np.array_equal(first.reference, second.y)
    assert second.reference is None
    assert read(written(tmp_path, athena_text(sample, other)))[0].reference is None


def test_a_foil_of_the_project_serves_its_groups(tmp_path):
    energy, mu = edge()
    foil = athena_group("ffff", shift=2.0, label="Fe foil")
    groups = [athena_group("aaaa"), foil, athena_group("cccc", label="a Cu foil"), athena_group("dddd", shift=0.5)]
    first, own, other, last = read(written(tmp_path, athena_text(*groups)))
    assert np.allclose(first.reference, np.interp(energy, energy + 2.0, mu), atol=1e-7)
    assert np.allclose(last.reference, np.interp(energy + 0.5, energy + 2.0, mu), atol=1e-7)
    assert own.reference is None
    assert other.reference is not None  # iron on another metal's foil


@pytest.mark.parametrize(
    ("name", "is_foil"),
    [
        ("Fe foil", True),
        ("FE_FOIL.001", True),
        ("cal fefoil", True),
        ("foil-Fe", True),
        ("Fe metal", True),
        ("FeO on foil", False),
        ("Al foil", False),
        ("cafe foil", False),
        ("Fe metallurgical slag", False),
        ("Fe", False),
    ],
)
def test_which_groups_are_foils(tmp_path, name, is_foil):
    groups = [athena_group("aaaa"), athena_group("ffff", label=name)]
    assert (read(written(tmp_path, athena_text(*groups)))[0].reference is not None) == is_foil


def changed(old, new, count=1):
    text = athena_text(athena_group())
    assert old in text
    return text.replace(old, new, count)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (changed("# Athena", "# Artemis"), "does not begin as an Athena project"),
        (changed("@x = (", "@x = system('ls'); ("), "not as a project is written: .system"),
        (changed("@x = (", "@x = (`ls`,"), ":7: not as a project is written: .`ls`"),
        (changed("@x = (", "print 1; @x = ("), "not as a project is written: .print"),
        (changed("@y = (", "@y = (1 2,"), "not as a project is written: '2'"),
        (changed("@y = (", "@y = (,"), "not as a project is written: ','"),
        (changed("@y = (", "@y = (["), "not as a project is written"),
        (changed("@y = (", "@y = (nan,"), "not as a project is written: .nan"),
        (changed("@y = (", "@y = ('nan',"), "120 places on the axis but 121"),
        (changed("@y = ('", "@y = ('x"), 'group "it\'s Fe": a value that is not a number'),
        (changed("@y = (", "@y = ([],"), "not a number"),
        (changed("@args = (", "@args = ('odd',"), "group 1 has settings without a value"),
        (changed("@args = (", "@args = ([],1,"), "group 1 has settings without a value"),
        (changed("@y = ", "@yy = "), "group 1 lacks its settings or its arrays"),
        (changed("@x = ", "@args = "), "group 1 lacks"),
        (changed("[record]", ""), "the project has no end"),
        (changed("1;\n", ""), "the project has no end"),
        (changed("@y = (", "@y = " + "(" * 30), "not as a project is written"),
        (changed("'it\\'s Fe'", "'it"), "not as a project is written|cut short"),
        (athena_json().replace(b'"x": [', b'"x": [[1], '), "not a number|but"),
        (athena_json().replace(b'"x": [', b'"x": {}, "z": ['), "group 1 lacks"),
        (athena_json().replace(b'["bbbb", "aaaa"]', b'["bbbb", "cccc"]'), "its groups are not"),
        (athena_json()[:-40], "not JSON"),
        (athena_json().replace(b'"y": [', b'"y": ' + b"[" * 100_000), "not JSON"),
        (b"\x1f\x8b" + b"x" * 100, "a corrupt archive"),
        (gzip.compress(changed("x", "x").encode(), mtime=0)[:-20], "cut short|corrupt"),  # one name for all workers
    ],
)
def test_spoilt_projects_are_refused(content, message, tmp_path):
    with pytest.raises(InputError, match=message):
        read(written(tmp_path, content))


def test_limits(tmp_path, monkeypatch):
    bomb = gzip.compress(b"# Athena project file" + b"1" * athena.MAX_TEXT, compresslevel=1)
    with pytest.raises(InputError, match="unpacks to over 50 MB"):
        read(written(tmp_path, bomb))
    monkeypatch.setattr(athena, "MAX_GROUPS", 3)
    with pytest.raises(InputError, match="over 3 groups"):
        read(written(tmp_path, athena_text(*[athena_group(str(i)) for i in range(5)])))
    monkeypatch.setattr(perl, "MAX_TOKENS", 1000)
    with pytest.raises(InputError, match="over 1,000 words"):
        list(perl.statements("@x = (" + "1," * 1000 + ");", "x"))


@pytest.mark.parametrize("unit", ["'a", "'", "\\", "[", "1,", "''", "{'a'=>", "# ", " ", "@x = (1);\n", "@", "1;"])
def test_time_grows_with_the_length_and_no_faster(unit):
    def seconds(text):
        started = time.process_time()
        try:
            for _ in perl.statements(text, "x"):
                pass
        except InputError:
            pass
        return time.process_time() - started

    assert seconds("@x = (" + unit * (200_000 // len(unit))) < 2.0


def test_published_projects(shared):
    folder = shared / "data" / "measured" / "xanes"
    if not folder.is_dir():
        pytest.skip("no measured files here")
    projects = {path.name: read_measured(path) for path in sorted(folder.glob("*.prj"))}
    counts = {name: len(spectra) for name, spectra in projects.items()}
    assert counts == {"Fe-K-ALS-10.3.2.prj": 8, "Fe.prj": 5, "Mn.prj": 14, "athena4.prj": 21, "tipb.prj": 3}
    for spectra in projects.values():
        for spectrum in spectra:
            # The e0 that its author chose lies on the rise of the spectrum as it stands here, shift included.
            near = np.abs(spectrum.x - spectrum.e0) < 8
            step = np.ptp(spectrum.y[np.abs(spectrum.x - spectrum.e0) < 40])
            assert np.ptp(spectrum.y[near]) > 0.15 * step, spectrum.name


def test_published_values(shared):
    folder = shared / "data" / "measured" / "xanes"
    if not folder.is_dir():
        pytest.skip("no measured files here")
    text = gzip.decompress((folder / "Mn.prj").read_bytes()).decode()
    x, y = (
        [np.array(row.strip("'").split("','"), float) for row in re.findall(rf"@{n} = \((.*)\);", text)] for n in "xy"
    )
    shifts = [float(word) for word in re.findall(r"'bkg_eshift','?([\d.]+)", text)]
    spectra = read_measured(folder / "Mn.prj")
    assert spectra[-1].name == "Mn3O4"
    assert shifts[-1] == 19.1
    for spectrum, energy, mu, shift in zip(spectra, x, y, shifts, strict=True):
        order = np.argsort(energy)
        assert np.allclose(np.interp(spectrum.x, energy[order] + shift, mu[order]), spectrum.y, atol=2e-3)
        assert set(spectrum.x) == set(energy + shift)
