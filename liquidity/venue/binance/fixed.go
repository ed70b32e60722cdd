package binance

import (
	"encoding/binary"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/book"
)

// places are the decimals that the venue writes each price and size with, whatever the
// symbol's own; only instruments counted in as many take the way below.
const places = 8

// The fixed parts of a depthUpdate on a raw stream, as the venue writes it: its keys in
// the order of the documents, without white space.
const (
	openEvent  = `{"e":"depthUpdate","E":`
	openSymbol = `,"s":"`
	openFirst  = `","U":`
	openLast   = `,"u":`
	openBids   = `,"b":[`
	openAsks   = `],"a":[`
	closeEvent = `]}`
)

// fixed reads messages of exactly the form that the venue writes nearly all of its own
// in, without a general reader's questions and without allocating. It knows nothing
// about the rest: whatever differs by a byte is parseEvent's, which gives the same for
// all that both read (FuzzFixed).
type fixed struct {
	// bids and asks are room for the levels of one event, used again for the next.
	bids, asks []book.Level
}

// read is a message's event, whose levels are f's until the next read; false for what
// is not of the form, of which nothing is said.
func (f *fixed) read(raw []byte, symbol string, i liquidity.Instrument) (event, bool) {
	if i.PriceDecimals != places || i.SizeDecimals != places {
		return event{}, false
	}
	c := cursor{raw: raw}
	c.pass(openEvent)
	millis := c.number()
	c.pass(openSymbol)
	c.pass(symbol)
	c.pass(openFirst)
	first := c.number()
	c.pass(openLast)
	last := c.number()
	c.pass(openBids)
	f.bids = c.levels(f.bids[:0])
	c.pass(openAsks)
	f.asks = c.levels(f.asks[:0])
	c.pass(closeEvent)
	if c.other || c.at != len(raw) || millis < lowestMillis || millis > highestMillis || first == 0 || last < first {
		return event{}, false
	}
	return event{kind: kindDepth, at: time.UnixMilli(int64(millis)), first: first, last: last, bids: f.bids, asks: f.asks}, true
}

// cursor goes through a message; other says that it is of another form.
type cursor struct {
	raw   []byte
	at    int
	other bool
}

// pass goes past a text that must come next.
func (c *cursor) pass(text string) {
	if len(c.raw)-c.at < len(text) || string(c.raw[c.at:c.at+len(text)]) != text {
		c.other = true
		return
	}
	c.at += len(text)
}

// maxDigits is how many digits are read without a look whether they fit: 18 always do.
const maxDigits = 18

// number is a whole number above 0.
func (c *cursor) number() uint64 {
	n, digits := c.digits(maxDigits)
	if digits == 0 || c.raw[c.at-digits] == '0' {
		c.other = true
	}
	return n
}

// digits reads so many digits at most, and says how many there were.
func (c *cursor) digits(most int) (n uint64, digits int) {
	start, end := c.at, min(c.at+most, len(c.raw))
	for c.at < end {
		d := uint64(c.raw[c.at] - '0')
		if d > 9 {
			break
		}
		n = n*10 + d
		c.at++
	}
	return n, c.at - start
}

// levels reads levels up to the end of a side, which has at most maxLevels.
func (c *cursor) levels(into []book.Level) []book.Level {
	for !c.other && c.at < len(c.raw) && c.raw[c.at] != ']' {
		if len(into) > 0 {
			c.pass(`,`)
		}
		var l book.Level
		c.pass(`["`)
		l.Price = c.ticks()
		c.pass(`","`)
		l.Size = c.ticks()
		c.pass(`"]`)
		if l.Price == 0 || len(into) == maxLevels {
			c.other = true
		}
		into = append(into, l)
	}
	return into
}

// ticks reads a decimal of exactly so many places.
func (c *cursor) ticks() uint64 {
	// 10 digits and 8 places fit 64 bits.
	whole, digits := c.digits(maxDigits - places)
	if digits == 0 || len(c.raw)-c.at <= places || c.raw[c.at] != '.' {
		c.other = true
		return 0
	}
	part, ok := eight(c.raw[c.at+1:])
	if !ok {
		c.other = true
	}
	c.at += 1 + places
	return whole*coin + part
}

// coin is one coin in units of 10^-places.
const coin = 100_000_000

// eight reads 8 digits at once (Lemire, "Quickly parsing eight digits", 2018); there
// must be as many bytes.
func eight(raw []byte) (n uint64, ok bool) {
	v := binary.LittleEndian.Uint64(raw)
	const high, low = 0xF0F0F0F0F0F0F0F0, 0x0606060606060606
	// Digits are 0x30 to 0x39: their high half is 3, and still is with 6 added.
	if v&high != 0x3030303030303030 || (v+low)&high != 0x3030303030303030 {
		return 0, false
	}
	v -= 0x3030303030303030
	v = v*10 + v>>8 // pairs of digits, in every other byte
	const mask = 0x000000FF000000FF
	return (v&mask*(100+1_000_000<<32) + v>>16&mask*(1+10_000<<32)) >> 32, true
}
