"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const NS = "http://www.w3.org/2000/svg";
const state = { metric: data.first, picked: {}, cell: null };
const by = id => document.getElementById(id);

function element(name, attributes, ...children) {
  const made = name.startsWith("svg:") ? document.createElementNS(NS, name.slice(4)) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/* The same form as in the pictures: three digits in at most five characters. */
function short(value) {
  if (value > 0 && value < 0.005) return "<0.01";
  const [step, unit] = [[1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""]].find(([s]) => value >= 0.9995 * s) || [1, ""];
  const v = value / step;
  return v.toFixed(v >= 99.95 ? 0 : v >= 9.995 ? 1 : 2) + unit;
}

const metric = () => data.metrics.find(m => m.name === state.metric);
const position = (m, value) => Math.min(1, Math.max(0, Math.log(value / m.low) / Math.log(m.high / m.low)));
/* An end that nothing bounds is null. */
const written = (m, value) => value === null ? "no bound" : short(value / m.factor);
const bounds = { "exact": "", "at-least": "at least ", "at-most": "at most ", "until-stopped": "until stopped " };
const marks = { best: "best", tied: "statistically tied with the best", unresolved: "not resolved: may be more than 5 % slower", "": "" };

/* States of a cell without a time. */
const UNTIMED = ["failed", "wrong", "interrupted"];

function label(m, cell) {
  if (UNTIMED.includes(cell.state)) return cell.state;
  const number = cell.values[m.name];
  if (!number) return "–";
  const sign = { "at-least": ">", "at-most": "<", "until-stopped": "|" }[number.bound] || (number.high === null || number.high > 1.5 * number.low ? "~" : "");
  return sign + written(m, number.value) + (cell.mark === "best" ? "*" : cell.mark === "tied" ? "=" : cell.mark === "unresolved" ? "?" : "");
}

function sentence(m, cell) {
  const number = cell.values[m.name];
  const what = UNTIMED.includes(cell.state) ? `${cell.state}: ${cell.reason}` : !number ? m.name + " not known"
    : `${m.name} ${bounds[number.bound]}${written(m, number.value)} ${m.unit === "1" ? "" : m.unit}`;
  return `${data.y.name} ${data.y.values[cell.at[data.y.index]]}, ${data.x.name} ${data.x.values[cell.at[data.x.index]]}: ${what}`
    + (cell.mark ? ", " + marks[cell.mark] : "");
}

function shown(run) {
  const places = new Map();
  for (const cell of run.cells)
    if (data.pickers.every(p => cell.at[p.index] === state.picked[p.index]))
      places.set(cell.at[data.y.index] + "," + cell.at[data.x.index], cell);
  return places;
}

function heatmap(run, runIndex) {
  const m = metric(), places = shown(run), [w, h, left, below] = [52, 36, 60, 46];
  const columns = data.x.values.length, rows = data.y.values.length;
  const width = left + Math.max(columns * w, 220) + 4, height = rows * h + below;
  const svg = element("svg:svg", { viewBox: `0 0 ${width} ${height}`, width, role: "group", "aria-label": `${m.title}, ${run.name}${chosen()}` });
  const up = data.y.counts;
  const top = row => (up ? rows - 1 - row : row) * h;
  for (let row = 0; row < rows; row++) {
    const name = element("svg:text", { x: left - 8, y: top(row) + h / 2, "text-anchor": "end", "dominant-baseline": "central" }, data.y.values[row]);
    svg.append(name);
    for (let column = 0; column < columns; column++) {
      const cell = places.get(row + "," + column), x = left + column * w, y = top(row);
      if (!cell) { svg.append(element("svg:rect", { x, y, width: w, height: h, class: "none" })); continue; }
      const number = cell.values[m.name];
      const shade = number ? m.colors[Math.round(position(m, number.value) * (m.colors.length - 1))] : null;
      const group = element("svg:g", { class: "cell", tabindex: -1, role: "button", "aria-label": sentence(m, cell),
        "data-run": runIndex, "data-row": row, "data-column": column });
      group.append(element("svg:rect", { x, y, width: w, height: h, fill: shade ? shade[0] : "var(--panel)" }));
      const text = element("svg:text", { x: x + w / 2, y: y + h / 2 }, label(m, cell));
      if (shade) text.style.fill = shade[1];
      if (label(m, cell).length > 5) text.style.fontSize = "11px";
      group.append(text);
      const show = () => details(run, cell, group);
      for (const event of ["pointerenter", "focus", "click"]) group.addEventListener(event, show);
      svg.append(group);
    }
  }
  for (let column = 0; column < columns; column++)
    svg.append(element("svg:text", { x: left + (column + 0.5) * w, y: rows * h + 16, "text-anchor": "middle" }, data.x.values[column]));
  svg.append(element("svg:text", { x: left + columns * w / 2, y: rows * h + 38, "text-anchor": "middle" }, data.x.label));
  svg.append(element("svg:text", { x: 12, y: rows * h / 2, "text-anchor": "middle", transform: `rotate(-90 12 ${rows * h / 2})` }, data.y.label));
  const path = budget(run, { w, h, left, columns, rows });
  if (path) for (const layer of ["curve under", "curve"]) svg.append(element("svg:polyline", { class: layer, points: path }));
  const first = svg.querySelector(".cell");
  if (first) first.setAttribute("tabindex", 0);
  svg.addEventListener("keydown", walk);
  return svg;
}

/* The border between cells that ask for at most P threads and those that ask for more. */
function budget(run, { w, h, left, columns, rows }) {
  if (!data.x.counts || !data.y.counts) return null;
  const points = [];
  for (let column = 0; column < columns; column++) {
    const fits = data.y.values.filter(v => v * data.x.values[column] <= run.budget).length;
    points.push([left + column * w, (rows - fits) * h], [left + (column + 1) * w, (rows - fits) * h]);
  }
  return points.map(p => p.join(",")).join(" ");
}

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [1, 0], ArrowDown: [-1, 0] };

function walk(event) {
  const step = STEPS[event.key], here = event.target.closest(".cell");
  if (!step || !here) return;
  event.preventDefault();
  const [up, right] = data.y.counts ? step : [-step[0], step[1]];
  let [row, column] = [+here.dataset.row + up, +here.dataset.column + right];
  const there = event.currentTarget.querySelector(`[data-row="${row}"][data-column="${column}"]`);
  if (!there) return;
  here.setAttribute("tabindex", -1);
  there.setAttribute("tabindex", 0);
  there.focus();
}

function details(run, cell, group) {
  document.querySelectorAll(".chosen").forEach(other => other.classList.remove("chosen"));
  group.classList.add("chosen");
  const list = element("dl");
  const fact = (name, value) => list.append(element("dt", {}, name), element("dd", {}, value));
  fact("cell", element("code", {}, cell.cell));
  if (data.runs.length > 1) fact("run", run.name);
  if (cell.mark) fact("verdict", marks[cell.mark]);
  if (cell.state === "censored") fact("state", "stopped at the time limit: numbers are bounds");
  if (cell.reason) fact("reason", cell.reason);
  for (const m of data.metrics) {
    const number = cell.values[m.name];
    if (!number) continue;
    const ends = number.spread ? ` [${written(m, number.low)}, ${written(m, number.high)}] (${number.spread === "interval" ? "95 % interval" : "range"})` : "";
    fact(m.name, `${bounds[number.bound]}${written(m, number.value)}${m.unit === "1" ? "" : " " + m.unit}${ends}`);
  }
  if (cell.cause) { fact("cause", cell.cause); for (const line of cell.evidence) fact("", line); }
  fact("rounds", `${cell.rounds}, ${cell.samples} samples${cell.failed_rounds ? `, ${cell.failed_rounds} rounds failed` : ""}`);
  for (const line of cell.again) fact("again", element("code", {}, line));
  by("cell").replaceChildren(list, ...split(cell));
}

function split(cell) {
  /* Nothing of what was not counted is no 0 %. */
  const parts = cell.split.filter(([, share]) => share > 0);
  const total = parts.reduce((sum, [, share]) => sum + share, 0);
  if (!total) return [];
  const words = parts.map(([name, share]) => `${name} ${short(100 * share / total)} %`).join(", ");
  const bar = element("div", { class: "split", role: "img", "aria-label": "time of the PUs: " + words });
  const legend = element("div", { class: "legend" });
  for (const [name, share, color] of parts) {
    const part = element("span", { title: name });
    part.style.cssText = `flex:${share};background:${color}`;
    bar.append(part);
    const key = element("i");
    key.style.background = color;
    legend.append(element("span", {}, key, `${name} ${short(100 * share / total)} %`));
  }
  return [element("h3", {}, "Where the time of the PUs went"), bar, legend];
}

function table(run) {
  const m = metric(), places = shown(run);
  const head = element("tr", {}, element("th", { scope: "col" }, `${data.y.name} \\ ${data.x.name}`),
    ...data.x.values.map(v => element("th", { scope: "col" }, v)));
  const body = data.y.values.map((value, row) => element("tr", {}, element("th", { scope: "row" }, value),
    ...data.x.values.map((_, column) => {
      const cell = places.get(row + "," + column);
      return element("td", {}, cell ? label(m, cell) : "");
    })));
  return element("table", {}, element("caption", {}, `${m.title} [${m.unit}], ${run.name}${chosen()}; * best, = statistically tied with it, ? not resolved`),
    element("thead", {}, head), element("tbody", {}, ...body));
}

function scale(m) {
  const colors = m.colors.map(c => c[0]).join(", ");
  const bar = element("div", { class: "split", role: "img", "aria-label": `colours from ${written(m, m.low)} to ${written(m, m.high)}: ${m.words}` });
  bar.style.cssText = `background:linear-gradient(to right, ${colors});max-width:24rem`;
  return [bar, element("p", { class: "legend" }, `${written(m, m.low)} to ${written(m, m.high)} [${m.unit}], logarithmic: ${m.words}; dashed: outer × inner = P`),
    element("p", { class: "legend" }, "* best; = statistically tied with it; ? not resolved (may be more than 5 % slower); ~ the interval's ends are 1.5 times apart or more; "
      + "> < at least, at most; | until stopped; – not known")];
}

/* What the pickers chose, in words that stay on paper. */
const chosen = () => data.pickers.map(p => `, ${p.name} ${p.values[state.picked[p.index]]}`).join("");

function draw() {
  const m = metric();
  by("definition").replaceChildren(`${m.title} [${m.unit}]: ${m.definition}.`, ...scale(m));
  by("figures").replaceChildren(...data.runs.map((run, index) => {
    const open = element("details", {}, element("summary", {}, "The same as a table"), element("div", { class: "scroll" }, table(run)));
    return element("figure", {}, element("h2", {}, run.name + chosen()), element("div", { class: "scroll" }, heatmap(run, index)),
      element("figcaption", {}, run.caption), open);
  }));
}

function picker(name, options, chosen, choose) {
  const select = element("select", { "data-picker": name });
  options.forEach((option, index) => select.append(element("option", index === chosen ? { selected: "" } : {}, option)));
  select.addEventListener("change", () => { choose(select.selectedIndex); draw(); });
  by("pickers").append(element("label", {}, name, select));
}

function field(value) {
  const text = value === null || value === undefined ? "" : String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function csv() {
  const lines = [["run", "cell", "metric", "unit", "bound", "value", "low", "high", "spread", "mark", "state", "rounds", "samples", "reason"]];
  for (const run of data.runs) for (const cell of run.cells) for (const m of data.metrics) {
    const n = cell.values[m.name] || {};
    lines.push([run.name, cell.cell, m.name, m.raw_unit, n.bound, n.value, n.low, n.high, n.spread, cell.mark, cell.state, cell.rounds, cell.samples, cell.reason]);
  }
  return lines.map(line => line.map(field).join(",")).join("\n") + "\n";
}

by("csv").addEventListener("click", () => {
  const url = URL.createObjectURL(new Blob([csv()], { type: "text/csv" }));
  element("a", { href: url, download: "oversub.csv" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
});
document.querySelectorAll("[data-copy]").forEach(button => button.addEventListener("click", () => {
  const lines = button.previousElementSibling;
  getSelection().selectAllChildren(lines);
  const done = () => { button.textContent = "Copied"; };
  if (navigator.clipboard) navigator.clipboard.writeText(lines.textContent).then(done, () => {});
  else if (document.execCommand("copy")) done();
}));
picker("metric", data.metrics.map(m => m.name), data.metrics.findIndex(m => m.name === state.metric), i => { state.metric = data.metrics[i].name; });
for (const p of data.pickers) {
  state.picked[p.index] = 0;
  picker(p.name, p.values, 0, i => { state.picked[p.index] = i; });
}
draw();
