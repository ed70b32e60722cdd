package stream

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"unicode/utf8"

	"ferry/swap"
)

// Kinds of messages a client may send.
const (
	kindSubscribe   = "subscribe"
	kindUnsubscribe = "unsubscribe"
	kindQuote       = "quote"
	kindQuoteStop   = "quote_stop"
)

// idLongest is the longest id a client may give a message, in bytes.
const idLongest = 64

// command is a client's message. Fields that its kind does not have are zero.
type command struct {
	Type, ID, Topic, SwapID, From, To string
	DepositAmount, PayoutAmount       string
	// After is the version a client has seen last, -1 for none.
	After int64
}

// shapes says which fields each kind may have; any may be left out here, and is
// asked for where it is used.
var shapes = map[string][]string{
	kindSubscribe:   {"type", "id", "topic", "swap_id", "after", "from", "to"},
	kindUnsubscribe: {"type", "id", "topic", "swap_id", "from", "to"},
	kindQuote:       {"type", "id", "from", "to", "deposit_amount", "payout_amount"},
	kindQuoteStop:   {"type", "id"},
}

// decode reads one message: one flat JSON object, each field once and of its kind.
// With a refusal it returns what is known of the message's id.
func decode(raw []byte) (command, error) {
	c := command{After: -1}
	if !utf8.Valid(raw) {
		return c, malformed("", "UTF-8", "The message is not UTF-8.")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		return c, malformed("", "", "The message must be a JSON object.")
	}
	var seen []string
	for d.More() {
		key, err := d.Token()
		name, isText := key.(string)
		if err != nil || !isText {
			return c, malformed("", "", "The message is not valid JSON.")
		}
		value, err := d.Token()
		switch {
		case err != nil:
			return c, malformed("", "", "The message is not valid JSON.")
		case slices.Contains(seen, name):
			return c, malformed(name, "", "A field is given twice.")
		}
		if err := c.set(name, value); err != nil {
			return c, err
		}
		seen = append(seen, name)
	}
	if _, err := d.Token(); err != nil {
		return c, malformed("", "", "The message is not valid JSON.")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return c, malformed("", "", "Something follows the JSON object.")
	}
	return c, c.checkShape(seen)
}

// set takes one field; seen stays as short as the list of fields there are.
func (c *command) set(name string, value json.Token) error {
	if name == "after" {
		number, ok := value.(json.Number)
		n, err := strconv.ParseInt(number.String(), 10, 64)
		if !ok || err != nil || n < 0 {
			return malformed("after", "a whole number, 0 or more", "The field \"after\" must be a version.")
		}
		c.After = n
		return nil
	}
	into, known := map[string]*string{"type": &c.Type, "id": &c.ID, "topic": &c.Topic, "swap_id": &c.SwapID, "from": &c.From, "to": &c.To,
		"deposit_amount": &c.DepositAmount, "payout_amount": &c.PayoutAmount}[name]
	if !known {
		return malformed("", "", "The message has a field that there is not.")
	}
	text, ok := value.(string)
	if !ok {
		return malformed(name, "string", fmt.Sprintf("The field %q must be a string.", name))
	}
	if name == "id" && len(text) > idLongest {
		return malformed("id", fmt.Sprintf("%d bytes", idLongest), "The id is too long.")
	}
	*into = text
	return nil
}

func (c *command) checkShape(seen []string) error {
	fields, known := shapes[c.Type]
	if !known {
		return malformed("type", "subscribe, unsubscribe, quote, quote_stop", "The message has no type that there is.")
	}
	for _, name := range seen {
		if !slices.Contains(fields, name) {
			return malformed(name, "", fmt.Sprintf("A message of type %q has no field %q.", c.Type, name))
		}
	}
	return nil
}

func malformed(field, limit, message string) error {
	return swap.Refuse(swap.CodeInvalidBody, field, limit, message)
}
