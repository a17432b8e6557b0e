from dataclasses import replace

import numpy as np
import pytest

from firstshell.dataset.paths import SitePaths
from firstshell.match.exafs_scan import CONDITIONS, ExafsScan, K, spectra_of
from two_shells import sites, waves


def test_the_right_structure_has_the_most_evidence():
    kinds = {name: sites(*name) for name in ((1.95, 3.1), (2.05, 3.1), (2.05, 3.4))}
    scan = ExafsScan(waves(kinds[2.05, 3.1]))
    found = {name: scan.compare(spectra_of(each)) for name, each in kinds.items()}
    assert max(found, key=lambda name: found[name].evidence) == (2.05, 3.1)
    assert found[2.05, 3.1].distance < 0.05 < found[1.95, 3.1].distance


def test_threshold_and_strain_are_found():
    made = sites(2.0, 3.0)
    found = ExafsScan(waves(made, e0=3.0, strain=0.01)).compare(spectra_of(made))
    assert (found.e0, found.strain) == (3.0, pytest.approx(0.01))
    assert found.distance < 0.05


def test_an_amplitude_that_no_sample_has_is_no_fit():
    made = sites(2.0, 3.0)
    scan = ExafsScan(waves(made, s02=4.0))
    assert scan.compare(spectra_of(made)).distance > 0.5


def test_sites_are_averaged_by_their_numbers():
    one, two = sites(2.0, 3.0), sites(2.2, 3.3)
    both = spectra_of([one[0], replace_count(two[0], 3)])
    assert np.allclose(both, 0.25 * spectra_of(one) + 0.75 * spectra_of(two))
    assert both.shape == (len(CONDITIONS.e0), len(K))


def replace_count(site, count):
    return SitePaths(count, site.table)


def test_a_short_scan_is_compared_as_far_as_it_goes():
    made = sites(2.0, 3.0)
    whole = waves(made)
    short = replace(whole, k=whole.k[whole.k < 8.0], chi=whole.chi[whole.k < 8.0])
    assert ExafsScan(short).compare(spectra_of(made)).distance < 0.05
