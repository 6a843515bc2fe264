"""Every link within the site leads to a file that is there, and to a place in it that has that name."""

from collections import Counter
from html.parser import HTMLParser
from urllib.parse import unquote, urljoin, urlsplit

import pytest

pytestmark = pytest.mark.browser


class Page(HTMLParser):
    """The names and the addresses of a page."""

    def __init__(self, text):
        super().__init__()
        self.names, self.addresses = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.names += [given[name] for name in ("id", "name") if given.get(name) and (name == "id" or tag == "a")]
        self.addresses += [given[name] for name in ("href", "src") if given.get(name)]


@pytest.fixture(scope="module")
def pages(site):
    return {path: Page(site.file(path).read_text("utf-8")) for path in site.pages}


def test_links_lead_to_files_and_to_names_in_them(site, pages):
    broken = []
    for path, page in pages.items():
        for address in set(page.addresses):
            whole = urlsplit(urljoin(site.url + path, address))
            if whole.scheme not in ("http", "https") or f"{whole.scheme}://{whole.netloc}" not in site.url:
                continue
            target, name = unquote(whole.path).removeprefix("/kms/"), unquote(whole.fragment)
            if target in pages:
                there = not name or name in pages[target].names
            else:
                there = whole.path.startswith("/kms/") and (site.folder / target).is_file()
            if not there:
                broken.append((path, address))
    assert broken == []
    assert sum(len(page.addresses) for page in pages.values()) > 1000


def test_no_name_stands_twice_on_a_page(pages):
    counts = {path: Counter(page.names) for path, page in pages.items()}
    assert [(path, name) for path, count in counts.items() for name in count if count[name] > 1] == []
