package console

import (
	"fmt"
	"time"
)

const layout = "2006-01-02 15:04:05"

// Clock is a time in UTC to the second; "-" for none.
func Clock(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(layout)
}

// When is a time in UTC with how long ago it was, or how soon it is.
func (p *Page) When(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return Clock(t) + " UTC (" + p.Ago(t) + ")"
}

// Ago says how long ago a time was, or how soon it is.
func (p *Page) Ago(t time.Time) string {
	switch d := p.now.Sub(t); {
	case t.IsZero():
		return "-"
	case d <= -time.Second:
		return "in " + Span(-d)
	case d < time.Second:
		return "now"
	default:
		return Span(d) + " ago"
	}
}

// Span is a length of time in its two largest units, cut off: "2 d 4 h".
func Span(d time.Duration) string {
	s := int64(d / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return pair(s/60, "min", s%60, "s")
	case s < 86400:
		return pair(s/3600, "h", s%3600/60, "min")
	}
	return pair(s/86400, "d", s%86400/3600, "h")
}

func pair(large int64, unit string, small int64, smaller string) string {
	if small == 0 {
		return fmt.Sprintf("%d %s", large, unit)
	}
	return fmt.Sprintf("%d %s %d %s", large, unit, small, smaller)
}
