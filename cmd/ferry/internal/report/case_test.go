package report

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/swaptest"

	"ferry/cmd/ferry/internal/console"
	"ferry/cmd/ferry/internal/support"
)

var update = flag.Bool("update", false, "write the golden files")

const (
	swapID  = "swap_01k0000000000000000000000a"
	firstID = "bitcoin:1111111111111111111111111111111111111111111111111111111111111111:0"
	otherID = "bitcoin:2222222222222222222222222222222222222222222222222222222222222222:1"
)

var now = swaptest.Start.Add(time.Hour)

// page lays out a case as it is at now.
func page(t *testing.T, c support.Case) string {
	t.Helper()
	var text strings.Builder
	p := console.New(now, false)
	Case(p, c)
	if _, err := p.WriteTo(&text); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// short is a swap of which 0.004 BTC of 0.01 came, in two deposits, and which an
// advertiser's dust has found.
func short(t *testing.T, edit func(*support.SwapView)) support.Case {
	t.Helper()
	terms := swaptest.NewTerms(t, swaptest.NewKeys(), func(q *swap.Quote, r *swap.Receipt) {
		q.ID, r.SwapID = "quote_01k0000000000000000000000a", swapID
		r.QuoteID, r.DepositAddress, r.Policy = q.ID, swaptest.BitcoinAddress, swap.DefaultPolicy()
	})
	v := support.SwapView{State: swap.Held, Version: 7, Actor: "user", ActBy: now.Add(23 * time.Hour), Waiting: "A deposit does not match the terms.",
		Reason: statemachine.ReasonShort, CreatedAt: swaptest.Start, UpdatedAt: now.Add(-time.Minute), Quote: terms.Quote, Receipt: terms.Receipt,
		RefundAddress: terms.Receipt.RefundAddress}
	edit(&v)
	c := support.Case{SwapID: swapID, Swap: &v}
	for id, amount := range map[string]string{firstID: "0.001", otherID: "0.003"} {
		c.Deposits = append(c.Deposits, support.DepositView{Told: true, Watched: string(swap.DepositFinal), Deposit: swap.Deposit{ID: id,
			TxID: strings.Split(id, ":")[1], Amount: swaptest.Amount(asset.BTC, amount), State: swap.DepositFinal, Verdict: swap.VerdictShort,
			Confirmations: 3, Needed: 3, Height: 305, FirstSeen: swaptest.Start.Add(5 * time.Minute)}})
	}
	if c.Deposits[0].ID != firstID {
		c.Deposits[0], c.Deposits[1] = c.Deposits[1], c.Deposits[0]
	}
	return c
}

func matter(wait swap.Wait, reason string) swap.Mismatch {
	return swap.Mismatch{ID: firstID, Deposits: []string{firstID, otherID}, Verdict: swap.VerdictShort, Main: true, Wait: wait, Reason: reason,
		By: now.Add(23 * time.Hour)}
}

// What waits for something says what happened, who must act by when, why, and what
// happens otherwise.
func TestMismatchesAsSupportSeesThem(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*support.Case){
		"price": func(c *support.Case) {
			m := matter(swap.WaitPrice, "")
			m.Asked, m.By = 1, now.Add(9*time.Minute)
			c.Swap.State, c.Swap.Actor, c.Swap.ActBy, c.Swap.Reason, c.Swap.Mismatches = swap.DepositConfirmed, "ferry", m.By, "", []swap.Mismatch{m}
		},
		"answer": func(c *support.Case) { c.Swap.Mismatches = []swap.Mismatch{matter(swap.WaitAnswer, "deposit_short")} },
		"answer_again": func(c *support.Case) {
			m := matter(swap.WaitAnswer, swap.RefusedBelow)
			m.Asked, m.Offer, m.SignedConsent = 2, swaptest.Amount(asset.ETH, "0.1052"), "a.b.c"
			c.Swap.Mismatches = []swap.Mismatch{m}
		},
		"address": func(c *support.Case) {
			m := matter(swap.WaitAddress, "refund_address_needed")
			m.Reminded, m.Main, m.Verdict, m.Deposits = 2, false, swap.VerdictExtra, []string{firstID}
			c.Swap.Reason, c.Swap.Mismatches, c.Swap.RefundAddress, c.Swap.Receipt.RefundAddress = m.Reason, []swap.Mismatch{m}, "", ""
		},
		"answer_without_address": func(c *support.Case) {
			c.Swap.Mismatches = []swap.Mismatch{matter(swap.WaitAnswer, swap.RefusedBeyond)}
			c.Swap.RefundAddress, c.Swap.Receipt.RefundAddress = "", ""
		},
		"requoted": func(c *support.Case) {
			c.Swap.State, c.Swap.Actor, c.Swap.Reason, c.Swap.ActBy, c.Swap.Receipt.RefundAddress = swap.PayoutQueued, "ferry", "", now.Add(time.Minute), ""
			for i, consent := range []string{"", "d.e.f"} {
				id := []string{swap.PayoutOrderID(swapID), swap.ExtraPayoutOrderID(otherID)}[i]
				c.Payments = append(c.Payments, support.PaymentView{Payment: swap.Payment{OrderID: id, Purpose: swap.PurposePayout, State: swap.PaymentQueued,
					Amount: swaptest.Amount(asset.ETH, "0.1"), Destination: swaptest.EthereumAddress, Deposits: []string{otherID}}})
				c.Swap.Requotes = append(c.Swap.Requotes, swap.Repriced{OrderID: id, SignedRequote: "a.b.c", SignedConsent: consent})
			}
		},
		"missing": func(c *support.Case) {
			c.Swap.State, c.Swap.Reason, c.Swap.Missing, c.Swap.ActBy = swap.AwaitingDeposit, "", swaptest.Amount(asset.BTC, "0.006"), c.Swap.Receipt.DepositBy
		},
		"approval": func(c *support.Case) {
			c.Swap.Reason, c.Swap.Actor = statemachine.ReasonPayoutFailed, "support"
			c.Swap.Staff = []swap.StaffRequest{{By: now.Add(time.Hour), StaffFact: swap.StaffFact{RequestID: "staff_1", Actor: "alice",
				Action: swap.StaffWriteOff, DepositID: otherID, Reason: "the user's chain is gone"}}}
		},
	} {
		c := short(t, func(*support.SwapView) {})
		edit(&c)
		got, path := page(t, c), "testdata/"+name+".txt"
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("the page differs from %s (go test -update writes it):\n%s", path, got)
		}
	}
}

// Every state there is says what happened, who must act and why.
func TestEveryStateSaysWhoMustAct(t *testing.T) {
	t.Parallel()
	for _, stage := range statemachine.Stages() {
		c := short(t, func(v *support.SwapView) { v.State, v.Actor, v.Waiting = stage.State, stage.Actor, stage.Waiting })
		c.Timeline = []support.Event{{At: now, Note: "First."}, {At: now, Note: "Then this."}}
		got := page(t, c)
		flat := strings.Join(strings.Fields(got), " ")
		if !strings.HasPrefix(got, swapID+"  "+string(stage.State)+"\n") || !strings.Contains(flat, "Happened Then this. Must act "+stage.Actor) || !strings.Contains(flat, "Why "+stage.Waiting) {
			t.Errorf("%s is shown as\n%s", stage.State, got)
		}
	}
}

// Every reason of the state machine and of a price that is refused has words.
func TestEveryReasonHasWords(t *testing.T) {
	t.Parallel()
	found := 0
	for file, prefix := range map[string]string{"../../../../statemachine/decide.go": "Reason", "../../../../swap/mismatch.go": "Refused"} {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, prefix) {
				return true
			}
			if literal, isText := spec.Values[0].(*ast.BasicLit); isText {
				text, err := strconv.Unquote(literal.Value)
				if found++; err != nil || reasons[text] == "" {
					t.Errorf("reason.go has no words for %s (%q)", spec.Names[0].Name, text)
				}
			}
			return true
		})
	}
	if found < 9 {
		t.Errorf("only %d reasons were found", found)
	}
}
