package gateway_test

import (
	"strings"
	"testing"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

// A swap asks its owner: on a phone, with keys alone, the owner answers and sets the
// refund address that was left open; a wrong secret is refused and not kept, the right
// one is there after a reload, and gone when the swap is over.
func aQuestion(t *testing.T, h *harbour, b *browser) {
	h.price("26")
	made := h.openSwap(t, "page-question-1", "refund_address", nil)
	ask := func(version int64) {
		u := update(made.Id, version, swap.Held)
		u.Actor, u.Reason = "user", "deposit_short"
		u.Mismatches = []swap.Mismatch{short(h.clock.now().Add(time.Hour))}
		u.Deposits = []swap.Deposit{{ID: depositID, TxID: txid, Amount: coins(t, asset.BTC, "0.2"), State: swap.DepositFinal, FirstSeen: u.At}}
		h.tell(bus.TopicUpdates, made.Id, bus.KindUpdate, u)
	}
	p := b.open(t, h.url, 360)
	p.await(live + ` && ` + shown("prices") + `.includes("26 ETH")`)
	p.tabTo("swap")
	p.write(made.Id)
	p.press("Enter")
	p.await(`document.querySelectorAll("#updates li").length === 1 && document.getElementById("asked").hidden`)
	ask(1)
	p.await(shown("matters") + `.includes("0.2 BTC: A deposit is less") && ` + shown("matters") + `.includes("At least 5.14602 ETH")`)
	p.fits()

	p.tabTo("secret")
	p.write("a guess")
	p.tabToButton("Swap for about 5.198 ETH")
	p.press("Enter")
	p.await(shown("answer-problem") + `.includes("not the secret")`)
	p.await(`localStorage.length === 0 && document.activeElement.textContent.startsWith("Swap for") && document.activeElement.getAttribute("aria-disabled") === "false"`)
	p.eval(`(document.getElementById("secret").focus(), true)`, new(bool))
	p.clear()
	p.write(made.Secret)
	p.tabToButton("Swap for about 5.198 ETH")
	p.press("Enter")
	p.await(shown("answer-done") + `.includes("Your answer was taken") && document.getElementById("answer-problem").hidden`)
	p.press("Enter") // a second time is none
	facts := h.facts(t, swap.FactAnswered)
	if len(facts) != 1 {
		t.Fatalf("told %d answers", len(facts))
	}
	if c, err := swap.VerifyConsent(facts[0].Answered.SignedConsent, h.config.AttestKeys); err != nil || c.Answer != swap.AnswerRequote ||
		c.AtLeast != coins(t, asset.ETH, "5.14602") || c.DepositID != depositID {
		t.Errorf("answered %+v, %v", c, err)
	}

	p.tabTo("refund")
	p.write(userBTC)
	p.press("Enter")
	p.await(shown("answer-done") + `.includes("The refund address was set")`)
	if facts := h.facts(t, swap.FactRefundAddressSet); len(facts) != 1 {
		t.Errorf("told %d refund addresses", len(facts))
	}
	p.fits()

	// Asked again after a reload: the secret is there, and a refund is a key away.
	p.do("Page.navigate", map[string]any{"url": h.url})
	p.await(`document.readyState === "complete" && ` + live)
	ask(2)
	p.tabTo("swap")
	p.write(made.Id)
	p.press("Enter")
	p.await(`!document.getElementById("asked").hidden && ` + value("secret") + ` === "` + made.Secret + `"`)
	p.tabTo("secret")
	p.tabToButton("Refund")
	p.press("Enter")
	p.await(shown("answer-done") + `.includes("Your answer was taken")`)
	if facts := h.facts(t, swap.FactAnswered); len(facts) != 2 {
		t.Errorf("told %d answers", len(facts))
	}
	h.tell(bus.TopicUpdates, made.Id, bus.KindUpdate, update(made.Id, 3, swap.Refunded))
	p.await(`document.getElementById("asked").hidden && localStorage.length === 0`)
	p.quietBut("403")
}

// fits fails if something sticks out of the window, or is too small for a finger,
// which needs 24 px at least (WCAG 2.2, 2.5.8).
func (p *tab) fits() {
	p.t.Helper()
	var out []string
	p.eval(`[...document.querySelectorAll("body *")].filter((e) => !e.closest(".unseen") && e.getBoundingClientRect().right > innerWidth + 0.5)
		.map((e) => e.tagName + "#" + e.id + "." + e.className)`, &out)
	if len(out) > 0 {
		p.t.Errorf("beyond the edge: %v", out)
	}
	var small []string
	p.eval(`[...document.querySelectorAll("input,select,button")].filter((e) => e.offsetParent && e.getBoundingClientRect().height < 24).map((e) => e.id || e.textContent)`, &small)
	if len(small) > 0 {
		p.t.Errorf("too small for a finger: %v", small)
	}
}

// tabToButton presses Tab until a button of that text has the focus, which can be seen.
func (p *tab) tabToButton(text string) {
	p.t.Helper()
	for range 20 {
		var at struct {
			Text    string `json:"text"`
			Visible bool   `json:"visible"`
		}
		p.eval(`(() => { const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect();
			return { text: e.textContent, visible: s.outlineStyle === "solid" && r.top >= 0 && r.bottom <= innerHeight }; })()`, &at)
		if at.Text == text {
			if !at.Visible {
				p.t.Errorf("the focus on %s can't be seen", text)
			}
			return
		}
		p.press("Tab")
	}
	p.t.Fatalf("20 times Tab does not lead to the button %s", text)
}

// quietBut fails if the page has complained of anything but answers of one status,
// which the browser itself calls errors.
func (p *tab) quietBut(status string) {
	p.t.Helper()
	p.mu.Lock()
	kept := p.complaints[:0]
	for _, c := range p.complaints {
		if !strings.Contains(c, "the server responded with a status of "+status) {
			kept = append(kept, c)
		}
	}
	p.complaints = kept
	p.mu.Unlock()
	p.quiet(false)
}
