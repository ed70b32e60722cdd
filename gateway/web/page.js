// The page over one WebSocket, /v1/stream (docs/asyncapi.yaml). Amounts are texts
// from end to end: nothing here computes with them. answer.js has what a swap asks its
// owner.
"use strict";

const byId = (id) => document.getElementById(id);
const page = {
  connection: byId("connection"), prices: byId("prices"), quote: byId("quote"), deposit: byId("deposit"), payout: byId("payout"),
  from: byId("from"), to: byId("to"), turn: byId("turn"), quoteProblem: byId("quote-problem"), announce: byId("announce"),
  recentSection: byId("recent-section"), recent: byId("recent"), follow: byId("follow"), swap: byId("swap"),
  followProblem: byId("follow-problem"), updates: byId("updates"),
};

// element makes one element of text; no text is ever read as HTML.
function element(name, text, className) {
  const e = document.createElement(name);
  if (text !== undefined) e.textContent = text;
  if (className) e.className = className;
  return e;
}

const clockOf = (at) => at.slice(11, 19) + " UTC";

// timeOf shows a time of the API, which is UTC already.
function timeOf(at) {
  const e = element("time", at.slice(0, 10) + " " + clockOf(at));
  e.dateTime = at;
  return e;
}

// --- connection ---------------------------------------------------------------

const retryLeast = 500, retryMost = 15000;
let socket = null, failures = 0;

function connect() {
  const url = new URL("/v1/stream", location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  socket = new WebSocket(url);
  socket.onopen = () => {
    failures = 0;
    showConnection("on", "Live");
    say({ type: "subscribe", id: "prices", topic: "prices" });
    say({ type: "subscribe", id: "recent", topic: "recent" });
    if (followed.id) subscribeSwap();
    if (asked.side) ask();
  };
  socket.onmessage = (event) => hear(JSON.parse(event.data));
  socket.onclose = again;
}

// again connects once more after a pause that doubles and is partly random, so that
// many pages do not come back at once.
function again() {
  const longest = Math.min(retryMost, retryLeast * 2 ** failures++);
  const pause = longest / 2 + Math.random() * longest / 2;
  showConnection("off", "Not connected; trying again. What is shown may be old.");
  setTimeout(connect, pause);
}

function showConnection(state, text) {
  page.connection.dataset.state = state;
  page.connection.textContent = text;
  page.prices.classList.toggle("stale", state !== "on");
  page.quote.classList.toggle("stale", state !== "on");
}

function say(message) {
  if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

function hear(message) {
  switch (message.type) {
    case "prices": message.rates.forEach(showRate); break;
    case "quote": showQuote(message); break;
    case "swap": showUpdates(message); break;
    case "recent": showRecent(message.swaps); break;
    case "subscribed": if (message.topic === "recent") page.recentSection.hidden = false; break;
    case "error": showProblem(message); break;
  }
}

function showProblem(message) {
  if (message.id === "recent") page.recentSection.hidden = true;
  else if (message.id === "follow") { show(page.followProblem, message.problem.detail); followed.id = ""; }
  else if (message.id === asked.id) showQuoteProblem(message.problem.detail);
}

function show(where, text) {
  where.textContent = text;
  where.hidden = text === "";
}

// --- prices -------------------------------------------------------------------

const rates = new Map();

function showRate(rate) {
  const key = rate.from + "-" + rate.to;
  const known = rates.get(key);
  const row = element("li");
  row.append(element("span", "1 " + rate.from + " ="));
  if (rate.price) {
    row.append(element("strong", digits(rate.price) + " " + rate.to));
    row.append(element("span", `From ${rate.min_deposit} to ${rate.max_deposit} ${rate.from} · network fee ${rate.network_fee} ${rate.to} · ${clockOf(rate.at)}`, "more"));
  } else {
    row.append(element("span", "no price now"), element("span", rate.unavailable, "more"));
  }
  if (known) known.row.replaceWith(row);
  else {
    if (rates.size === 0) page.prices.replaceChildren();
    page.prices.append(row);
  }
  rates.set(key, { rate, row });
  if (known) return;
  offerCoins();
  if (asked.side) ask(); // what was typed before the coins were known
}

// digits cuts a price, which is for people, to about eight digits that tell something.
function digits(price) {
  const parts = /^(\d+)\.(0*)(\d*)$/.exec(price);
  if (!parts) return price;
  const [, whole, zeros, rest] = parts;
  if (whole === "0") return "0." + zeros + rest.slice(0, 8);
  return whole + "." + (zeros + rest).slice(0, Math.max(2, 8 - whole.length));
}

// offerCoins fills the two lists of coins, keeping what was chosen.
function offerCoins() {
  const pairs = [...rates.values()].map((r) => r.rate);
  fill(page.from, [...new Set(pairs.map((r) => r.from))]);
  fill(page.to, pairs.filter((r) => r.from === page.from.value).map((r) => r.to));
}

function fill(list, coins) {
  const chosen = list.value;
  list.replaceChildren(...coins.map((coin) => element("option", coin)));
  if (coins.includes(chosen)) list.value = chosen;
}

// --- a quote that follows the amount --------------------------------------------

// askedEvery is the least time between two requests, in milliseconds.
const askedEvery = 100;
const asked = { id: "", number: 0, side: "", timer: 0, last: 0 };

// typed takes the side that was typed in; the other side follows.
function typed(side) {
  asked.side = side;
  announceSoon();
  clearTimeout(asked.timer);
  asked.timer = setTimeout(ask, Math.max(0, asked.last + askedEvery - Date.now()));
}

function ask() {
  asked.last = Date.now();
  const amount = page[asked.side].value.trim();
  const other = asked.side === "deposit" ? page.payout : page.deposit;
  if (amount === "") {
    asked.id = "";
    other.value = "";
    showQuoteProblem("");
    say({ type: "quote_stop" });
    return;
  }
  asked.id = "q" + ++asked.number;
  if (!page.from.value || !page.to.value) return;
  say({ type: "quote", id: asked.id, from: page.from.value, to: page.to.value, [asked.side + "_amount"]: amount });
}

function showQuote(q) {
  if (q.id !== asked.id) return; // of an amount typed before
  showQuoteProblem("");
  if (asked.side === "deposit") page.payout.value = q.payout_amount;
  else page.deposit.value = q.deposit_amount;
  announcing.text = `${q.deposit_amount} ${q.from} gives about ${q.payout_amount} ${q.to}.`;
}

function showQuoteProblem(text) {
  show(page.quoteProblem, text);
  for (const side of ["deposit", "payout"]) {
    page[side].setAttribute("aria-invalid", String(text !== "" && side === asked.side));
  }
  if (text === "") return;
  (asked.side === "deposit" ? page.payout : page.deposit).value = "";
  announcing.text = text;
}

// announceSoon tells a screen reader the outcome once typing has paused for a second;
// what the price does after that can be read in the fields.
const announcing = { timer: 0, text: "" };
function announceSoon() {
  announcing.text = "";
  clearTimeout(announcing.timer);
  announcing.timer = setTimeout(() => { page.announce.textContent = announcing.text; }, 1000);
}

page.quote.addEventListener("submit", (event) => event.preventDefault());
page.deposit.addEventListener("input", () => typed("deposit"));
page.payout.addEventListener("input", () => typed("payout"));
page.from.addEventListener("change", () => { offerCoins(); if (asked.side) ask(); });
page.to.addEventListener("change", () => { if (asked.side) ask(); });
page.turn.addEventListener("click", () => {
  const [from, to] = [page.to.value, page.from.value];
  page.from.value = from;
  offerCoins();
  page.to.value = to;
  if (asked.side) ask();
});

// --- swaps ----------------------------------------------------------------------

const states = {
  awaiting_deposit: "waiting for the deposit", deposit_detected: "deposit seen", deposit_confirmed: "deposit confirmed",
  payout_queued: "payout ordered", payout_broadcast: "payout sent", settled: "settled", expired: "expired",
  refund_queued: "refund ordered", refund_broadcast: "refund sent", refunded: "refunded", held: "held",
};

function badge(state) {
  const e = element("span", states[state] || state, "state");
  if (state === "settled") e.dataset.kind = "done";
  else if (/^(refund|expired|held)/.test(state)) e.dataset.kind = "back";
  return e;
}

function ageOf(at) {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(at)) / 1000));
  if (seconds < 60) return seconds + " s ago";
  if (seconds < 3600) return Math.floor(seconds / 60) + " min ago";
  return Math.floor(seconds / 3600) + " h ago";
}

function showRecent(swaps) {
  if (swaps.length === 0) return;
  page.recent.replaceChildren(...swaps.map((s) => {
    const row = element("li");
    const more = element("span", "", "more");
    const age = element("span", ageOf(s.created_at));
    age.dataset.at = s.created_at;
    more.append(`#${s.ref} · made `, age, " · ", timeOf(s.created_at));
    row.append(element("strong", `${s.deposit_amount} ${s.from} → ${s.payout_amount} ${s.to}`), badge(s.state), more);
    return row;
  }));
}

setInterval(() => {
  for (const e of page.recent.querySelectorAll("[data-at]")) e.textContent = ageOf(e.dataset.at);
}, 5000);

// followed is the visitor's own swap; after is the version shown last.
const followed = { id: "", after: -1 };

// updatesShown bounds the list.
const updatesShown = 100;

function subscribeSwap() {
  const message = { type: "subscribe", id: "follow", topic: "swap", swap_id: followed.id };
  if (followed.after >= 0) message.after = followed.after;
  say(message);
}

function showUpdates(message) {
  if (message.swap_id !== followed.id) return;
  for (const u of message.updates) {
    followed.after = u.version;
    const row = element("li");
    const when = element("span", "", "when");
    when.append(timeOf(u.at));
    row.append(badge(u.state), when, element("span", u.message, "text"));
    page.updates.prepend(row);
  }
  while (page.updates.children.length > updatesShown) page.updates.lastChild.remove();
  askedOf(followed.id, message.updates[message.updates.length - 1]);
}

page.follow.addEventListener("submit", (event) => {
  event.preventDefault();
  if (followed.id) say({ type: "unsubscribe", topic: "swap", swap_id: followed.id });
  followed.id = page.swap.value.trim();
  followed.after = -1;
  forgetAsked(followed.id);
  page.updates.replaceChildren();
  show(page.followProblem, "");
  if (followed.id) subscribeSwap();
});

connect();
