"""Headless Chromium for tests, driven over its DevTools pipe, so that no other package is needed."""

import base64
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)

LAUNCH = """
import fcntl, os, sys
into, out = (fcntl.fcntl(int(fd), fcntl.F_DUPFD, 10) for fd in sys.argv[1:3])
os.dup2(into, 3)
os.dup2(out, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
START = (sys.executable, "-c", LAUNCH)
"""The browser reads from file descriptor 3 and writes to 4."""


def find() -> str | None:
    """The Chromium of this machine; None without one."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Tab:
    """One page. Messages are JSON, each ended by a zero byte."""

    def __init__(self, into: int, out: int) -> None:
        self.into, self.out, self.rest, self.last, self.session = into, out, b"", 0, None
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        self.last += 1
        message = {"id": self.last, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.into, json.dumps(message).encode() + b"\0")
        while True:
            found = self._receive()
            if found.get("id") == self.last:
                assert "error" not in found, found
                return found["result"]
            self.events.append(found)

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self.rest:
            part = os.read(self.out, 1 << 20)
            assert part, "the browser went away"
            self.rest += part
        message, _, self.rest = self.rest.partition(b"\0")
        return json.loads(message)

    def run(self, script: str) -> Any:
        """The value of an expression, awaited."""
        found = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def wait(self, condition: str, seconds: float = 60.0) -> None:
        """Until an expression is true."""
        end = time.monotonic() + seconds
        while not self.run(f"Boolean({condition})"):
            assert time.monotonic() < end, f"not within {seconds} s: {condition}; {self.run('document.body.innerText')}"
            time.sleep(0.1)

    def open(self, url: str, width: int = 1280, height: int = 900, scheme: str = "light") -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=features)
        self.call("Page.navigate", url="about:blank")  # so that a change of the fragment alone loads the page anew
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")

    def press(self, key: str, code: int) -> None:
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def drag(self, selector: str, by: int, place: tuple[float, float] = (0.5, 0.5)) -> None:
        """Press on an element, at a place of its box, and let go so many pixels to the right."""
        measured = f"document.querySelector({selector!r}).getBoundingClientRect()"
        box = self.run(f"(({{x, y, width, height}}) => [x, y, width, height])({measured})")
        x, y = box[0] + place[0] * box[2], box[1] + place[1] * box[3]
        self.mouse("mouseMoved", x, y)
        self.mouse("mousePressed", x, y)
        for part in (0.3, 0.7, 1.0):
            self.mouse("mouseMoved", x + part * by, y, held=1)
        self.mouse("mouseReleased", x + by, y)

    def mouse(self, kind: str, x: float, y: float, held: int = 0) -> None:
        pressed = {"button": "left", "clickCount": 1} if held or kind != "mouseMoved" else {}
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, buttons=held, **pressed)

    def choose_files(self, selector: str, files: list[Path]) -> None:
        node = self.call("Runtime.evaluate", expression=f"document.querySelector({selector!r})")["result"]["objectId"]
        self.call("DOM.setFileInputFiles", files=[str(file) for file in files], objectId=node)

    def screenshot(self, path: Path) -> None:
        """A picture of the whole page."""
        found = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(found["data"]))

    def complaints(self) -> list[str]:
        """What the browser found wrong: exceptions, violated policies, failed loads."""
        found = []
        for event in self.events:
            if event["method"] == "Runtime.exceptionThrown":
                found.append(str(event["params"]["exceptionDetails"].get("exception", {}).get("description")))
            if event["method"] == "Log.entryAdded" and event["params"]["entry"]["level"] == "error":
                found.append(f"{event['params']['entry']['text']} {event['params']['entry'].get('url', '')}")
        return found

    def requested(self) -> set[str]:
        """Addresses that the page asked for."""
        asked = (e["params"]["request"]["url"] for e in self.events if e["method"] == "Network.requestWillBeSent")
        return set(asked)


@contextmanager
def tab(profile: Path) -> Iterator[Tab]:
    """A page of a browser with a new profile."""
    program = find()
    assert program
    ours_out, theirs_in = os.pipe()[::-1]
    theirs_out, ours_in = os.pipe()[::-1]
    process = subprocess.Popen(
        [*START, str(theirs_in), str(theirs_out), program, *FLAGS, f"--user-data-dir={profile}"],
        pass_fds=(theirs_in, theirs_out),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        yield Tab(ours_out, ours_in)
    finally:
        process.kill()
        process.wait()
        os.close(ours_out)
        os.close(ours_in)
