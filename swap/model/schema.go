package model

import (
	"fmt"
	"strings"

	"ferry/swap/bus"
)

type offsetKey struct {
	consumer, topic string
	partition       int32
}

// Schema is a service's outbox, offsets and book.
type Schema struct {
	Book Book

	outbox  []bus.Message
	offsets map[offsetKey]int64
}

// NewSchema is an empty one.
func NewSchema() *Schema {
	return &Schema{Book: newBook(), offsets: map[offsetKey]int64{}}
}

// Outbox is all that was told, in commit order: the relay's number of a message is
// its index plus one. The caller must not change it.
func (s *Schema) Outbox() []bus.Message { return s.outbox }

// Tell puts messages into the outbox, or fails like its CHECKs.
func (s *Schema) Tell(t *Tx, messages ...bus.Message) error {
	for _, m := range messages {
		if !strings.HasPrefix(m.Topic, "ferry.") || m.Key == "" || m.Kind == "" || len(m.Body) < 2 || len(m.Body) > bus.MaxBody {
			return fmt.Errorf("a message on %s of kind %q and %d bytes: %w", m.Topic, m.Kind, len(m.Body), ErrInvariant)
		}
	}
	Append(t, &s.outbox, messages...)
	return nil
}

// Offset is the next offset of a partition, 0 where none is stored.
func (s *Schema) Offset(consumer, topic string, partition int32) int64 {
	return s.offsets[offsetKey{consumer, topic, partition}]
}

// Advance is bus.AdvanceOffset.
func (s *Schema) Advance(t *Tx, consumer string, b bus.Batch) error {
	key := offsetKey{consumer, b.Topic, b.Partition}
	if s.offsets[key] != b.From {
		return fmt.Errorf("%s on %s/%d is not at %d: %w", consumer, b.Topic, b.Partition, b.From, bus.ErrOffsetMoved)
	}
	Set(t, s.offsets, key, b.Next)
	return nil
}
