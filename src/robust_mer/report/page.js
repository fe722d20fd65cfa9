"use strict";

// Tables: every head sorts, long ones can be searched.

const LONG = 15;  // rows from which on a table can be searched

function addSearch(table) {
  const search = document.createElement("input");
  search.type = "search";
  search.placeholder = "rows with …";
  search.setAttribute("aria-label", `Search: ${table.caption.textContent}`);
  search.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/);
    for (const row of table.tBodies[0].rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
  });
  table.parentElement.before(search);
}

function compareCells(a, b) {
  const [m, n] = [a, b].map((text) => parseFloat(text.replace("−", "-")));
  return isNaN(m) || isNaN(n) ? a.localeCompare(b) : m - n;
}

function addSorting(table) {
  const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const compare = (one, other) => {
        const [a, b] = [one, other].map((row) => row.cells[column].textContent);
        if (a === "" || b === "") return (a === "") - (b === "");  // empty cells stay last
        return compareCells(a, b) * (down ? -1 : 1);
      };
      table.tBodies[0].append(...[...table.tBodies[0].rows].sort(compare));
    });
  });
}

for (const table of document.querySelectorAll("table.sortable")) {
  if (table.tBodies[0].rows.length > LONG) addSearch(table);
  addSorting(table);
}

// Figures: each panel of a chart is a view of its own, as wide as there is room.

const palette = JSON.parse(document.getElementById("palette").textContent);
const dark = matchMedia("(prefers-color-scheme: dark)");
const SIZE = 12;  // of all letters, in pixels
const ERRORS = 1;  // of Vega's levels of logging: warnings are for those who write charts
const GROWTH = 1.9;  // a panel is at most so many times as wide as it must be

const colours = () => (dark.matches ? palette.dark : palette.light);

function config() {
  const style = getComputedStyle(document.documentElement);
  const [ink, pale, line] = ["--ink", "--pale", "--line"].map((name) => style.getPropertyValue(name));
  return {
    background: "transparent",
    font: getComputedStyle(document.body).fontFamily,
    view: {stroke: null},
    text: {fontSize: SIZE},
    title: {fontSize: SIZE, fontWeight: 600, color: ink, offset: 8},
    axis: {
      labelFontSize: SIZE, titleFontSize: SIZE, titleFontWeight: 400, labelColor: ink,
      titleColor: ink, gridColor: line, domainColor: pale, tickColor: pale, labelLimit: 0,
      titleLimit: 0, labelLineHeight: 15, labelSeparation: SIZE / 2,
    },
    legend: {disable: true},
    range: {category: colours(), symbol: palette.symbols},
  };
}

// What is switched off, by experiment: the names of series.
const hidden = new Map();

class Figure {
  constructor(element) {
    this.element = element;
    const {concat, columns, ...chart} = JSON.parse(element.querySelector("script").textContent);
    Object.assign(this, {concat, chart, views: [], isDrawn: false});
    this.scope = element.closest("section");
    const panels = element.querySelector(".panels");
    const least = Math.max(...concat.map((panel) => panel.width));
    panels.style.setProperty("--abreast", columns);
    panels.style.setProperty("--least", `${least}px`);
    panels.style.setProperty("--most", `${GROWTH * least}px`);
    this.addLegend();
  }

  get off() {
    if (!hidden.has(this.scope)) hidden.set(this.scope, new Set());
    return hidden.get(this.scope);
  }

  addLegend() {
    const {series, coloured} = this.chart.usermeta;
    this.boxes = Object.entries(series).map(([name, place]) => {
      const label = document.createElement("label");
      const box = document.createElement("input");
      const glyph = document.createElement("span");
      const text = document.createElement("span");
      Object.assign(box, {type: "checkbox", checked: true});
      glyph.textContent = coloured ? palette.glyphs[place % palette.glyphs.length] : "";
      text.textContent = name;
      label.append(box, glyph, text);
      box.addEventListener("change", () => {
        this.off[box.checked ? "delete" : "add"](name);
        figures.filter((other) => other.scope === this.scope).forEach((other) => other.update());
      });
      return {name, place, box, glyph, text};
    });
    this.element.querySelector(".legend").append(...this.boxes.map((one) => one.box.parentElement));
    this.update();
  }

  update() {
    for (const {name, place, box, glyph, text} of this.boxes) {
      box.checked = !this.off.has(name);
      text.className = box.checked ? "" : "off";
      glyph.style.color = colours()[place % colours().length];
    }
    return Promise.all(
      this.views.map((view) => view.signal("hidden", [...this.off]).runAsync()));
  }

  async draw() {
    this.isDrawn = true;
    this.views.forEach((view) => view.finalize());
    const panels = this.element.querySelector(".panels");
    const places = this.concat.map(() => {
      const place = document.createElement("div");
      place.className = "panel";
      return place;
    });
    panels.replaceChildren(...places);
    const options = {
      actions: false, renderer: "svg", config: config(), mode: "vega-lite", logLevel: ERRORS,
      tooltip: {theme: dark.matches ? "dark" : "light"},
    };
    const shown = places.map((place, at) => vegaEmbed(place, this.fitted(at, place), options));
    this.views = (await Promise.all(shown)).map((one) => one.view);
    await this.update();
  }

  // One panel as wide as its place.
  fitted(at, place) {
    const width = place.clientWidth;
    const panel = structuredClone(this.concat[at]);
    if (width < this.chart.usermeta.turned_below?.[at]) {
      const turned = {labelAngle: -90, labelAlign: "right", labelBaseline: "middle"};
      Object.assign(panel.encoding.x.axis, turned);
    }
    return {...this.chart, ...panel, width, autosize: {type: "fit-x", contains: "padding"}};
  }
}

const figures = [...document.querySelectorAll("figure.chart")].map((one) => new Figure(one));
const drawAll = () => Promise.all(figures.filter((one) => !one.isDrawn).map((one) => one.draw()));
const observer = new IntersectionObserver((entries) => {
  for (const {target, isIntersecting} of entries) {
    const figure = figures.find((one) => one.element === target);
    if (isIntersecting && !figure.isDrawn) figure.draw();
  }
}, {rootMargin: "500px"});
figures.forEach((one) => observer.observe(one.element));
addEventListener("beforeprint", drawAll);
const redraw = () => Promise.all(figures.filter((one) => one.isDrawn).map((one) => one.draw()));
let width = innerWidth;
let waiting;
addEventListener("resize", () => {
  if (innerWidth === width) return;  // a phone's address bar came or went
  width = innerWidth;
  clearTimeout(waiting);
  waiting = setTimeout(redraw, 100);
});
dark.addEventListener("change", redraw);
