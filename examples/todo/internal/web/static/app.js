// The page shows what the API returns and polls it, so that it is live, shows
// what others do, and recovers by itself after a failure.

const pollInterval = 1500; // milliseconds
const timeout = 8000; // of a request
const maxInterval = 10000; // between polls while something fails

const $ = (id) => document.getElementById(id);
const made = (template) => $(template).content.firstElementChild.cloneNode(true);
const user = new URLSearchParams(location.search).get("user_id") ?? "1";

let failing = { tasks: false, feed: false };
let failedAt = 0; // when a change failed last; its message stays for a while
let refreshes = 0;

// ask calls the API. The message of the error that it throws is for the user.
async function ask(method, path, body) {
  let response;
  try {
    response = await fetch(`api/${path}?${new URLSearchParams({ user_id: user })}`, {
      method,
      body: body && JSON.stringify(body),
      headers: body && { "Content-Type": "application/json" },
      signal: AbortSignal.timeout(timeout),
      cache: "no-store",
    });
  } catch {
    throw new Error("The server does not answer.");
  }
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => null);
  if (response.ok && answer) return answer;
  const reason = typeof answer?.error === "string" ? answer.error : "The service does not answer.";
  throw new Error(sentence(reason));
}

const sentence = (s) => (s[0].toUpperCase() + s.slice(1)).replace(/[^.!?]$/, "$&.");

const announce = (news) => { $("news").textContent = news; };

function problem(id, text) {
  const box = $(id);
  if (box.textContent !== text) box.textContent = text;
  box.hidden = text === "";
}

// Tasks

const rows = new Map(); // id → list item
let tasks = [];

function showTasks() {
  const present = new Set(tasks.map((task) => task.id));
  for (const [id, row] of rows) {
    if (!present.has(id)) {
      if (row.contains(document.activeElement)) (neighbor(row) ?? $("title")).focus();
      row.remove();
      rows.delete(id);
    }
  }
  for (const task of tasks) {
    let row = rows.get(task.id);
    if (!row) {
      row = made("task");
      row.dataset.task = task.id;
      rows.set(task.id, row);
      $("tasks").append(row);
    }
    showTask(row, task);
  }
  $("tasks").ariaBusy = "false";
  $("no-tasks").hidden = tasks.length > 0;
  const done = tasks.filter((task) => task.completed).length;
  $("count").textContent = tasks.length ? `${tasks.length - done} open, ${done} done` : "";
}

function showTask(row, task) {
  row.classList.toggle("completed", task.completed);
  row.querySelector(".name").textContent = task.title;
  row.querySelector(".state").textContent = task.completed ? "completed" : "open";
  for (const button of row.querySelectorAll(".actions button")) {
    button.setAttribute("aria-label", `${button.textContent} “${task.title}”`);
  }
  const complete = row.querySelector("[data-action=complete]");
  if (task.completed && complete === document.activeElement) row.querySelector("[data-action=edit]").focus();
  complete.hidden = task.completed;
}

const neighbor = (row) => (row.nextElementSibling ?? row.previousElementSibling)?.querySelector("[data-action=edit]");

// change runs a change to the tasks and refreshes the page at once.
async function change(control, run, news) {
  const controls = [...(control.closest("form, li")?.querySelectorAll("button") ?? [])];
  controls.forEach((button) => { button.disabled = true; });
  try {
    await run();
    problem("problem", "");
    announce(news);
    await refresh();
    return true;
  } catch (failure) {
    problem("problem", `That did not work. ${failure.message}`);
    failedAt = performance.now();
    return false;
  } finally {
    controls.forEach((button) => { button.disabled = false; });
  }
}

$("add").addEventListener("submit", async (event) => {
  event.preventDefault();
  const input = $("title");
  const title = input.value.trim();
  if (!title) return;
  if (await change(input, () => ask("POST", "tasks", { title }), `Added ${title}`)) input.value = "";
  input.focus();
});

$("tasks").addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-action]");
  if (!button) return;
  const row = button.closest("li");
  const task = tasks.find((t) => t.id === Number(row.dataset.task));
  if (!task) return;
  switch (button.dataset.action) {
    case "complete":
      if (await change(button, () => ask("PATCH", `tasks/${task.id}/complete`), `Completed ${task.title}`)) {
        row.querySelector("[data-action=edit]").focus();
      } else {
        button.focus();
      }
      break;
    case "delete": {
      const next = neighbor(row) ?? $("title");
      const deleted = await change(button, () => ask("DELETE", `tasks/${task.id}`), `Deleted ${task.title}`);
      (deleted ? next : button).focus();
      break;
    }
    case "edit":
      edit(row, task);
      break;
  }
});

function edit(row, task) {
  if (row.querySelector("form")) return;
  const form = made("editor");
  const input = form.querySelector("input");
  input.id = `edit-${task.id}`;
  input.value = task.title;
  form.querySelector("label").htmlFor = input.id;
  const parts = [row.querySelector(".name"), row.querySelector(".actions")];
  const show = (editing) => parts.forEach((part) => { part.hidden = editing; });
  const close = () => {
    form.remove();
    show(false);
    row.querySelector("[data-action=edit]").focus();
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const title = input.value.trim();
    if (title && await change(input, () => ask("PUT", `tasks/${task.id}`, { title }), `Renamed to ${title}`)) close();
  });
  form.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
  form.querySelector("[data-action=cancel]").addEventListener("click", close);
  show(true);
  row.append(form);
  input.select();
}

// Activity

const shown = new Set(); // ids of the events on the page
let first = true;

function showFeed(entries) {
  const list = $("feed");
  const items = new Map([...list.children].map((item) => [item.dataset.event, item]));
  entries.forEach((entry, i) => {
    const item = items.get(entry.id) ?? made("entry");
    item.dataset.event = entry.id;
    item.dataset.type = entry.type;
    const text = item.querySelector(".text");
    if (text.textContent !== entry.text) text.textContent = entry.text;
    const time = item.querySelector("time");
    time.dateTime = entry.time;
    time.textContent = new Date(entry.time).toLocaleTimeString();
    time.title = new Date(entry.time).toLocaleString();
    if (!shown.has(entry.id)) {
      shown.add(entry.id);
      if (!first) item.classList.add("new");
    }
    if (list.children[i] !== item) list.insertBefore(item, list.children[i] ?? null);
  });
  while (list.children.length > entries.length) list.lastElementChild.remove();
  list.ariaBusy = "false";
  // From now on a screen reader announces what is added.
  list.ariaLive = "polite";
  first = false;
  $("no-feed").hidden = entries.length > 0;
}

// The loop

async function refresh() {
  const mine = ++refreshes;
  const [gotTasks, gotFeed] = await Promise.allSettled([ask("GET", "tasks"), ask("GET", "feed")]);
  if (mine !== refreshes) return; // a later refresh has newer data
  if (gotTasks.status === "fulfilled") {
    tasks = gotTasks.value.tasks;
    showTasks();
    if (failing.tasks) announce("The tasks are back.");
    if (failing.tasks || performance.now() - failedAt > timeout) problem("problem", "");
  } else {
    problem("problem", `The tasks cannot be loaded. ${gotTasks.reason.message} The page keeps trying.`);
  }
  if (gotFeed.status === "fulfilled") {
    showFeed(gotFeed.value.entries);
    problem("feed-problem", "");
  } else {
    problem("feed-problem", `The activity cannot be loaded. ${gotFeed.reason.message} The page keeps trying.`);
  }
  failing = { tasks: gotTasks.status === "rejected", feed: gotFeed.status === "rejected" };
}

let wait = pollInterval;
let timer;

async function loop() {
  clearTimeout(timer);
  if (!document.hidden) {
    await refresh();
    wait = failing.tasks || failing.feed ? Math.min(wait * 1.5, maxInterval) : pollInterval;
  }
  clearTimeout(timer);
  timer = setTimeout(loop, wait);
}

document.addEventListener("visibilitychange", () => { if (!document.hidden) loop(); });
loop();
