// Questions about a swap's deposits, and the refund address that was left open: what
// only the owner may say, with the swap's secret. page.js, which comes after this file,
// follows the swap; here is what it is asked.
"use strict";

const owner = {
  box: document.getElementById("asked"), matters: document.getElementById("matters"), form: document.getElementById("answer"),
  secret: document.getElementById("secret"), refundField: document.getElementById("refund-field"), refund: document.getElementById("refund"),
  problem: document.getElementById("answer-problem"), done: document.getElementById("answer-done"),
};

// asking is the swap that is shown here, and what is shown of it by deposit.
const asking = { id: "", version: -1, shown: new Map(), timer: 0 };

// offersEvery is how often offers, which follow the price, are read again.
const offersEvery = 30000;

// --- the secret -----------------------------------------------------------------

// It is kept in this browser until its swap is over; where storage is forbidden, until
// the page is closed.
const secretKey = (id) => "ferry.secret." + id;

function keptSecret(id) {
  try { return localStorage.getItem(secretKey(id)) || ""; } catch { return ""; }
}

function keepSecret(id, secret) {
  try {
    if (secret) localStorage.setItem(secretKey(id), secret);
    else localStorage.removeItem(secretKey(id));
  } catch { /* then it is in its field only */ }
}

// --- what is asked --------------------------------------------------------------

// askedOf takes a swap's newest update: where something waits for the user, the swap is
// read as a whole, with amounts and offers.
function askedOf(id, update) {
  if (id !== asking.id) forgetAsked(id);
  asking.version = update.version;
  clearTimeout(asking.timer);
  if (/^(settled|refunded|expired)$/.test(update.state) && !update.mismatches) keepSecret(id, "");
  if ((update.mismatches || []).some((m) => m.next_actor === "user")) readAsked(id);
  else owner.box.hidden = true;
}

function forgetAsked(id) {
  clearTimeout(asking.timer);
  asking.id = id;
  asking.version = -1;
  asking.shown.clear();
  owner.matters.replaceChildren();
  owner.secret.value = id ? keptSecret(id) : "";
  owner.refund.value = "";
  owner.box.hidden = true;
  show(owner.problem, "");
  show(owner.done, "");
}

async function readAsked(id) {
  clearTimeout(asking.timer);
  const swap = await call("GET", "/v1/swaps/" + encodeURIComponent(id)).catch(() => null);
  if (id !== asking.id) return; // another one is followed by now
  asking.timer = setTimeout(() => readAsked(id), offersEvery);
  if (swap && swap.version >= asking.version) showAsked(swap);
}

function showAsked(swap) {
  asking.version = swap.version;
  const mine = swap.mismatches.filter((m) => m.next_actor === "user");
  for (const [id, matter] of asking.shown) {
    if (mine.some((m) => m.deposit_id === id)) continue;
    matter.box.remove();
    asking.shown.delete(id);
  }
  for (const m of mine) showMatter(swap, m);
  owner.refundField.hidden = Boolean(swap.refund_address);
  owner.box.hidden = mine.length === 0;
  if (mine.length === 0) clearTimeout(asking.timer);
}

// showMatter changes what is shown in its place, so that nothing loses the focus.
function showMatter(swap, m) {
  const matter = asking.shown.get(m.deposit_id) || newMatter(m);
  const wrong = m.waits_for === "owner";
  matter.text.textContent = (m.amount ? `${m.amount} ${m.asset || swap.deposit_asset}: ` : "") + m.message;
  matter.buttons.hidden = m.waits_for !== "answer" && !wrong;
  matter.where.hidden = !wrong || Boolean(m.refund_address);
  matter.where.placeholder = `Your address on ${m.refund_chain}`;
  matter.wrong = wrong;
  matter.refund.textContent = wrong ? `Refund ${m.refund_amount} ${m.asset}` : "Refund";
  matter.swap.hidden = wrong || !m.suggested_at_least;
  matter.swap.textContent = `Swap for about ${m.offer_amount} ${swap.payout_asset}`;
  matter.note.textContent = wrong ? `To ${m.refund_address || "the address that you name"}, for a fee of ${m.refund_fee} ${m.asset}.`
    : m.waits_for !== "answer" ? "" : m.suggested_at_least
    ? `At least ${m.suggested_at_least} ${swap.payout_asset}: if it would be less, you are asked again.`
    : "There is no price now; it is looked for again.";
  matter.least = m.suggested_at_least;
  if (matter.answered < swap.version) setBusy(matter, false);
}

function newMatter(m) {
  const matter = { box: element("div", undefined, "matter"), text: element("p"), buttons: element("p", undefined, "buttons"),
    where: element("input"), wrong: false, swap: element("button"), refund: element("button", "Refund", "quiet"), note: element("p", "", "note"), least: "", answered: -1 };
  for (const button of [matter.swap, matter.refund]) button.type = "button";
  matter.swap.addEventListener("click", () => answer(m.deposit_id, { answer: "requote", at_least: matter.least }));
  matter.refund.addEventListener("click", () => answer(m.deposit_id, refundOf(matter)));
  matter.where.maxLength = 128;
  matter.where.spellcheck = false;
  matter.where.setAttribute("aria-label", "Where the deposit goes back to");
  matter.buttons.append(matter.swap, matter.refund);
  matter.box.append(matter.text, matter.where, matter.buttons, matter.note);
  owner.matters.append(matter.box);
  asking.shown.set(m.deposit_id, matter);
  return matter;
}

// refundOf is the answer that has a deposit sent back. One in another asset needs a yes
// of its own, and an address where the swap's is on another chain.
function refundOf(matter) {
  if (!matter.wrong) return { answer: "refund" };
  const where = matter.where.value.trim();
  return where && !matter.where.hidden ? { answer: "refund_wrong_asset", refund_address: where } : { answer: "refund_wrong_asset" };
}

function setBusy(matter, busy) {
  for (const button of [matter.swap, matter.refund]) button.setAttribute("aria-disabled", String(busy));
  matter.busy = busy;
}

// --- what is said ---------------------------------------------------------------

async function answer(depositID, what) {
  const matter = asking.shown.get(depositID);
  if (!matter || matter.busy) return;
  setBusy(matter, true);
  if (await told("/answer", { deposit_id: depositID, ...what }, "Your answer was taken. What comes of it is shown below.")) matter.answered = asking.version;
  else setBusy(matter, false);
}

owner.form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (owner.refundField.hidden) return;
  told("/refund-address", { refund_address: owner.refund.value.trim() }, "The refund address was set.");
});

// told says something about the swap that is shown, and whether it was taken.
async function told(path, what, thanks) {
  const id = asking.id, secret = owner.secret.value.trim();
  show(owner.problem, "");
  show(owner.done, "");
  if (!secret) {
    show(owner.problem, "Enter the swap's secret first.");
    owner.secret.focus();
    return false;
  }
  try {
    await call("POST", "/v1/swaps/" + encodeURIComponent(id) + path, { secret, ...what });
  } catch (problem) {
    if (id === asking.id) show(owner.problem, problem.detail || "There was no answer; try again.");
    return false;
  }
  keepSecret(id, secret);
  if (id === asking.id) show(owner.done, thanks);
  return true;
}

// call makes one call of the API; it throws a problem, or whatever kept it from one.
async function call(method, path, body) {
  const answer = await fetch(path, body && { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const said = await answer.json();
  if (!answer.ok) throw said;
  return said;
}
