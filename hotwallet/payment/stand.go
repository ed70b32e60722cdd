package payment

import (
	"context"
	"strings"
	"time"

	"ferry/swap"
	"ferry/swap/crash"
)

// standing is what can stand still: a payment without a plan, or a batch.
type standing interface {
	// stood is why it stands still already, and the first of its orders.
	stood() (reason string, first swap.Order)
	stand(ctx context.Context, s Store, reason string) error
}

func (p Payment) stood() (string, swap.Order) { return p.Reason, p.Order }

func (p Payment) stand(ctx context.Context, s Store, reason string) error {
	_, err := s.StoreReason(ctx, p, reason)
	return err
}

func (b Batch) stood() (string, swap.Order) { return b.Reason(), b.Payments[0].Order }

func (b Batch) stand(ctx context.Context, s Store, reason string) error {
	_, err := s.StoreBatchReason(ctx, b, reason)
	return err
}

// stand stores why a payment or batch stands still; a reason that is new is an alarm if
// somebody has to look.
func (e *Engine) stand(ctx context.Context, what standing, reason string, alarm bool) error {
	if len(reason) > reasonMost {
		reason = reason[:reasonMost]
	}
	if b, later := what.(Batch); later && b.Last().N > 1 && b.Last().State == AttemptPlanned {
		e.unlifted[b.ID] = reason // handing the earlier attempts in again must not hide it
	}
	before, o := what.stood()
	if before == reason {
		return nil
	}
	if alarm {
		e.config.Log.Error("payment stands still", "chain", e.config.Chain, "swap", o.SwapID, "order", o.ID, "reason", reason)
	}
	crash.Point("payment.reason.before")
	err := what.stand(ctx, e.config.Store, reason)
	crash.Point("payment.reason.after")
	return err
}

// spell is since when a payment stands for a reason, and when this process saw that first.
type spell struct{ since, seen time.Time }

// sinceOf is since when a payment has stood for a reason that begins so, by what this engine has
// seen or, where that was another one, by the payment's row: so a process that starts again does not
// begin to count anew. Nobody looked while none ran, and what was the matter then may be over in a moment:
// at its first looks a process counts only what it has seen itself. All payments of a batch have the
// reason and time of the first that it was said of, so that the next one has stood as long by its row.
func (e *Engine) sinceOf(spells map[string]spell, p Payment, reason string) time.Time {
	now := e.config.Now()
	s, known := spells[p.Order.ID]
	if !known {
		s = spell{since: now, seen: now}
		if strings.HasPrefix(p.Reason, reason) && p.Since.Before(now) && !p.Since.IsZero() {
			s.since = p.Since
		}
		spells[p.Order.ID] = s
	}
	if now.Sub(s.seen) < waitMost {
		return s.seen
	}
	return s.since
}

// PeopleReasons begin the reasons of a payment that goes on only once somebody has done
// something: sent coins, raised a limit, or found out what is wrong. What else stands still
// waits for another payment, a block, a node or lower fees, and goes on by itself.
func PeopleReasons() []string {
	return []string{ReasonFunds, ReasonAuthority, ReasonAmount, ReasonRefused, ReasonConflicting, ReasonBytes,
		ReasonUnattestedLong, ReasonFormerLong, ReasonDepositLong, ReasonEnding, ReasonBudget, ReasonAttempts, ReasonNoChange, ReasonDescendants, ReasonUnrelieved}
}

// reasonMost bounds a stored reason, in bytes.
const reasonMost = 300

// because joins a reason with its cause. Rows hold no zero bytes and no broken
// UTF-8, whatever a node says.
func because(reason string, cause error) string {
	if cause == nil {
		return reason
	}
	text := strings.TrimSpace(reason + " " + cause.Error())
	if len(text) > reasonMost {
		text = text[:reasonMost]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\x00", "")
}
