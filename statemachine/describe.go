package statemachine

import (
	"fmt"
	"slices"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
)

// Describe is the update that tells people where a swap stands after a fact.
func Describe(s swap.Swap, cause swap.FactKind, note string) swap.Update {
	w := waiting(s)
	message := w.text
	if note != "" {
		message += " " + note
	}
	return swap.Update{SwapID: s.ID, Version: s.Version, State: s.State, Cause: cause, Message: message,
		Actor: w.actor, By: w.by, Reason: s.Reason, At: s.UpdatedAt, Missing: w.missing, RefundAddress: s.RefundsTo(),
		Deposits: slices.Clone(s.Deposits), Payments: slices.Clone(s.Payments), Mismatches: unsigned(s.Amended.Mismatches),
		Requotes: slices.Clone(s.Amended.Requotes), Rates: slices.Clone(s.Amended.Rates)}
}

// unsigned are mismatches without the documents: users have them, and they are long.
func unsigned(all []swap.Mismatch) []swap.Mismatch {
	all = slices.Clone(all)
	for i := range all {
		all[i].SignedConsent = ""
	}
	return all
}

// besidesMost is how many matters are told of in words besides what the swap waits for.
const besidesMost = 3

// wait is what a swap waits for, who must act, and by when: zero where nothing is due.
type wait struct {
	text, actor string
	by          time.Time
	// missing is what is still to be sent of an amount paid in parts.
	missing asset.Amount
}

// waiting says it for every swap: the state's own words, unless there is more to say.
func waiting(s swap.Swap) wait {
	stage, _ := StageOf(s.State)
	w := wait{text: stage.Waiting, actor: stage.Actor, by: actBy(s, stage)}
	if s.State == swap.Held && s.Reason == ReasonWrittenOff {
		w.text, w.actor, w.by = "Nobody said what to do with the deposit, and it was written off. It stays in the books: write to support.", "nobody", time.Time{}
	}
	if text := (Decision{Swap: s, From: s.State}).variableWait(); text != "" {
		w.text = text
	}
	if text, missing := partly(s); text != "" {
		w.text, w.missing = text, missing
	}
	besides := 0
	for _, m := range s.Amended.Mismatches {
		if d := (Decision{Swap: s, From: s.State}); !d.isHere(m) {
			if m.Main {
				w = wait{text: "The chain took the deposit back. What it waited for goes on when it is confirmed again.", actor: "chain"}
				if s.State == swap.DepositDetected {
					w.by = s.Terms.Receipt.ConfirmBy
				}
			}
			continue
		}
		text, actor, by := matter(s, m)
		if m.Main {
			return wait{text: text, actor: actor, by: by}
		}
		if besides++; besides <= besidesMost {
			w.text += " Besides: " + text
		}
		if stage.Final || w.actor == "nobody" {
			w.actor, w.by = actor, by
		}
	}
	if besides > besidesMost {
		w.text += fmt.Sprintf(" Besides: %d more deposits that do not match.", besides-besidesMost)
	}
	return w
}

// matter says what a mismatch waits for, who must act, and by when.
func matter(s swap.Swap, m swap.Mismatch) (text, actor string, by time.Time) {
	what := Decision{Swap: s}.what(m)
	if m.Main && !s.Terms.Quote.Variable {
		what += fmt.Sprintf(" for the quoted %s", s.Terms.Quote.Deposit)
	}
	switch m.Wait {
	case swap.WaitPrice:
		return what + ". It is swapped if its price allows; the price is being asked for.", "ferry", m.By
	case swap.WaitAddress:
		return what + ". It is refunded as soon as a refund address is set with the swap's secret. It is kept until then.", "user", time.Time{}
	case swap.WaitOwner:
		return ownersMatter(s, m), "user", time.Time{}
	case swap.WaitAnswer:
	}
	text = what + ". "
	switch m.Reason {
	case ReasonBeyondTolerance:
		text += "The price has moved beyond the tolerance. "
	case ReasonBelowConsent:
		text += "The price no longer pays the least that was accepted. "
	case swap.RefusedUnavailable:
		text += "There was no price for it. "
	}
	if m.Offer.Asset != "" && !m.Offer.Units.IsZero() {
		text += fmt.Sprintf("It would have paid %s when last asked. ", m.Offer)
	}
	return text + fmt.Sprintf("Answer with the swap's secret whether to swap it, and for how much at least, or to have it refunded; with no answer by %s it is refunded.", stamp(m.By)), "user", m.By
}

// partly says what is here and what is missing of a swap paid in several deposits;
// "" where that is not what it waits for.
func partly(s swap.Swap) (string, asset.Amount) {
	l := Decision{Swap: s, From: s.State}.leg(nobody)
	if l.decided || len(l.parts) == 0 {
		return "", asset.Amount{}
	}
	q := s.Terms.Quote
	missing := asset.Amount{Asset: q.Deposit.Asset, Units: l.missing}
	here, err := sub(q.Deposit, missing)
	if err != nil {
		return "", asset.Amount{}
	}
	text := fmt.Sprintf("%s of %s is here.", here, q.Deposit)
	if s.State != swap.AwaitingDeposit {
		return text + " Another deposit was seen and waits for its confirmations; please don't send more for now.", missing
	}
	return text + fmt.Sprintf(" Send the missing %s to the same address by %s; exactly that amount counts, even if it is small.",
		missing, stamp(s.Terms.Receipt.DepositBy)), missing
}

// actBy is until when the next actor means to, or must, have acted.
func actBy(s swap.Swap, stage Stage) time.Time {
	switch s.State {
	case swap.AwaitingDeposit:
		return s.Terms.Receipt.DepositBy
	case swap.DepositDetected:
		return s.Terms.Receipt.ConfirmBy
	default:
		if stage.Within == 0 {
			return time.Time{}
		}
		return s.UpdatedAt.Add(stage.Within)
	}
}
