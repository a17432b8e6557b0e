"""χ(k) in files: powers of k that names say and values confirm."""

import numpy as np
import pytest

from firstshell.errors import InputError
from firstshell.io.spectra.sniff import read_measured

K = np.arange(0.05, 12.01, 0.05)
CHI = 0.8 / (K + 0.5) * np.exp(-0.012 * K**2) * np.sin(4.0 * K + 0.5)


def written(folder, names, values, head=""):
    rows = "".join(f"{k:.4f} {value:.8e} 0.0\n" for k, value in zip(K, values, strict=True))
    path = folder / "made.chi"
    path.write_text(f"{head}# {names} chi_im\n{rows}", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("names", "power"),
    [
        ("k chi", 0),
        ("k  chi(k)", 0),
        ("k  chik", 1),
        ("k k2chi", 2),
        ("k k^2*chi(k)", 2),
        ("k chik3", 3),
        ("k k³χ(k)", 3),
    ],
)
def test_the_name_says_the_power_of_k(names, power, tmp_path):
    (found,) = read_measured(written(tmp_path, names, CHI * K**power, "# Element.symbol: Fe\n"))
    assert (found.kind, found.element) == ("exafs", "Fe")
    assert np.allclose(found.x, K)
    assert np.allclose(found.y, CHI, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("power", [2, 3])
def test_values_of_a_higher_power_than_the_name_says(power, tmp_path):
    with pytest.raises(InputError, match=r"named χ\(k\), but its values are weighted by a higher power") as raised:
        read_measured(written(tmp_path, "k chi", CHI * K**power))
    assert "k2chi" in raised.value.remedy


def test_values_of_a_lower_power_than_the_name_says(tmp_path):
    with pytest.raises(InputError, match="weighted by a lower power"):
        read_measured(written(tmp_path, "k k3chi", CHI))


def test_r_space_is_named(tmp_path):
    with pytest.raises(InputError, match="Fourier transform of EXAFS"):
        read_measured(written(tmp_path, "r chir_mag", np.abs(CHI)))


def test_k_that_turns_back(tmp_path):
    path = written(tmp_path, "k chi", CHI)
    path.write_text(path.read_text(encoding="utf-8") + "5.0 0.1 0.0\n", encoding="utf-8")
    with pytest.raises(InputError, match="k does not increase"):
        read_measured(path)


def test_each_column_has_one_name(tmp_path):
    path = written(tmp_path, "k (1/Å)  chi", CHI)
    assert len(read_measured(path)) == 1
    path.write_text(path.read_text(encoding="utf-8").replace("chi_im", "chi_re chi_im"), encoding="utf-8")
    with pytest.raises(InputError, match=r"its head names 4 columns \(k, chi, chi_re, chi_im\) where rows have 3"):
        read_measured(path)
