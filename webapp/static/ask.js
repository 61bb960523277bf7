"use strict";

// Shows the answer while the query is typed. Without this script the form does the same.

const PAUSE_MS = 250; // how long typing must pause before the app is asked
const LATE_MS = 15_000; // how long the page says no more than that it asks
const LATE =
  "No answer for 15 seconds. A free host that was asleep may need a minute. If nothing comes then " +
  "either, process() probably holds a loop that never ends: mend it and ask again.";

const form = document.querySelector("form");
const box = document.querySelector("#query");
const answer = document.querySelector("#answer");

let timer;
let request = new AbortController();

function show(text, failed = false) {
  answer.textContent = text;
  answer.classList.toggle("failed", failed);
  answer.ariaBusy = "false";
}

function askAfter(pause) {
  clearTimeout(timer);
  request.abort(); // a late answer to an earlier query must not replace a newer one
  if (!box.value.trim()) {
    show("");
    return;
  }
  answer.ariaBusy = "true";
  timer = setTimeout(ask, pause, box.value);
}

async function ask(query) {
  request = new AbortController();
  const { signal } = request;
  const late = setTimeout(show, LATE_MS, LATE, true); // an answer that comes after all replaces it
  try {
    const response = await fetch(`api?q=${encodeURIComponent(query)}`, { signal });
    const text = (await response.text()).trim();
    const isText = response.headers.get("Content-Type")?.startsWith("text/plain");
    if (response.ok) show(text || "No Match");
    else show(isText ? text : `The app answered with an error (status ${response.status}).`, true);
  } catch {
    if (!signal.aborted) show("The app cannot be reached. Is it still running?", true);
  } finally {
    clearTimeout(late);
  }
}

box.addEventListener("input", () => askAfter(PAUSE_MS));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  askAfter(0);
});
if (box.value !== box.defaultValue) askAfter(0); // typed before this script was there
