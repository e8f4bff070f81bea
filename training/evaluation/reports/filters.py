"""What the page does: it shows the conversations that are asked for, counts them, and follows a few keys."""

SCRIPT = """
"use strict";
const by = (id) => document.getElementById(id);
const form = by("filters");
const items = [...document.querySelectorAll("article")].map((element) => ({
  element,
  category: element.dataset.category,
  critical: "critical" in element.dataset,
  rates: element.dataset.passes.split(" ").map((told) => {
    const [passes, trials] = told.split("/").map(Number);
    return passes / trials;
  }),
}));
const passes = (item, model) => item.rates[model] === 1;
const outcomes = {
  all: () => true,
  differs: (item, others) => others.some((model) => item.rates[model] !== item.rates[0]),
  baseline: (item, others) => passes(item, 0) && others.some((model) => !passes(item, model)),
  candidate: (item, others) => !passes(item, 0) && others.some((model) => passes(item, model)),
  fail: (item, others) => [0, ...others].every((model) => !passes(item, model)),
  critical: (item, others) => item.critical && [0, ...others].some((model) => !passes(item, model)),
};
const options = [...by("outcome").options].map((option) => ({ option, told: option.textContent }));

function chosen() {
  const model = by("candidate")?.value;
  const every = items.length ? items[0].rates.map((_, number) => number).slice(1) : [];
  return model ? [Number(model)] : every;
}

function holds(item, words) {
  item.text ??= item.element.textContent.toLowerCase();
  return words.every((word) => item.text.includes(word));
}

function show() {
  const others = chosen();
  const category = by("category").value;
  const words = by("search").value.toLowerCase().split(/\\s+/).filter(Boolean);
  const left = items.filter((item) => (!category || item.category === category) && holds(item, words));
  for (const { option, told } of options) {
    option.textContent = `${told} (${left.filter((item) => outcomes[option.value](item, others)).length})`;
  }
  const shown = new Set(left.filter((item) => outcomes[by("outcome").value](item, others)));
  for (const item of items) item.element.hidden = !shown.has(item);
  by("count").textContent = `${shown.size} of ${items.length} conversations`;
  by("nothing").hidden = shown.size > 0;
}

function columns() {
  const others = chosen();
  for (const cell of document.querySelectorAll("[data-model]")) {
    const model = Number(cell.dataset.model);
    cell.hidden = model > 0 && !others.includes(model);
  }
  const trial = by("trial")?.value ?? "";
  for (const said of document.querySelectorAll("[data-trials]")) {
    said.hidden = trial !== "" && !said.dataset.trials.split(" ").includes(trial);
  }
}

function step(way) {
  const shown = items.filter((item) => !item.element.hidden).map((item) => item.element.querySelector("summary"));
  const at = shown.indexOf(document.activeElement?.closest("article")?.querySelector("summary"));
  const next = shown[at < 0 ? (way > 0 ? 0 : shown.length - 1) : Math.min(Math.max(at + way, 0), shown.length - 1)];
  next?.focus();
  next?.closest("article").scrollIntoView({ block: "start" });
}

function update() { columns(); show(); }
form.addEventListener("input", (event) => (event.target.id === "search" ? show() : update()));
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(update));
by("fold").addEventListener("click", () => {
  const folds = items.map((item) => item.element.querySelector("details"));
  const open = !folds.some((fold) => fold.open);
  for (const fold of folds) fold.open = open;
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select")) return;
  if (event.key === "/") { event.preventDefault(); by("search").focus(); }
  if (event.key === "j") step(1);
  if (event.key === "k") step(-1);
});
update();
"""
