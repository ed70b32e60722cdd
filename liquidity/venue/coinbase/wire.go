package coinbase

import (
	"fmt"
	"strings"

	"ferry/liquidity/venue/feed"
	"ferry/liquidity/venue/feed/scan"
)

// numbers are what the venue counts the messages of a connection with, of all its channels.
type numbers struct {
	// started says that a message has come; last is its number.
	started bool
	last    uint64
}

// next takes a message's number: ErrGap if it is not the one after the last.
func (n *numbers) next(sequence uint64) error {
	last, inOrder := n.last, !n.started || sequence == n.last+1
	n.started, n.last = true, sequence
	if !inOrder {
		return fmt.Errorf("message %d after %d: %w", sequence, last, feed.ErrGap)
	}
	return nil
}

// wire has lists of products in a request, and counts the messages of all of them together: one
// that is missing may be any book's.
type wire struct {
	feed.Spoken
	numbers numbers
}

// Hello implements feed.Wire. The venue wants the first message within 5 seconds.
func (w *wire) Hello(names []string) [][]byte {
	return append([][]byte{[]byte(`{"type":"subscribe","channel":"heartbeats"}`)}, w.Subscribe(names)...)
}

// Subscribe implements feed.Wire: a subscription begins with a snapshot.
func (*wire) Subscribe(names []string) [][]byte { return request("subscribe", names) }

// Unsubscribe implements feed.Wire.
func (*wire) Unsubscribe(names []string) [][]byte { return request("unsubscribe", names) }

func request(kind string, names []string) [][]byte {
	return [][]byte{fmt.Appendf(nil, `{"type":"%s","product_ids":["%s"],"channel":"level2"}`, kind, strings.Join(names, `","`))}
}

// Route implements feed.Wire. A message without a number is a refusal, or none: the protocol says.
func (w *wire) Route(raw []byte) (name, body []byte, err error) {
	r := scan.New(raw)
	numbered, sequence := false, uint64(0)
	for r.Object(); (!numbered || name == nil) && r.More(); {
		switch string(r.Key()) {
		case "sequence_num":
			sequence, numbered = r.Uint(), true
		case "events":
			name = scan.Find(r.Rest(), "product_id")
			if !numbered {
				r.Skip()
			} else if name == nil {
				return nil, raw, w.numbers.next(sequence)
			}
		default:
			r.Skip()
		}
	}
	if r.Err() == nil && numbered {
		return name, raw, w.numbers.next(sequence)
	}
	return nil, raw, nil
}
