"""One sound file of each format of measured spectra, made here; a new format adds a function of its name."""

import gzip
import io
import json

import numpy as np

POINTS = 120


def edge(e0=7112.0, points=POINTS):
    """Energies in eV and a spectrum with an edge and a white line."""
    energy = np.linspace(e0 - 60, e0 + 180, points)
    mu = 0.2 + np.arctan((energy - e0) / 2) / np.pi + 0.5 + 0.4 * np.exp(-(((energy - e0 - 5) / 4) ** 2))
    return energy, mu


def rows(*columns):
    return "".join(" ".join(f"{value:.9g}" for value in row) + "\n" for row in zip(*columns, strict=True))


def xdi():
    energy, mu = edge()
    i0 = 1e5 - energy
    header = """# XDI/1.0 Scanner/7.75
# Column.1: energy eV
# Column.2: i0
# Column.3: itrans
# Column.4: irefer
# Element.symbol: Fe
# Element.edge: K
# Mono.d_spacing: 3.13553
# Scan.edge_energy: 7112.0
# Scan.start_time: 2001-06-26T22:27:31
# Facility.energy: 7.00 GeV
# Sample.name: hematite
# Sample.temperature: room temperature
# ///
# a comment: with a colon
#----
# energy i0 itrans irefer
"""
    itrans = i0 * np.exp(-mu)
    return (header + rows(energy, i0, itrans, itrans * np.exp(-0.5 * mu))).encode()


def columns():
    return ("# Element: Fe\n# energy(eV) mu(E)\n" + rows(*edge())).encode()


def spec():
    energy, mu = edge()
    i0 = np.full(len(energy), 2e5)
    head = "#F iron\n#E 1600000000\n\n#S 1  escan energy 7 7.3\n#N 3\n#L Energy  I0  I1\n"
    return (head + rows(energy / 1000, i0, i0 * np.exp(-mu)) + "\n").encode()


def kek9809():
    energy, mu = edge()
    angle = np.degrees(np.arcsin(12398.41984 / (2 * 3.13551 * energy)))
    head = """  9809     KEK-PF   BL00
 A001            20.01.15 10:00 - 20.01.15 11:00
 sample A
 Ring :   2.5 GeV   400.0 mA -  399.0 mA
 Mono :   Si(111)       D=  3.13551 A    Initial angle= 13.93250 deg
 BL00      Transmission( 2)   Repetition=  1     Points= 120
 Param file : std             energy axis(2)     Block =    1

 Block      Init-Eng  Final-Eng      Step/eV     Time/s       Num
     1        7050.00   7300.00         2.00       1.00       120
 Ortec(-1)     NDCH = 3
  Angle(c)  Angle(o)    time/s         2         3
      Mode         0         0         1         2
    Offset         0         0   800.000   650.000
"""
    table = zip(angle, 250_000 * np.exp(-mu), strict=True)
    return (head + "".join(f"{a:10.5f}{a:10.5f}{1.0:10.2f}{250_000:10.0f}{i:10.0f}\n" for a, i in table)).encode()


def xmu():
    k = np.arange(-1.0, 6.0, 0.2)
    energy = 7110.0 + np.sign(k) * k**2 * 3.81
    mu0 = 0.5 + np.arctan(energy - 7112) / np.pi
    head = "# FEFF  9.9.1  \n#  omega    e    k    mu    mu0     chi     @#\n"
    return (head + rows(energy, energy - 7117, k, 1.1 * mu0, mu0, 0.1 * mu0)).encode()


def gr():
    r = np.arange(0, 300) / 10
    head = "[DEFAULT]\n\nversion = diffpy.pdfgetx-2.2.1\nmode = xray\ncomposition = Ti O2\n"
    head += "qmaxinst = 25.0\nqmin = 0.5\nqmax = 24.0\nrpoly = 0.9\noutputtype = gr\n\n"
    head += "#### start data\n#S 1\n#L r(Å)  G(Å$^{-2}$)\n"
    return (head + rows(r, np.sin(3 * r) * np.exp(-r / 20))).encode()


def perl(value):
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    if isinstance(value, list):
        return "[" + ",".join(perl(item) for item in value) + "]"
    return str(value)


def athena_group(tag="abcd", shift=0.0, **changed):
    args = {
        "label": "it's Fe",
        "bkg_z": "Fe",
        "fft_edge": "k",
        "bkg_e0": 7112.0 + shift,
        "bkg_eshift": str(shift),
        "is_xmu": 1,
        "is_nor": 0,
        "titles": ["one", "two\nlines"],
        "xdi_mono": [],
        **changed,
    }
    return tag, args, *edge()


def athena_text(*groups):
    text = "# Athena project file -- Demeter version 0.9.26\n# This file created at 2017-06-23T13:55:57\n\n"
    for tag, args, x, y in groups:
        settings = ",".join(f"{perl(key)},{perl(value)}" for key, value in args.items())
        text += f"$old_group = '{tag}';\n@args = ({settings},'xdi_beamline',{{'name' => {{}}}});\n"
        for name, values in (("x", x), ("y", y)):
            words = ",".join(f"'{value:.9g}'" for value in values)
            text += f"@{name} = ({words});\n"
        text += "[record]   # create object and set arrays in ifeffit\n\n"
    return text + "@journal = ();\n\n1;\n\n# Local Variables:\n# truncate-lines: t\n# End:\n"


def athena():
    return gzip.compress(athena_text(athena_group("aaaa"), athena_group("bbbb", shift=1.5)).encode(), mtime=0)


def athena_json():
    project = {"_____header1": "# Athena project file -- Demeter version 0.9.26"}
    for tag, args, x, y in (athena_group("aaaa"), athena_group("bbbb", shift=1.5)):
        project[tag] = {"args": args, "x": [f"{v:.9g}" for v in x], "y": y.tolist()}
    return json.dumps({**project, "_____order": ["bbbb", "aaaa"], "_____journal": []}).encode()


def hdf5(fill):
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        fill(file)
    return buffer.getvalue()


def nxxas():
    def fill(file):
        energy, mu = edge()
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        entry["definition"], entry["title"] = "NXxas", "Fe in a rock"
        entry["element/symbol"], entry["edge/name"] = "Fe", "K"
        entry["energy"], entry["intensity"] = energy / 1000, mu
        entry["energy"].attrs["units"] = "keV"
        entry["sample/name"] = "rock"

    return hdf5(fill)


def chi():
    k = np.arange(0.05, 12.0, 0.05)
    wave = 0.6 / (k + 0.3) ** 1.5 * np.exp(-0.01 * k**2) * np.sin(4.0 * k + 0.5)
    return ("# Element.symbol: Fe\n# k chi\n" + rows(k, wave)).encode()
