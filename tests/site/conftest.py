"""The site, built once and served under a path as its host would, and one browser for all tests of this folder.

Needs playwright, Debian's chromium and, for axe, AXE_CORE: the path of axe.min.js. A step of .ci/run brings them.
"""

import gzip
import importlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import guess_type
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[2]
BELOW = "/kms/"
INDEX = "search/search_index.json"
TEXTS = {".html", ".css", ".js", ".json", ".svg", ".xml"}


@dataclass
class Site:
    """What was built, where it is served, and what was sent since somebody last cleared `sent`: path and bytes.

    What `instead` has for a path is sent in place of the file.
    """

    folder: Path
    url: str
    sent: list[tuple[str, int]] = field(default_factory=list)
    instead: dict[str, bytes] = field(default_factory=dict)

    @property
    def pages(self) -> list[str]:
        """Every page, as the end of its address."""
        found = (page.relative_to(self.folder).as_posix() for page in self.folder.rglob("*.html"))
        return sorted(page.removesuffix("index.html") for page in found)

    @property
    def empty_index(self) -> bytes:
        return json.dumps(json.loads(self.file(INDEX).read_text("utf-8")) | {"docs": []}).encode()

    def file(self, path: str) -> Path:
        """What is sent for an address that ends like this."""
        return self.folder / path / "index.html" if path.endswith("/") or not path else self.folder / path


def handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Compresses texts and lets a browser keep them, as hosts of static sites do."""

        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else each answer waits 40 ms for the acknowledgement of its head

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            name = path.removeprefix(BELOW)
            file = site.file(name)
            found = path.startswith(BELOW) and file.is_file()
            body = site.instead.get(name) or file.read_bytes() if found else b"not found"
            self.send_response(200 if found else 404)
            if found and file.suffix in TEXTS:
                body = gzip.compress(body, 6, mtime=0)
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Type", guess_type(file.name)[0] or "application/octet-stream")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store" if name == INDEX else "max-age=600")
            self.end_headers()
            self.wfile.write(body)
            site.sent.append((name, len(body)))

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"), "")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler(site)) as server:
        server.daemon_threads = True
        site.url = f"http://127.0.0.1:{server.server_port}{BELOW}"
        subprocess.run([sys.executable, "docs/make"], cwd=ROOT, check=True)
        command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site.folder)]
        environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "SITE_URL": site.url}
        built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert built.returncode == 0, built.stdout + built.stderr
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield site
        server.shutdown()


@dataclass
class Browser:
    """One browser with one tab for most tests, and what went wrong in any tab of it."""

    driven: Any
    url: str
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tab = self.watched().new_page()

    def watched(self) -> Any:
        """A context of its own, as that of a new reader, whose complaints and requests are noted."""
        context = self.driven.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(20_000)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.wrong.append(f"not caught: {error.error}"))
        context.on("request", self._request)
        context.on("requestfailed", self._failure)
        return context

    @contextmanager
    def fresh(self) -> Iterator[Any]:
        """As `watched`, for the time of one test."""
        self.wrong.clear()
        context = self.watched()
        yield context
        context.close()

    def _console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.wrong.append(f"{message.type} on {message.page.url if message.page else '?'}: {message.text}")

    def _request(self, request: Any) -> None:
        if urlsplit(request.url).scheme not in ("data", "blob") and not request.url.startswith(self.url):
            self.wrong.append(f"asked elsewhere: {request.url}")

    def _failure(self, request: Any) -> None:
        if request.failure != "net::ERR_ABORTED":  # what a page still loads when the tab goes on to the next
            self.wrong.append(f"not loaded: {request.url}, {request.failure}")


# These tests run only where they are asked for, so what they need and is not there is a fault, not a reason to skip.
@pytest.fixture(scope="session")
def browser(site: Site) -> Iterator[Browser]:
    playwright = importlib.import_module("playwright.sync_api")
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.fail("chromium is not installed here: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        # Root, as in a container of a CI, has no sandbox.
        driven = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield Browser(driven, site.url)
        driven.close()


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Any]:
    """The tab, as wide as a laptop, in light colours. A test fails when the console complains or a request goes out.

    The search finds nothing: its index, which each page reads anew, would take most of the time. See `found`.
    """
    site.instead = {INDEX: site.empty_index}
    if browser.tab.url.startswith(site.url):
        browser.tab.evaluate("localStorage.clear()")  # the colours are kept there, and written again at their change
        browser.tab.goto("about:blank")
    browser.wrong.clear()
    browser.tab.set_viewport_size({"width": 1280, "height": 900})
    browser.tab.emulate_media(media="screen", color_scheme="light")
    yield browser.tab
    assert browser.wrong == []


@pytest.fixture
def found(page: Any, site: Site) -> None:
    """The search finds what there is."""
    site.instead = {}


ALL_RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
# Colours fade in: without this axe measures them half way.
AT_ONCE = "*, *::before, *::after { transition: none !important; animation: none !important }"
FOUND = """async runOnly => (await axe.run({ runOnly, resultTypes: ["violations"] }))
  .violations.map(found => [found.id, found.help, ...found.nodes.slice(0, 4).map(node => node.html.slice(0, 150))])"""


@pytest.fixture(scope="session")
def axe() -> Callable[..., list[Any]]:
    """`axe(page)`: what axe-core finds on it as it is now, by all rules or by those that are given."""
    path = os.environ.get("AXE_CORE")
    if not path:
        pytest.fail("AXE_CORE names no axe.min.js: npm install axe-core")
    source = Path(path).read_text("utf-8")

    def found(page: Any, rules: Any = ALL_RULES) -> list[Any]:
        page.add_style_tag(content=AT_ONCE)
        page.evaluate(source)
        return list(page.evaluate(FOUND, rules))

    return found


# One page of each kind that the site has.
KINDS = {
    "landing": "",
    "path": "learn/paths/first-hour/",
    "note": "learn/envelope/streaming/",
    "katas": "katas/",
    "kata": "katas/key-policies/read-a-policy/",
    "claims": "claims/",
    "shown": "claims/shown-b/",
    "how-to": "how-to/test-your-policies/",
    "explanation": "explanation/proof/",
    "reference": "reference/fidelity/",
    "prices": "reference/prices-and-limits/",
    "api": "reference/api/",
    "text": "texts/c-certification-notes-on-kms/",
    "not-found": "404.html",
}


@pytest.fixture(params=KINDS.values(), ids=KINDS)
def kind(request: pytest.FixtureRequest, site: Site) -> str:
    """The address of a page of each kind."""
    return site.url + request.param
