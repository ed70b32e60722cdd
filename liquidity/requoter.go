package liquidity

import (
	"context"
	"fmt"
	"log/slog"

	"ferry/swap/bus"
	"ferry/swap/crash"
)

// RequoteGroup names the consumer of requests for a price, in Kafka and beside its
// offsets.
const RequoteGroup = "liquidity-requotes"

// Outcomes of a request, besides the refusals swap.Refused… of RequotedFact.
const (
	// OutcomeRequoted: it was answered with a requote.
	OutcomeRequoted = "requoted"
	// OutcomeRepeated: it had been answered before.
	OutcomeRepeated = "repeated"
	// OutcomeFaulty: it contradicts itself or its documents. It was refused, where it
	// says enough to be answered.
	OutcomeFaulty = "faulty"
)

// requoter answers requests for a price.
type requoter struct {
	desks   *desks
	store   Store
	log     *slog.Logger
	observe func(outcome string)
	// instance is the process's name within the group.
	instance string
}

// consumer reads bus.TopicRequotes.
func (q requoter) consumer(brokers []string) (*bus.Consumer, error) {
	return bus.NewConsumer(bus.ConsumerConfig{
		Group: RequoteGroup, Instance: q.instance, Brokers: brokers, Topics: []string{bus.TopicRequotes}, Log: q.log, Handle: q.handle,
		Load: func(ctx context.Context, topic string, partition int32) (int64, error) {
			return q.store.Offset(ctx, RequoteGroup, topic, partition)
		},
	})
}

// handle answers a batch. A request that can never be answered is passed over; one
// that can't be yet makes the batch fail and be read again, for priceWait at most.
func (q requoter) handle(ctx context.Context, b bus.Batch) error {
	answers := make([]Answer, 0, len(b.Records))
	unreadable := 0
	for _, err := range b.Malformed {
		unreadable++
		q.log.ErrorContext(ctx, "request for a price can't be read and is passed over", "error", err)
	}
	for _, r := range b.Records {
		request, err := r.RequoteRequest()
		if err != nil {
			unreadable++
			q.log.ErrorContext(ctx, "request for a price can't be read and is passed over", "swap", r.Key, "offset", r.Offset, "error", err)
			continue
		}
		var a Answer
		err = q.desks.pricing(func(d *Desk) (err error) {
			a, err = d.answer(request)
			return err
		})
		if err != nil {
			return fmt.Errorf("price %s: %w", request.ID, err)
		}
		answers = append(answers, a)
	}
	crash.Point("liquidity.requote.before")
	answered, err := q.store.Answer(ctx, RequoteGroup, b, answers)
	if err != nil {
		return fmt.Errorf("answer %d requests for a price: %w", len(answers), err)
	}
	crash.Point("liquidity.requote.after")
	for range unreadable {
		q.observe(OutcomeFaulty)
	}
	for i, told := range answered {
		q.tell(ctx, answers[i], told)
	}
	return nil
}

// tell reports what became of an answer, after it is stored.
func (q requoter) tell(ctx context.Context, a Answer, told Answered) {
	log := q.log.With("swap", a.Request.SwapID, "request", a.Request.ID)
	outcome := told.Refused
	switch {
	case told.Repeated:
		outcome = OutcomeRepeated
	case a.Faulty:
		outcome = OutcomeFaulty
		log.ErrorContext(ctx, "request for a price is refused: it should not have been made", "error", a.Why)
	case told.Refused == "":
		outcome = OutcomeRequoted
		log.InfoContext(ctx, "requoted", "deposit", a.Requote.Deposit.String(), "payout", a.Requote.Payout.String())
	default:
		if a.Refused == "" {
			a = a.Unfunded()
		}
		log.InfoContext(ctx, "request for a price is refused", "refused", told.Refused, "why", a.Why)
	}
	q.observe(outcome)
}
