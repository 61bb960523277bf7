"use strict";

const byText = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

function sortRows(body, column, ascending, isNumber) {
  const key = ({ cells }) => cells[column].dataset.value ?? cells[column].textContent.trim();
  const compare = isNumber
    ? (a, b) => parseFloat(a) - parseFloat(b)
    : byText.compare;
  const rows = Array.from(body.rows, (row) => ({ row, key: key(row) }));
  rows.sort((a, b) => {
    // Blank cells stay last in either direction: they are neither high nor low.
    if (!a.key || !b.key) return (a.key ? 0 : 1) - (b.key ? 0 : 1);
    return ascending ? compare(a.key, b.key) : compare(b.key, a.key);
  });
  body.append(...rows.map(({ row }) => row));
}

function makeSortable(table) {
  const headers = Array.from(table.tHead.rows[0].cells);
  headers.forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => {
      const ascending = header.getAttribute("aria-sort") !== "ascending";
      headers.forEach((other) => other.removeAttribute("aria-sort"));
      header.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      sortRows(table.tBodies[0], column, ascending, header.classList.contains("number"));
    });
  });
}

function labelled(control, words) {
  const label = document.createElement("label");
  label.append(words, control);
  return label;
}

// A choice among `options`, each with its value and its words; the first one is any.
function choice(words, options) {
  const select = document.createElement("select");
  select.append(new Option("any", ""), ...options.map(([value, text]) => new Option(text, value)));
  return { select, label: labelled(select, words) };
}

function distinct(rows, name) {
  const values = new Set(rows.map((row) => row.dataset[name]).filter(Boolean));
  return Array.from(values).sort(byText.compare).map((value) => [value, value]);
}

// Whoever does not fit the search and the choices is hidden, in the table and in the checks below.
function makeSearchable(table) {
  const rows = Array.from(table.tBodies[0].rows);
  const checks = Array.from(
    document.querySelectorAll("table.questions tbody th > bdi"),
    (name, number) => [String(number), name.textContent],
  );
  const search = document.createElement("input");
  search.type = "search";
  const state = choice("State", distinct(rows, "state"));
  const section = choice("Section", distinct(rows, "section"));
  const check = choice("Not right", checks);
  const shown = document.createElement("output");

  function apply() {
    const words = search.value.trim().toLocaleLowerCase();
    let count = 0;
    for (const row of rows) {
      const { state: ofState, section: ofSection, lost } = row.dataset;
      const fits =
        row.textContent.toLocaleLowerCase().includes(words) &&
        (!state.select.value || state.select.value === ofState) &&
        (!section.select.value || section.select.value === ofSection) &&
        (!check.select.value || lost.split(" ").includes(check.select.value));
      row.hidden = !fits;
      count += fits;
      const details = document.getElementById(row.querySelector("a").hash.slice(1));
      if (details) details.hidden = !fits;
    }
    shown.textContent = `${count} of ${rows.length} shown`;
  }

  const form = document.createElement("form");
  form.className = "filter";
  form.append(labelled(search, "Search"));
  for (const each of [state, section, check]) {
    if (each.select.options.length > 2) form.append(each.label);
  }
  form.append(shown);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", apply);
  table.parentElement.before(form);
  apply();
}

// A time stands in UTC; whoever reads lives elsewhere.
function addLocalTime(time) {
  const when = new Date(time.dateTime);
  if (when.getTimezoneOffset() === 0) return;
  const parts = { year: "numeric", month: "short", day: "numeric", hour: "2-digit" };
  const local = when.toLocaleString(undefined, {
    ...parts, minute: "2-digit", timeZoneName: "short",
  });
  time.append(` (${local})`);
}

function openTarget() {
  const target = document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) {
    target.hidden = false;
    target.open = true;
    target.scrollIntoView();
  }
}

document.querySelectorAll("table.sortable").forEach(makeSortable);
document.querySelectorAll("table.sortable").forEach(makeSearchable);
document.querySelectorAll("time").forEach(addLocalTime);
window.addEventListener("hashchange", openTarget);
openTarget();
