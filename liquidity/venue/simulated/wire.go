package simulated

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"ferry/liquidity"
	"ferry/swap/asset"
)

// ErrMalformed means a frame is not what the simulator speaks.
var ErrMalformed = errors.New("malformed frame")

// MaxFrame is the largest frame that is read, in bytes.
const MaxFrame = 2 << 10

// Path is where the simulator serves the top of book of ?pair=.
const Path = "/v1/top"

// The kinds of frames.
const (
	TypeTop       = "top"
	TypeHeartbeat = "heartbeat"
)

// Frame is one message, as JSON. The first one of a connection is a top; a
// heartbeat says that the last top still holds. Seq grows by one from frame to frame.
type Frame struct {
	Type string    `json:"type"`
	Pair string    `json:"pair"`
	Seq  uint64    `json:"seq"`
	Time time.Time `json:"time"`
	Bid  *Level    `json:"bid,omitempty"`
	Ask  *Level    `json:"ask,omitempty"`
}

// Level is one side of the book: decimal texts in coins.
type Level struct {
	Price string `json:"price"`
	Size  string `json:"size"`
}

// parseFrame reads one frame strictly and checks that it is of the instrument.
func parseFrame(raw []byte, i liquidity.Instrument) (Frame, error) {
	var f Frame
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&f); err != nil {
		return f, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return f, fmt.Errorf("something follows the frame: %w", ErrMalformed)
	}
	switch {
	case f.Pair != i.String() || f.Seq == 0 || f.Time.IsZero():
		return f, fmt.Errorf("frame %d of %.20q at %s: %w", f.Seq, f.Pair, f.Time, ErrMalformed)
	case f.Type == TypeTop && f.Bid != nil && f.Ask != nil:
	case f.Type == TypeHeartbeat && f.Bid == nil && f.Ask == nil:
	default:
		return f, fmt.Errorf("frame %d of type %.20q: %w", f.Seq, f.Type, ErrMalformed)
	}
	return f, nil
}

// levels reads both sides of a top into ticks.
func (f Frame) levels(i liquidity.Instrument) (bid, ask liquidity.Level, err error) {
	if bid, err = f.Bid.parse(i); err != nil {
		return bid, ask, fmt.Errorf("bid of frame %d: %w", f.Seq, err)
	}
	if ask, err = f.Ask.parse(i); err != nil {
		return bid, ask, fmt.Errorf("ask of frame %d: %w", f.Seq, err)
	}
	return bid, ask, nil
}

func (l Level) parse(i liquidity.Instrument) (liquidity.Level, error) {
	price, err := ParseTicks(l.Price, i.PriceDecimals)
	if err != nil {
		return liquidity.Level{}, fmt.Errorf("price: %w", err)
	}
	size, err := ParseTicks(l.Size, i.SizeDecimals)
	if err != nil {
		return liquidity.Level{}, fmt.Errorf("size: %w", err)
	}
	return liquidity.Level{Price: price, Size: size}, nil
}

// ParseTicks reads a decimal text into units of 10^-places; ErrMalformed if it is
// none, has more places, or does not fit 64 bits.
func ParseTicks(text string, places int) (uint64, error) {
	units, err := asset.ParsePlaces(text, places)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	ticks, fits := units.Uint64()
	if !fits {
		return 0, fmt.Errorf("%.40q does not fit 64 bits: %w", text, ErrMalformed)
	}
	return ticks, nil
}

// FormatTicks writes what ParseTicks reads.
func FormatTicks(ticks uint64, places int) string {
	return asset.FormatUnits(asset.NewUnits(ticks), places)
}
