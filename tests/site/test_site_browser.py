"""What a reader does on the site, in a real browser: go about, search, change the colours, read on a phone, print."""

import re
from html import unescape

import pytest

pytestmark = pytest.mark.browser

# What of the article sticks out of the width given and can neither be scrolled to nor is cut off by intent.
STICKS_OUT = """() => [...document.querySelectorAll(".md-content *")].filter(element => {
  if (element.getBoundingClientRect().right <= document.documentElement.clientWidth + 1) return false;
  for (let box = element.parentElement; box; box = box.parentElement)
    if (["auto", "scroll", "hidden"].includes(getComputedStyle(box).overflowX) && box.tagName != "BODY") return false;
  return true;
}).map(element => element.outerHTML.slice(0, 80))"""

# The lightness of a colour of the page, 0 to 255: the mean of its channels.
LIGHTNESS = """([selector, property]) => {
  const channels = getComputedStyle(document.querySelector(selector))[property].match(/[\\d.]+/g).slice(0, 3);
  return channels.reduce((sum, channel) => sum + Number(channel), 0) / 3;
}"""


def test_no_page_of_the_site_asks_another_host_or_makes_the_console_complain(site, browser):
    """With an empty index, and pictures that are not drawn: each is read and drawn elsewhere."""
    undrawn = b"mermaid = { initialize() {}, render: async () => ({ svg: '<svg></svg>' }) }"
    with browser.fresh() as context:
        site.instead = {"search/search_index.json": site.empty_index, "assets/mermaid.tiny.js": undrawn}
        tabs = [context.new_page() for _ in range(2)]
        pages = [page for page in site.pages if page != "404.html"]
        for begin in range(0, len(pages), 2):  # two at a time
            loading = list(zip(tabs, pages[begin : begin + 2], strict=False))
            for tab, page in loading:
                tab.goto(site.url + page, wait_until="commit")
            for tab, _ in loading:
                tab.wait_for_load_state("load")
    assert browser.wrong == []


def test_the_tabs_and_the_list_beside_a_page_lead_to_pages(page, site):
    page.goto(site.url)
    page.click(".md-tabs >> text=How to")
    page.click(".md-sidebar--primary >> text=Check answers in CI")
    assert page.url == f"{site.url}how-to/ci/"
    assert page.inner_text("h1").startswith("Check answers in CI")
    page.click("a.md-logo")
    assert page.url == site.url


def test_the_drawer_of_a_phone_leads_to_pages(page, site):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{site.url}how-to/ci/")
    page.click("label.md-header__button[for=__drawer]")
    page.click(".md-sidebar--primary >> text=Run a workshop")
    page.wait_for_url("**/how-to/run-a-workshop/")


def test_each_door_of_the_landing_page_leads_to_a_page_that_is_there(page, site):
    page.goto(site.url)
    doors = [door.get_attribute("href") for door in page.query_selector_all(".doors li > p:first-child a")]
    assert len(doors) == 4
    assert all((site.folder / door / "index.html").is_file() for door in doors)


def test_search_finds_a_note_and_leads_to_it(page, site, found):
    page.goto(site.url)
    page.click(".md-search__input")
    page.keyboard.type("rotation imported material")
    note = page.wait_for_selector(".md-search-result__link[href*='/learn/rotation/on-demand/']")
    note.click()
    page.wait_for_url("**/learn/rotation/on-demand/**")
    assert page.inner_text("h1").startswith("Rotation")


def test_the_colours_are_those_of_the_system_until_the_reader_chooses_and_the_choice_stays(page, site):
    def is_dark():
        return page.evaluate(LIGHTNESS, ["body", "backgroundColor"]) < 60

    page.emulate_media(color_scheme="dark")
    page.goto(site.url)
    assert is_dark()
    page.click("label[title='Light colours']")
    assert not is_dark()
    page.goto(f"{site.url}reference/lint/")
    assert not is_dark()
    page.click("label[title='Dark colours']")
    assert is_dark()


def test_a_page_fits_a_phone_without_scrolling_sideways(page, kind):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(kind)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate(STICKS_OUT) == []


@pytest.mark.parametrize(
    "place, width", [("reference/key-states/", 390), ("explanation/services/", 1280), ("explanation/services/", 720)]
)
def test_a_table_of_long_names_needs_no_scrolling(page, site, place, width):
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(site.url + place)
    wider = "found => found.filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.innerText.slice(0, 60))"
    assert page.eval_on_selector_all("article .md-typeset__scrollwrap", wider) == []


def test_a_page_read_in_dark_colours_is_printed_as_its_text_alone_dark_on_light_and_whole(page, kind):
    page.set_viewport_size({"width": 720, "height": 1000})  # about what A4 leaves within its margins
    page.emulate_media(media="print", color_scheme="dark")
    page.goto(kind)
    assert page.is_visible("article h1")
    for frame in (".md-header", ".md-tabs", ".md-sidebar--primary", ".md-sidebar--secondary", ".md-footer", ".md-top"):
        assert not page.is_visible(frame), frame
    assert page.evaluate(LIGHTNESS, ["article h1", "color"]) < 100
    assert page.evaluate(LIGHTNESS, ["body", "backgroundColor"]) > 200
    cut_off = "box => box.filter(box => box.scrollWidth > box.clientWidth + 1).map(box => box.outerHTML.slice(0, 80))"
    assert page.eval_on_selector_all("article pre > code, article .md-typeset__scrollwrap", cut_off) == []


def test_pictures_are_drawn_where_a_note_has_a_source_of_one(page, site):
    page.goto(f"{site.url}learn/key-policies/read-a-policy/")
    page.wait_for_selector("div.mermaid")
    assert page.query_selector("pre.mermaid") is None
    assert all(drawn.bounding_box()["height"] > 100 for drawn in page.query_selector_all("div.mermaid"))


def test_every_picture_of_the_site_can_be_drawn(page, site):
    built = "".join(site.file(name).read_text("utf-8") for name in site.pages)
    found = re.findall(r'<pre class="mermaid"[^>]*><code>(.*?)</code></pre>', built, re.S)
    sources = [unescape(source) for source in found]
    assert len(sources) > 10
    page.goto(f"{site.url}404.html")
    page.add_script_tag(url=f"{site.url}assets/mermaid.tiny.js")
    failed = """async sources => {
      const parsed = await Promise.allSettled(sources.map(source => mermaid.parse(source)));
      return parsed.filter(one => one.status == "rejected").map(one => String(one.reason));
    }"""
    assert page.evaluate(failed, sources) == []


def test_the_arrows_of_a_diagram_have_the_colour_of_their_lines(page, site):
    """In dark colours, where black is not seen. The theme shuts a diagram in, so this one is drawn beside it."""
    page.emulate_media(color_scheme="dark")
    page.goto(f"{site.url}explanation/envelope-encryption/")
    page.wait_for_selector("div.mermaid")
    drawn = """async () => {
      const { svg } = await window.mermaid.render("probe", "sequenceDiagram\\n  a->>b: x");
      document.querySelector("article").insertAdjacentHTML("beforeend", svg);
      const colour = (what, property) => getComputedStyle(document.querySelector(`#probe ${what}`))[property];
      return [colour("[id$=arrowhead] path", "fill"), colour(".messageLine0", "stroke")];
    }"""
    arrow, line = page.evaluate(drawn)
    assert arrow == line


def test_the_logo_is_drawn_and_is_the_icon_of_the_page(page, site):
    page.goto(f"{site.url}404.html")
    drawn = page.evaluate("() => document.querySelector('.md-logo img').naturalWidth")
    icon = page.evaluate("() => document.querySelector('link[rel=icon]').href")
    assert drawn > 0 and icon.endswith("/assets/logo.svg")


def test_the_landing_page_weighs_less_than_300_kb_before_images(browser, site):
    """As sent, compressed, to who comes for the first time: its HTML, CSS, JavaScript and fonts."""
    site.instead = {}
    site.sent.clear()
    with browser.fresh() as context:
        context.new_page().goto(site.url, wait_until="networkidle")
    weighed = {path: size for path, size in site.sent if not path.endswith((".svg", ".png", ".json"))}
    assert any(path.endswith(".css") for path in weighed) and any("bundle" in path for path in weighed)
    assert weighed[""] and sum(weighed.values()) < 300_000, weighed
