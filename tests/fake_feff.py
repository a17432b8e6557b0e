"""A small program that behaves like FEFF, its failures included; written into a folder by the tests."""

import stat
import sys
from pathlib import Path

from feff_runs import xmu

FERMI = {22: 4970.0, 25: 6543.7, 26: 7116.6, 29: 8987.3}
"""eV, by atomic number of the absorber."""
MODULES = ("rdinp", "atomic", "pot", "screen", "xsph", "fms", "mkgtr", "path", "genfmt", "ff2x")

SCRIPT = r"""#!@PYTHON@ -IS
import os, re, signal, sys, time
from pathlib import Path

here, mode, stage = Path(__file__).parent, "@MODE@", Path(__file__).stem
cards = Path("feff.inp").read_text()
mixing = float(re.search(r"^SCF \S+ \d+ \d+ (\S+)", cards, re.M)[1])
absorber = int(re.search(r"^0 (\d+) ", cards, re.M)[1])
with open(here / "calls.txt", "a") as calls:
    calls.write(f"{stage} {mixing}\n")

def field():
    levels = [-10.0, -9.6, -9.58, -9.57]
    if mode == "swings" or (mode == "gentle" and mixing > 0.1):
        levels = [-10.0, -8.0, -10.0, -8.0]
    lines = ["New Fermi level:    mu= %7.3f eV  Charge distance=  0.1" % level for level in levels]
    lines += ["Electronic configuration", "  type     l     N_el", "     0     0    0.417"]
    lines += ["Charge transfer:  type  charge", "       0   -0.097"]
    lines += ["       1    2.500" if mode == "charge" else "       1    0.146"]
    if mode == "unconverged":
        lines += [":WARNING Convergence not reached; ran out of iterations."]
    return "\n".join([*lines, "Done with module: potentials."])

if stage in ("feff", "pot"):
    if mode == "crash":
        print("Segmentation fault - invalid memory reference")
        sys.exit(3)
    if mode == "hang":
        import subprocess

        child = subprocess.Popen(["sleep", "600"])
        (here / "child").write_text(str(child.pid))
        child.wait()
    if mode == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if mode == "memory":
        bytearray(3_000_000_000)
    if mode == "quits":
        print("Cannot determine Norman radius -- quitting.")
        sys.exit(0)
    if mode == "marker":
        Path(".feff.error").write_text(" Starting FEFF9 module pot.")
    if mode == "waits" and absorber != 29:  # in its third iteration, until it is told to go on
        levels = "".join(line + "\n" for line in field().splitlines() if "Fermi" in line)
        print(levels[: levels.index("\n", levels.index("\n") + 1) + 1], flush=True)
        while not (here / "go").exists():
            time.sleep(0.02)
    if mode == "silent":
        Path("log1.dat").write_text(field())
    elif mode != "another program":
        print(field())
if stage in ("feff", "ff2x") and mode != "no xmu":
    text = (here / f"{absorber}.dat").read_text()
    if mode == "cut":
        text = text[:-40]
    if mode == "short":
        text = "\n".join(text.splitlines()[:80]) + "\n"
    if mode == "nan":
        text = re.sub(r"^( .*) \S+$", r"\1 NaN", text, flags=re.M)
    if mode == "unnamed":
        text = text.replace("FEFF 9.9.1", "")
    if mode == "newer":
        text = text.replace("FEFF 9.9.1", "FEFF 10.0.0")
    Path("xmu.dat").write_text(text)
"""


def fake_feff(folder: Path, mode: str = "good", *, modules: bool = False) -> Path:
    """Write one program, or a folder of modules, that behaves as `mode` says; returns the path to give to firstshell.

    Its folder then has calls.txt: one line for each start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for absorber, fermi in FERMI.items():
        (folder / f"{absorber}.dat").write_text(xmu(fermi))
    for name in MODULES if modules else ["feff"]:
        program = folder / name
        program.write_text(SCRIPT.replace("@PYTHON@", sys.executable).replace("@MODE@", mode))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return folder if modules else folder / "feff"


def calls(path: Path) -> list[str]:
    """What a stand-in was started for: "pot 0.2", "feff 0.1", …"""
    log = (path if path.is_dir() else path.parent) / "calls.txt"
    return log.read_text().splitlines() if log.exists() else []
