"""A browser without a window that opens pages, runs scripts in them and notes what goes wrong."""

import base64
import json
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
_SECONDS = 60


class Browser:
    """Chromium, driven by its DevTools protocol; one for many pages.

    Attributes:
        errors: What the last page said went wrong.
        requests: What it asked the network for.
    """

    def __init__(self, folder):
        import websocket

        folder = Path(folder)
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        flags += ["--disable-component-update", "--no-first-run", "--hide-scrollbars"]
        flags += ["--remote-debugging-port=0", "--remote-allow-origins=*"]
        self._process = subprocess.Popen(
            [CHROMIUM, *flags, f"--user-data-dir={folder / 'profile'}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        port = self._port(folder / "profile/DevToolsActivePort")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
            tabs = json.load(answer)
        address = next(tab for tab in tabs if tab["type"] == "page")["webSocketDebuggerUrl"]
        self._socket = websocket.create_connection(address, timeout=_SECONDS)
        self._number = 0
        self._events = []
        self.errors, self.requests = [], []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")

    def _port(self, path):
        end = time.monotonic() + _SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            if path.is_file() and (lines := path.read_text().split()):
                return lines[0]
            time.sleep(0.05)
        raise RuntimeError("Chromium does not start")

    def _call(self, method, **params):
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            message = self._receive()
            if message.get("id") == self._number:
                if "error" in message:
                    raise RuntimeError(message["error"])
                return message["result"]

    def _receive(self):
        message = json.loads(self._socket.recv())
        method, params = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description", details["text"]))
        if method == "Runtime.consoleAPICalled" and params["type"] in ("error", "assert"):
            self.errors.append(str([one.get("value") for one in params["args"]]))
        if method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.errors.append(params["entry"]["text"])
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        self._events.append(method)
        return message

    def open(self, path, width=1200, height=900, dark=False):
        """Load a file, and wait until its scripts have run."""
        self.errors, self.requests, self._events = [], [], []
        self.resize(width, height)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", features=[scheme])
        self._call("Page.navigate", url=f"file://{path}")
        while "Page.loadEventFired" not in self._events:
            self._receive()
        return self

    def resize(self, width, height=900):
        """Make the window another size."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._call("Emulation.setDeviceMetricsOverride", **size)

    def run(self, script):
        """The value of a script, which may await."""
        wrapped = f"(async () => {{ {script} }})()"
        answer = self._call(
            "Runtime.evaluate", expression=wrapped, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"]["exception"].get("description"))
        return answer["result"].get("value")

    def move_to(self, x, y):
        """Move the mouse."""
        self._call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def picture(self, path):
        """Write a picture of the whole page."""
        shot = self._call("Page.captureScreenshot", captureBeyondViewport=True)
        Path(path).write_bytes(base64.b64decode(shot["data"]))

    def close(self):
        """End the browser."""
        self._socket.close()
        self._process.terminate()
        self._process.wait(timeout=_SECONDS)
