"""Structures in, spectra out; and their files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firstshell import __version__
from firstshell import simulation as modalities
from firstshell.api.settings import changed, read_settings
from firstshell.config import did_you_mean, from_dict
from firstshell.errors import InputError
from firstshell.runtime.progress import Reporter, Silent, stage
from firstshell.types import Spectra, Spectrum

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

    from firstshell.io.structures.files import Partial


def simulate(
    structure: Structure | str | Path,
    metal: str,
    modality: str | Sequence[str] = "pdf,dpdf",
    params: Any = None,
    *,
    per_site: bool = False,
    native: bool = True,
    partial: Partial = "refuse",
    config: str | Path | None = None,
    set_: Sequence[str] = (),
    reporter: Reporter | None = None,
    **settings: Any,
) -> Spectrum | Spectra:
    """Simulate spectra of a crystal structure.

    A PDF takes milliseconds; for each distinct site of the metal an EXAFS takes a third of a second, a XANES some ten.

    Parameters
    ----------
    structure : Structure, str or Path
        A pymatgen Structure, or a CIF or POSCAR.
    metal : str
        Symbol of the absorber, or of the element whose differential PDF is wanted.
    modality : str or list of str
        "xanes", "exafs", "pdf" or "dpdf", or several, as a list or as in "pdf,dpdf".
    params : PdfParams, XanesParams or ExafsParams, optional
        All settings of the modality, instead of `native`, `config` and `set_`.
    per_site : bool
        A spectrum for each symmetry-distinct site of the metal instead of the material's one.
    native : bool
        PDFs on their fine grid (rstep); False takes the coarse one that datasets use.
    partial : {"refuse", "round"}
        What to do with partly occupied positions of a file.
    config : str or Path, optional
        A study.toml; its tables [xanes], [exafs], [pdf] and [dpdf] hold the settings of each modality.
    set_ : list of str
        Single settings as on the command line, such as "pdf.qmax=24".
    reporter : Reporter, optional
        Shows progress of XANES and EXAFS.
    **settings : Any
        Single settings, such as qmax=24 (Å⁻¹): each goes to the modalities that have one of that name.

    Returns
    -------
    Spectrum or Spectra
        XANES in edge steps, EXAFS as kⁿχ(k) in Å⁻ⁿ, PDF and dPDF in Å⁻². One Spectrum where one modality is named as
        a str and `per_site` is False.

    Raises
    ------
    InputError
        For an unknown modality, metal or setting, a structure that cannot be used, and whatever the engine refuses.
    EngineError
        Where the engine fails.

    Examples
    --------
    >>> import firstshell as fs
    >>> spectrum = fs.simulate("rutile.cif", "Ti", "pdf", qmax=24)
    >>> spectrum.provenance["params"]["qmax"], spectrum.grid.values[[0, -1]].round(2).tolist()
    (24.0, [0.0, 9.99])
    >>> rutile = fs.read_structure("rutile.cif")
    >>> [each.modality for each in fs.simulate(rutile, "Ti", ["pdf", "dpdf"])]
    ['pdf', 'dpdf']
    >>> len(fs.simulate(rutile, "Ti", "pdf", per_site=True))
    1

    """
    crystal, about = _crystal(structure, partial)
    names = modalities.split_inputs(modality.replace(",", "+") if isinstance(modality, str) else "+".join(modality))
    chosen = _settings(names, params, config, set_, native, settings)
    found: list[Spectrum] = []
    for name in names:
        kind = modalities.get(name)
        progress = reporter if reporter is not None and kind.slow else Silent()
        with stage(progress, f"{kind.label} of {about['structure']}", 1):
            made = modalities.simulate(crystal, metal, name, chosen[name], per_site=per_site)
            progress.advance()
        each = made if isinstance(made, list) else [made]
        found += [replace(one, provenance=about | one.provenance) for one in each]
    one = isinstance(modality, str) and len(names) == 1 and not per_site
    return found[0] if one else Spectra(tuple(found))


def transform(spectrum: Spectrum) -> Spectrum:
    """Return a spectrum on the other axis that its modality is shown on: ``|χ(R)|`` of an EXAFS.

    Parameters
    ----------
    spectrum : Spectrum
        As `simulate` returns it.

    Returns
    -------
    Spectrum
        The magnitude of the Fourier transform, R in Å.

    Raises
    ------
    InputError
        For a modality that has no other axis.

    Examples
    --------
    >>> import firstshell as fs
    >>> spectrum = fs.simulate("rutile.cif", "Ti", "exafs", longest=3)
    >>> fs.transform(spectrum).label
    '|χ(R)| (Å⁻³)'

    """
    kind = modalities.get(spectrum.modality)
    if kind.transform is None:
        raise InputError(f"{kind.label} is looked at on one axis only", remedy="Give an EXAFS")
    return kind.transform(spectrum, from_dict(kind.Params, spectrum.provenance["params"]))


def save_spectra(spectra: Spectrum | Spectra, folder: str | Path, name: str = "") -> list[Path]:
    """Write simulated spectra: columns that other programs read, and a plot of each modality as PNG and SVG.

    Parameters
    ----------
    spectra : Spectrum or Spectra
        As `simulate` returns them. PDFs are written as .gr with the header lines that PDFgetX3 and PDFgui know, XANES
        as XDI, EXAFS as columns of χ(k) and ``|χ(R)|``; those of single sites in a file each.
    folder : str or Path
        Created if missing.
    name : str
        What names begin with; by default that of the structure's file, or its formula.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    InputError
        When the folder cannot be written.

    Examples
    --------
    >>> import firstshell as fs
    >>> spectra = fs.simulate("rutile.cif", "Ti", ["pdf"], qmax=24)
    >>> [path.name for path in fs.save_spectra(spectra, "spectra")]
    ['rutile_Ti_pdf.gr', 'rutile_Ti_pdf.png', 'rutile_Ti_pdf.svg']
    >>> (again,) = fs.read_measured("spectra/rutile_Ti_pdf.gr")
    >>> again.pdf.qmax, again.pdf.radiation, again.pdf.composition
    (24.0, 'x-ray', 'TiO2')

    """
    each = (spectra,) if isinstance(spectra, Spectrum) else tuple(spectra)
    written: list[Path] = []
    for modality in dict.fromkeys(one.modality for one in each):
        own = [one for one in each if one.modality == modality]
        kind, about = modalities.get(modality), own[0].provenance
        start = name or Path(str(about.get("structure") or about.get("formula") or "structure")).stem
        stem, title = f"{start}_{own[0].metal}_{modality}", f"{start}: {kind.label} of {own[0].metal}"
        written += _save(own, Path(folder), stem, title, kind)
        if kind.transform is not None:
            other = [transform(one) for one in own]
            written += _save(other, Path(folder), f"{stem}_{other[0].grid.quantity}", title, kind)
    return written


def _save(spectra: list[Spectrum], folder: Path, stem: str, title: str, kind: modalities.Modality) -> list[Path]:
    from firstshell.report.figures.spectra import save_plot
    from firstshell.runtime.store import write_text

    files: list[Path] = []
    for spectrum in spectra:
        site = "" if spectrum.site is None else f"_site{spectrum.site}"
        files.append(folder / f"{stem}{site}{kind.suffix}")
        write_text(files[-1], kind.text(spectrum))
    return files + save_plot(spectra, folder / stem, title)


def _crystal(structure: Structure | str | Path, partly: Partial) -> tuple[Structure, dict[str, str]]:
    """Return the crystal, and the provenance that its spectra get from it."""
    from firstshell.io.structures.files import read_structure

    crystal = read_structure(structure, partial=partly) if isinstance(structure, str | Path) else structure
    if not hasattr(crystal, "composition"):
        what = f"a {type(structure).__name__} is not a structure"
        raise InputError(what, remedy="Give a CIF or POSCAR, or a pymatgen Structure")
    formula = crystal.composition.reduced_formula
    name = Path(structure).name if isinstance(structure, str | Path) else formula
    return crystal, {"software": f"firstshell {__version__}", "structure": name, "formula": formula}


def _settings(
    names: Sequence[str],
    params: Any,
    config: str | Path | None,
    set_: Sequence[str],
    native: bool,
    given: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the settings by modality; InputError for a keyword that no modality has."""
    if params is None:
        chosen = read_settings(config, set_, native=native)
    elif config is not None or set_:
        raise InputError("params hold all settings", remedy="Leave out config and set_, or params")
    else:
        chosen = dict.fromkeys(names, params)
    own = {name: {field.name for field in fields(modalities.get(name).Params)} for name in names}
    for key in given:
        if not any(key in known for known in own.values()):
            what = f"{' and '.join(modalities.show(name) for name in names)} have no setting {key[:40]!r}"
            raise InputError(what, remedy=did_you_mean(key, set().union(*own.values())))
    return {n: changed(chosen[n], {k: v for k, v in given.items() if k in own[n]}) for n in names}
