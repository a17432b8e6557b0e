"""Datasets fetched from the stand-in of the Materials Project, as several tests need them."""

from firstshell.dataset.fetch import FetchOptions, fetch
from firstshell.io.materials_project.client import Api
from firstshell.simulation import xanes
from firstshell.types import Grid, Spectrum
from mock_mp import KEY, MockApi, curve, rutile, serve, summary_document, xas_document

IRON = FetchOptions(("Fe",))


def client(mock):
    return Api(mock.endpoint, KEY, tries=2, pause=0.001)


def fetch_iron(tmp_path, xas, summary=(), options=IRON, **api):
    """Fetch documents of iron, beside one that is as it should be (mp-1)."""
    good = rutile("Fe")
    documents = [xas_document("mp-1", "Fe", good, 0), *xas]
    with serve(MockApi(documents, [summary_document("mp-1", good), *summary], **api)) as mock:
        return fetch(tmp_path / "mp.parquet", options, api=client(mock), workers=0), mock


def on_grid(metal, shift=0.0):
    return xanes.prepare(xanes_spectrum(metal, shift), xanes.XanesParams()).values


def xanes_spectrum(metal, shift):
    energy, mu = curve(metal, shift)
    return Spectrum(Grid(energy, "Energy", "eV"), mu, "xanes", "μ(E)", "edge steps", metal)
