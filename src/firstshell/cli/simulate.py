"""`firstshell simulate`."""

from pathlib import Path

from firstshell.cli.parameters import Changes, Config, Partial, Progress, say_written


def simulate(
    file: Path,
    /,
    *,
    metal: str,
    modality: str = "pdf,dpdf",
    out: Path = Path(),
    per_site: bool = False,
    native: bool = True,
    config: Config = None,
    set_: Changes = (),
    partial: Partial = "refuse",
    progress: Progress = "auto",
) -> None:
    """Simulate spectra of one crystal structure: columns, and a plot as PNG and SVG.

    A PDF takes milliseconds; for each distinct site of the metal an EXAFS takes a third of a second, a XANES some ten.

    Example: firstshell simulate CuO.cif --metal Cu --modality xanes,pdf,dpdf --set pdf.qmax=24

    Parameters
    ----------
    file
        A CIF or POSCAR.
    metal
        The absorber, or the metal of the differential PDF.
    modality
        One or more of xanes, exafs, pdf and dpdf. EXAFS is written as k²χ(k) and as the magnitude |χ(R)| of its
        Fourier transform.
    out
        Folder for the results.
    per_site
        One spectrum for each symmetry-distinct site of the metal.
    native
        PDFs on their fine grid (rstep); with --no-native on the coarse one that datasets use.
    set_
        One setting, as in --set pdf.qmax=24.

    """
    from firstshell import simulation as modalities
    from firstshell.api.simulate import save_spectra
    from firstshell.api.simulate import simulate as spectra_of
    from firstshell.runtime.progress import make_reporter

    for name in modalities.split_inputs(modality.replace(",", "+")):
        found = spectra_of(
            file,
            metal,
            name,
            per_site=per_site,
            native=native,
            partial=partial,
            config=config,
            set_=set_,
            reporter=make_reporter(progress),
        )
        say_written(save_spectra(found, out, file.stem))
