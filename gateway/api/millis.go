package api

import (
	"encoding/json"
	"fmt"
	"time"
)

// Millis is a time as the API writes it: RFC 3339 in UTC with exactly three
// places of seconds.
type Millis struct{ time.Time }

const layout = "2006-01-02T15:04:05.000Z"

// MillisOf cuts a time to milliseconds.
func MillisOf(t time.Time) Millis { return Millis{t.UTC().Truncate(time.Millisecond)} }

// OptionalMillis leaves a zero time zero, so that it is left out of answers.
func OptionalMillis(t time.Time) Millis {
	if t.IsZero() {
		return Millis{}
	}
	return MillisOf(t)
}

// String is the time as the API writes it.
func (m Millis) String() string { return m.UTC().Format(layout) }

// MarshalJSON writes the time in UTC.
func (m Millis) MarshalJSON() ([]byte, error) { return json.Marshal(m.String()) }

// UnmarshalJSON reads what MarshalJSON writes and nothing else.
func (m *Millis) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("a time must be a string: %w", err)
	}
	t, err := time.Parse(layout, s)
	if err != nil {
		return fmt.Errorf("a time must be RFC 3339 in UTC with milliseconds: %w", err)
	}
	m.Time = t
	return nil
}
