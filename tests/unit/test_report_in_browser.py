"""The report as a browser shows it, of usual and of unusual runs."""

import pytest
from helpers.browser import Browser, needs_browser
from helpers.results import SyntheticRun

# One browser and one usual run serve all tests.
pytestmark = [needs_browser, pytest.mark.xdist_group("browser")]

WIDTHS = (390, 1200, 1920)
FIGURES = ("snr", "conditions", "confusion", "errors")
LONG = "a_name_of_forty_letters_that_goes_on_"

# Boxes of texts, by figure, that overlap another text or leave their drawing.
MISPLACED = """
const wrong = [];
for (const svg of document.querySelectorAll("svg")) {
  const frame = svg.getBoundingClientRect();
  if (svg.parentElement && frame.right > innerWidth) wrong.push("a drawing is too wide");
  const texts = [...svg.querySelectorAll("text")].map((text) => {
    const lines = [...text.querySelectorAll("tspan")];
    return (lines.length ? lines : [text]).filter((one) => one.textContent.trim()).map((one) => {
      const box = one.getBoundingClientRect();
      const opacity = text.getAttribute("opacity") ?? getComputedStyle(text).opacity;
      return {name: one.textContent, box, isSeen: opacity > 0 && box.width > 0};
    });
  }).flat().filter((one) => one.isSeen);
  for (const {name, box} of texts) {
    if (box.left < frame.left - 2 || box.right > frame.right + 2 || box.top < frame.top - 3
        || box.bottom > frame.bottom + 3) wrong.push(`${name} leaves its drawing`);
  }
  texts.forEach((one, at) => texts.slice(at + 1).forEach((other) => {
    const [a, b] = [one.box, other.box];
    const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (across > 2 && down > 3) wrong.push(`${one.name} on ${other.name}`);
  }));
}
return wrong;
"""
REDRAW = "await redraw();"
OPEN_ALL = """
document.querySelectorAll("details").forEach((one) => { one.open = true; });
await drawAll();
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    browser = Browser(tmp_path_factory.mktemp("browser"))
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    """Four models, a noise at three SNRs and one without SNR."""
    run = SyntheticRun(
        tmp_path_factory.mktemp("usual"),
        models=("men", "nmer", "mmin", "cm_arr"),
        corruptions=("clean", "gaussian_0dB", "gaussian_-10dB", "gaussian_-40dB", "missing"),
        has_statistics=True,
    )
    return run.page(run.figures((*FIGURES, "reliability", "learning"), with_svg=False))


def too_wide(browser):
    """By how many pixels the page is wider than the window."""
    return browser.run("return document.documentElement.scrollWidth - window.innerWidth;")


def outside(browser):
    return [url for url in browser.requests if not url.startswith(("file:", "data:", "blob:"))]


def check_widths(browser, widths):
    """Nothing in the open page is cut, overlaps, fails or asks for a file elsewhere."""
    browser.run(OPEN_ALL)
    for width in widths:
        browser.resize(width)
        assert browser.run(REDRAW + MISPLACED) == []
        assert too_wide(browser) <= 0
    assert browser.errors == []
    assert outside(browser) == []


@pytest.mark.parametrize(
    ("dark", "widths"), [(False, WIDTHS), (True, WIDTHS[1:2])], ids=["light", "dark"]
)
def test_every_width_shows_everything(browser, usual, dark, widths):
    browser.open(usual, dark=dark)
    check_widths(browser, widths)
    assert usual.stat().st_size < 3_000_000


def test_the_mouse_shows_values(browser, usual):
    browser.open(usual)
    browser.run("await figures[0].draw(); figures[0].element.scrollIntoView();")
    point = browser.run("""
      const point = document.querySelector(".panel .mark-symbol path");
      const box = point.getBoundingClientRect();
      return [box.x + box.width / 2, box.y + box.height / 2];
    """)
    browser.move_to(*point)
    told = browser.run("""
      const read = () => document.querySelector("#vg-tooltip-element.visible")?.textContent;
      for (let n = 0; n < 100 && !read(); n++) await new Promise((done) => setTimeout(done, 20));
      return read();
    """)
    assert "modelmen (trained on clean)" in told
    assert "WA0." in told


def test_a_model_that_is_switched_off_vanishes_from_all_figures(browser, usual):
    browser.open(usual)
    browser.run(OPEN_ALL)
    seen = browser.run("""
      const drawn = () => figures.map((one) => one.element.querySelectorAll(
        ".mark-symbol path, .mark-rect path").length);
      const before = drawn();
      const box = [...figures[0].element.querySelectorAll(".legend label")].find(
        (one) => one.textContent === "●men").querySelector("input");
      box.click();
      await Promise.all(figures.map((one) => one.update()));
      const without = drawn();
      const others = figures.map((one) => one.element.querySelectorAll(".legend .off").length);
      box.click();
      await Promise.all(figures.map((one) => one.update()));
      return [before, without, others, drawn()];
    """)
    before, without, others, again = seen
    assert all(a > b > 0 for a, b in zip(before, without, strict=True))
    assert others == [1] * len(before)
    assert again == before


def test_heads_sort_and_long_tables_are_searched(browser, usual):
    browser.open(usual)
    sorted_as = browser.run("""
      const find = (start) => [...document.querySelectorAll("table")].find(
        (one) => one.caption.textContent.includes(start));
      const table = find("mean over the partial conditions");
      const rows = () => [...table.tBodies[0].rows];
      const read = () => rows().map((row) => parseFloat(row.cells[2].textContent));
      const heads = table.tHead.rows[table.tHead.rows.length - 1].cells;
      heads[2].querySelector("button").click();
      const rising = read();
      heads[2].querySelector("button").click();
      const search = document.querySelector("input[type=search]");
      search.value = "NMER gaussian";
      search.dispatchEvent(new Event("input"));
      const searched = search.nextElementSibling.querySelector("table");
      const left = [...searched.tBodies[0].rows].filter((row) => !row.hidden);
      return [rising, read(), left.length, left.every((row) => row.textContent.includes("nmer"))];
    """)
    rising, falling, left, all_match = sorted_as
    assert rising == sorted(rising)
    assert falling == sorted(rising, reverse=True)
    assert left > 0
    assert all_match


def test_the_first_table_fits_a_window_of_1200_pixels(browser, usual):
    browser.open(usual, 1200)
    assert browser.run("""
      const box = document.querySelector(".wide");
      return box.scrollWidth <= box.clientWidth;
    """)


UNUSUAL = {
    "one model": {"models": ("nmer",)},
    "one fold and corruption": {"folds": 1, "corruptions": ("gaussian_-10dB",)},
    "two modalities, 12 classes, nothing clean": {
        "modalities": "al",
        "classes": tuple(f"class{number}" for number in range(12)),
        "corruptions": ("gaussian_-10dB", "impulse_-10dB", "missing"),
    },
    "30 models": {"models": tuple(f"model_{number}" for number in range(30))},
    "labels of 40 letters": {
        "models": (LONG + "one", LONG + "two"),
        "classes": (LONG + "sad", LONG + "not", "x" * 40),
    },
}


@pytest.mark.parametrize("case", UNUSUAL)
def test_unusual_runs_are_shown_whole(browser, tmp_path, case):
    run = SyntheticRun(tmp_path, **UNUSUAL[case])
    drawn = run.figures(FIGURES[:2] if len(run.models) > 10 else FIGURES)
    browser.open(run.page(drawn))
    check_widths(browser, WIDTHS)
    for name, files in drawn.items():
        browser.open(files.svg)
        assert browser.run(MISPLACED) == [], name


def test_texts_that_overlap_or_leave_their_drawing_are_found(browser, tmp_path):
    """What the other tests rely on."""
    text = '<text x="{}" y="20" font-size="12">{}</text>'
    texts = "".join(text.format(x, name) for x, name in ((5, "one"), (12, "two"), (90, "three")))
    path = tmp_path / "x.svg"
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="100" height="40">{texts}</svg>'
    )
    assert browser.open(path).run(MISPLACED) == ["three leaves its drawing", "one on two"]
