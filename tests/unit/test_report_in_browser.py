"""The report as a browser shows it; `make test-browser` has more unusual runs."""

import pytest
from helpers.browser import needs_browser
from helpers.page_checks import (
    FIGURES,
    MISPLACED,
    OPEN_ALL,
    WIDTHS,
    check_widths,
)
from helpers.results import SyntheticRun

pytestmark = needs_browser


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


@pytest.mark.parametrize(
    ("dark", "widths"), [(False, WIDTHS[::2]), (True, WIDTHS[1:2])], ids=["light", "dark"]
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


def test_texts_that_overlap_or_leave_their_drawing_are_found(browser, tmp_path):
    """What the other tests rely on."""
    text = '<text x="{}" y="20" font-size="12">{}</text>'
    texts = "".join(text.format(x, name) for x, name in ((5, "one"), (12, "two"), (90, "three")))
    path = tmp_path / "x.svg"
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="100" height="40">{texts}</svg>'
    )
    assert browser.open(path).run(MISPLACED) == ["three leaves its drawing", "one on two"]
