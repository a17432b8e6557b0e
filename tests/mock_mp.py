"""A stand-in for the API of the Materials Project on the loopback, and documents in the shapes that it sends."""

from __future__ import annotations

import gzip
import json
import threading
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import numpy as np
from pymatgen.core import Lattice, Structure

KEY = "k3yK3yk3yK3yk3yK3yk3yK3yk3yK3y32"
EDGES = {"Ti": 4966.0, "Mn": 6539.0, "Fe": 7112.0, "Cu": 8979.0}
VERSION = "2025.09.25"


@cache
def _primitive(group, cell, places):
    """Primitive cell with iron for the metal; finding it takes most of a second."""
    species = ["Fe"] * (len(places) - 1) + ["O"]
    return Structure.from_spacegroup(
        group, Lattice.from_parameters(*cell, 90, 90, 90), species, places
    ).get_primitive_structure()


def _oxide(metal, *crystal):
    structure = _primitive(*crystal).copy()
    structure.replace_species({"Fe": metal})
    return structure


def rock_salt(metal, a=4.3):
    """Two atoms: one distinct site."""
    cubic = _oxide(metal, "Fm-3m", (4.3, 4.3, 4.3), ((0, 0, 0), (0.5, 0.5, 0.5)))
    return Structure(cubic.lattice.matrix * a / 4.3, cubic.species, cubic.frac_coords)


def rutile(metal):
    """Six atoms: one distinct site, occupied by two of them."""
    return _oxide(metal, "P4_2/mnm", (4.6, 4.6, 2.96), ((0, 0, 0), (0.305, 0.305, 0)))


def spinel(metal):
    """14 atoms: tetrahedral and octahedral sites of one metal."""
    return _oxide(metal, "Fd-3m:2", (8.5, 8.5, 8.5), ((0.125, 0.125, 0.125), (0.5, 0.5, 0.5), (0.2625, 0.2625, 0.2625)))


def curve(metal, shift=0.0, points=100):
    """Energies in eV and absorption in edge steps, spanning what the API's spectra span."""
    energy = np.linspace(EDGES[metal] + 2.0, EDGES[metal] + 62.0, points)
    mu = 0.5 + np.arctan((energy - EDGES[metal] - 9 - shift) / 1.2) / np.pi
    return energy, mu + 0.4 * np.exp(-(((energy - EDGES[metal] - 15 - shift) / 3) ** 2))


def xas_document(name, metal, structure, absorber=None, shift=0.0, licence="BY-C"):
    """A document of materials/xas; `absorber` None is an average over sites."""
    energy, mu = curve(metal, shift)
    return {
        "builder_meta": {"emmet_version": "0.84.9", "pymatgen_version": "2025.6.14", "license": licence},
        "nsites": len(structure),
        "elements": sorted(e.symbol for e in structure.elements),
        "formula_pretty": structure.composition.reduced_formula,
        "chemsys": structure.chemical_system,
        "spectrum_name": "XAS",
        "task_id": name,
        "last_updated": "2022-10-10T07:27:25.143000",
        "warnings": [],
        "spectrum": {
            "@module": "pymatgen.analysis.xas.spectrum",
            "@class": "XAS",
            "@version": "2022.0.8",
            "x": energy.tolist(),
            "y": mu.tolist(),
            "structure": structure.as_dict(),
            "absorbing_element": {"@module": "pymatgen.core.periodic_table", "@class": "Element", "element": metal},
            "edge": "K",
            "spectrum_type": "XANES",
            "absorbing_index": absorber,
        },
        "absorbing_element": metal,
        "spectrum_type": "XANES",
        "edge": "K",
    }


def summary_document(name, structure, licence="BY-C"):
    """A document of materials/summary; its structure has another order of atoms than that of materials/xas."""
    turned = Structure.from_sites(list(reversed(structure.sites)))
    meta = {"emmet_version": "0.84.9", "license": licence, "database_version": VERSION}
    return {"builder_meta": meta, "material_id": name, "structure": turned.as_dict(), "deprecated": False}


def four_metals():
    """Documents of two or three oxides of Ti, Mn, Fe and Cu each: averages, single sites, one without a summary."""
    xas, summary = [], []
    for number, metal in enumerate(("Ti", "Mn", "Fe", "Cu")):
        for kind, structure in enumerate((rock_salt(metal, 4.3 + 0.02 * number), rutile(metal), spinel(metal))):
            if metal == "Cu" and kind == 2:
                continue
            name = f"mp-{100 * number + kind + 1}"
            absorber = structure.indices_from_symbol(metal)[-1] if kind < 2 else None
            licence = "BY-NC" if (metal, kind) == ("Fe", 1) else "BY-C"
            xas.append(xas_document(name, metal, structure, absorber, shift=0.5 * kind, licence=licence))
            if (metal, kind) != ("Mn", 1):
                summary.append(summary_document(name, structure))
    return xas, summary


class MockApi:
    """What the server holds, what was asked of it, and what it is to do wrong.

    cap : most documents on a page, whatever is asked for
    faults : by number of the request, from 1: ("status", code, headers), "cut", "garbage", "array", "hang", or a dict
        to answer with
    log : path and query of each request, with the status it was answered with
    """

    def __init__(self, xas=(), summary=(), cap=1000):
        self.xas, self.summary, self.cap = list(xas), list(summary), cap
        self.faults, self.log, self.hanging = {}, [], threading.Event()
        self.version, self.released, self.endpoint = VERSION, threading.Event(), ""

    @property
    def asked(self):
        return [(path, query) for path, query, _ in self.log]

    def answer(self, path, query):
        """Status and content, as the API answers this query."""
        if path == "/heartbeat":
            return 200, {
                "status": "OK",
                "db_version": self.version,
                "version": "0.84",
                "access_controlled_batch_ids": [],
            }
        find = {"/materials/xas/": self._find_xas, "/materials/summary/": self._find_summary}.get(path)
        if find is None:
            return 404, {"detail": "Not Found"}
        found = find(query)
        skip, limit = int(query.get("_skip", 0)), min(int(query.get("_limit", 100)), self.cap)
        fields = query["_fields"].split(",") if "_fields" in query else None
        page = found[skip : skip + limit]
        if fields is not None:
            page = [{k: d[k] for k in fields if k in d} if isinstance(d, dict) else d for d in page]
        return 200, {"data": page, "meta": {"api_version": "0.84", "total_doc": len(found)}}

    def _find_xas(self, query):
        ids, elements = query.get("task_ids"), set(query.get("elements", "").split(",")) - {""}
        return [
            d
            for d in self.xas
            if not isinstance(d, dict)
            or (
                all(d.get(k) == query[k] for k in ("absorbing_element", "edge", "spectrum_type") if k in query)
                and elements <= set(d["elements"])
                and (ids is None or d.get("task_id") in ids.split(","))
            )
        ]

    def _find_summary(self, query):
        return [d for d in self.summary if d["material_id"] in query["material_ids"].split(",")]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def do_GET(self):
        api, url = self.server.api, urlsplit(self.path)
        query = dict(parse_qsl(url.query))
        fault = api.faults.get(len(api.log) + 1)
        if fault == "hang":
            api.log.append((url.path, query, None))
            api.hanging.set()
            api.released.wait(20)
            self.close_connection = True
            return
        headers, key = {}, self.headers.get("X-API-KEY")
        if key != KEY and url.path != "/heartbeat":  # which is open to all
            status, body = (403, b'{"message": "bad key"}') if key else (401, b'{"message": "No API key found"}')
        elif isinstance(fault, tuple):
            _, status, headers = fault
            body = json.dumps({"detail": f"a fault; you sent {key}"}).encode()
        elif fault in ("garbage", "array"):
            status, body = 200, b"<html>log in to the network</html>" if fault == "garbage" else b"[1, 2]"
        else:
            status, content = (200, fault) if isinstance(fault, dict) else api.answer(url.path, query)
            body = json.dumps(content).encode()
        api.log.append((url.path, query, status if fault != "cut" else None))
        if "gzip" in self.headers.get("Accept-Encoding", "") and len(body) > 500:
            body, headers = gzip.compress(body), headers | {"Content-Encoding": "gzip"}
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if fault == "cut" else body)
        if fault == "cut":
            self.close_connection = True


@contextmanager
def serve(api):
    """Serve a MockApi on a free port of the loopback; `api.endpoint` is its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads, server.api = True, api
    api.endpoint = f"http://127.0.0.1:{server.server_address[1]}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield api
    finally:
        api.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


def fetch_in_child(endpoint, out, metals):
    """What a process that is to be killed runs; here, so that it can be imported there."""
    from firstshell.dataset.fetch import FetchOptions, fetch
    from firstshell.io.materials_project.client import Api

    fetch(out, FetchOptions(tuple(metals)), api=Api(endpoint, KEY), workers=0)
