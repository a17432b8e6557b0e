"""Small models of Cu that all tests share: each is trained once, by whichever worker needs it first."""

from contextlib import contextmanager

from firstshell.prediction.model import make_predictor
from firstshell.prediction.model_file import save_predictor
from quick import BOTH, QUICK, XANES, quick_data

try:
    import fcntl
except ImportError:  # Windows, where the tests run in one process
    fcntl = None

CHANNELS = {"xanes": XANES, "both": BOTH}


def model_files(folder):
    """Train what is not there yet: xanes.npz, from XANES, and both.npz, from XANES and PDF."""
    folder.mkdir(exist_ok=True)
    with alone(folder / "lock"):
        for name, channels in CHANNELS.items():
            if not (folder / f"{name}.npz").exists():
                save_predictor(make_predictor(quick_data(), "Cu", channels, QUICK), folder / f"{name}.npz")
    return folder


@contextmanager
def alone(path):
    """Have other processes wait that ask for the same."""
    with path.open("w") as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
