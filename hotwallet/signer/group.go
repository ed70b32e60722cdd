package signer

import (
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
	"golang.org/x/sync/errgroup"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/crash"
)

// Limits of what is worked on at a time.
const (
	// maxAtWork is how many requests are checked or wait for a decision; others wait to
	// begin.
	maxAtWork = 128
	// maxGroup is how many decisions are made durable together.
	maxGroup = 64
	// maxSigners is how many transactions of a group are signed side by side.
	maxSigners = 4
)

// decision is one that is asked for, or a refusal that is to be logged. Several are made
// in one durable transaction, in the order in which they were asked for: each sees what
// those before it have tied up.
type decision struct {
	told Entry
	// payment and sign are nil where refusal says why nothing is decided.
	payment *payment
	sign    func() (signature, error)
	refusal error
	// givesUp is what a refusal for attestations says will not be signed.
	givesUp *giveUp
	// After it was made: signed, or the refusal. repeated is whether it was signed before,
	// recalled whether the memory was asked for that.
	records  []authorityRecord
	signed   signature
	repeated bool
	recalled bool
	err      error
	made     chan struct{}
}

// write makes a group of decisions in one transaction and returns the head of the log as
// it will be. Nothing of it is known to anybody before it is committed.
func (s *Signer) write(tx *bolt.Tx, group []*decision) (logHead, error) {
	head := s.memory.head.next(s.files.full)
	now := s.now()
	switches, unreadable := ReadSwitches(s.dir)
	if unreadable != nil {
		s.log.Error("nothing is signed", "error", unreadable)
	}
	if err := logTurned(tx, &head, switches, now); err != nil {
		return head, err
	}
	for _, d := range group {
		if d.givesUp != nil {
			if err := d.giveUpIn(tx, now); err != nil {
				return head, err
			}
		}
		if d.payment == nil {
			continue
		}
		if err := s.decide(tx, d, switches, unreadable, now); err != nil {
			return head, fmt.Errorf("record %s: %w", d.payment.owner(), err)
		}
	}
	if err := signAll(group); err != nil {
		return head, err
	}
	for _, d := range group {
		if d.payment != nil && d.refusal == nil && !d.repeated && !forgetful {
			if err := remember(tx, *d.payment, d.signed, now); err != nil {
				return head, fmt.Errorf("record %s: %w", d.payment.owner(), err)
			}
		}
		if e, told := d.entry(now); told {
			if err := head.add(e); err != nil {
				return head, err
			}
		}
	}
	return head, keepHead(tx, head)
}

// decide judges one payment by everything that the memory knows, and ties up what it
// uses. Without an error a refusal leaves nothing behind but the caller's newer lease.
func (s *Signer) decide(tx *bolt.Tx, d *decision, switches Switches, unreadable error, now time.Time) (err error) {
	d.refusal, d.repeated, d.recalled, d.signed, d.records = nil, false, false, signature{}, nil
	p := *d.payment
	d.refusal = stopped(switches, unreadable, p)
	if d.refusal != nil || forgetful {
		return nil //nolint:nilerr // a refusal is a decision, not a failure
	}
	if d.refusal, err = raiseFence(tx, p); err != nil || d.refusal != nil {
		return err
	}
	if d.signed, d.repeated, err = replay(tx, p); err != nil {
		return err
	}
	if d.repeated { // perhaps with words that were not there the first time
		return s.keepEnded(tx, p)
	}
	d.recalled = true
	if d.refusal = givenUp(tx, p, now); d.refusal == nil {
		d.records, d.refusal, err = s.judge(tx, p)
	}
	if err != nil || d.refusal != nil {
		return err
	}
	if d.refusal, err = s.caps.spend(tx, p, d.records[0].Anchor, now); err != nil || d.refusal != nil {
		return err
	}
	if err := s.keepEnded(tx, p); err != nil {
		return err
	}
	return bind(tx, p, d.records)
}

// signAll signs what is to be signed of a group, several side by side.
func signAll(group []*decision) error {
	var signers errgroup.Group
	signers.SetLimit(maxSigners)
	for _, d := range group {
		if d.payment == nil || d.refusal != nil || d.repeated {
			continue
		}
		signers.Go(func() (err error) {
			if d.signed, err = d.sign(); err != nil {
				return fmt.Errorf("sign for %s: %w", d.payment.owner(), err)
			}
			return nil
		})
	}
	return signers.Wait()
}

// commit makes a group of decisions durable, in the memory with their lines of the log, and
// writes these there. So answers wait for the memory's flush alone: the log's own goes on
// while the next group is decided, which it has to be done with before. An error
// means that nothing has become of any of them, or that the log could not be written:
// then broken says so.
func (s *Signer) commit(group []*decision) error {
	if err := s.files.room(s.memory.head.next(s.files.full)); err != nil {
		return err
	}
	if err := s.files.intact(); err != nil {
		return err
	}
	var head logHead
	err := s.memory.db.Update(func(tx *bolt.Tx) (err error) {
		if head, err = s.write(tx, group); err != nil {
			return err
		}
		// What was pending is forgotten with this.
		if s.broken = s.files.synced(); s.broken != nil {
			return s.broken
		}
		crash.Point("signer.commit.before")
		if s.memory.beforeCommit != nil {
			return s.memory.beforeCommit()
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.memory.head = head
	crash.Point("signer.commit.after")
	if err := s.files.append(head); err != nil {
		// The memory is ahead now; the next start completes the log from it.
		s.broken = err
		return err
	}
	crash.Point("signer.log.after")
	return nil
}

// run makes decisions until nothing more is asked. What has come while a group was made
// durable is the next one.
func (s *Signer) run() {
	defer close(s.ended)
	for first := range s.asked {
		waiting := []*decision{first}
		for more := true; more && len(waiting) < maxGroup; {
			select {
			case d, open := <-s.asked:
				if more = open; open {
					waiting = append(waiting, d)
				}
			default:
				more = false
			}
		}
		for len(waiting) > 0 {
			var group []*decision
			group, waiting = distinct(waiting)
			s.settle(group)
		}
	}
}

// distinct parts decisions into a group of which no two are on the same transaction, and
// the rest: the second of two is decided by what the first has left behind.
func distinct(all []*decision) (group, rest []*decision) {
	seen := map[string]bool{}
	for _, d := range all {
		if attempt := d.attempt(); attempt != "" {
			if seen[attempt] {
				rest = append(rest, d)
				continue
			}
			seen[attempt] = true
		}
		group = append(group, d)
	}
	return group, rest
}

// attempt identifies the transaction that a decision is on; "" where that is of no matter.
func (d *decision) attempt() string {
	switch {
	case d.payment != nil:
		return string(d.payment.attempt())
	case d.givesUp != nil:
		return string(payment{unsigned: d.givesUp.unsigned}.attempt())
	}
	return ""
}

// settle makes a group of decisions, each alone where they fail together, and tells those
// who wait.
func (s *Signer) settle(group []*decision) {
	err := s.broken
	if err == nil {
		err = s.commit(group)
	}
	if err != nil && s.broken == nil && len(group) > 1 {
		for i := range group {
			s.settle(group[i : i+1])
		}
		return
	}
	for _, d := range group {
		d.err = err
		close(d.made)
	}
}

// entry is what the log says of a decision; ok is false where that is nothing.
func (d *decision) entry(now time.Time) (e Entry, ok bool) {
	e = d.told
	e.At = now
	switch {
	case d.refusal != nil:
		e.What = loggedRefused
		e.Field, e.Reason = refusalOf(d.refusal)
		return e, true
	case d.payment == nil:
		return e, e.What != ""
	case d.repeated:
		e.What = loggedRepeated
	default:
		e.What, e.Fee, e.Spends = loggedSigned, &d.payment.fee, d.payment.spends
		for _, member := range d.payment.parts {
			e.Amounts = append(e.Amounts, asset.Amount{Asset: member.asset, Units: member.amount})
		}
	}
	e.TxID = d.signed.txid
	return e, true
}

// refusalOf is the field that a refusal names, and its sentence.
func refusalOf(err error) (field, sentence string) {
	var refusal *swap.Error
	if errors.As(err, &refusal) {
		return refusal.Field, refusal.Message
	}
	return "", err.Error()
}
