"""Checks of a report that is open in a browser."""

WIDTHS = (390, 1200, 1920)
FIGURES = ("snr", "conditions", "confusion", "errors")

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


def check_run(browser, run):
    """All that a run's report and figures show can be read."""
    drawn = run.figures(FIGURES[:2] if len(run.models) > 10 else FIGURES)
    browser.open(run.page(drawn))
    check_widths(browser, WIDTHS)
    for name, files in drawn.items():
        browser.open(files.svg)
        assert browser.run(MISPLACED) == [], name
