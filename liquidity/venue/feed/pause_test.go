package feed

import (
	"context"
	"testing"
	"time"

	"ferry/liquidity"
)

// Test: pauses grow without a price, and with one where the venue's own word ends each connection; a
// price, or an offence after a long time, makes them short again.
func TestPauses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ending
		last, lasted, want time.Duration
	}{
		"the first":                    {ending{}, 0, time.Second, retryLeast},
		"nothing":                      {ending{}, time.Second, time.Second, 2 * time.Second},
		"nothing again and again":      {ending{}, retryMost, time.Hour, retryMost},
		"a price":                      {ending{priced: true}, time.Second, time.Second, retryLeast},
		"an offence":                   {ending{offended: true}, time.Second, time.Second, 2 * time.Second},
		"an offence after a price":     {ending{priced: true, offended: true}, time.Second, time.Second, 2 * time.Second},
		"the first of them":            {ending{priced: true, offended: true}, 0, time.Second, retryLeast},
		"an offence after a long time": {ending{priced: true, offended: true}, time.Second, calm, retryLeast},
		"refused, alone":               {ending{reached: true, offended: true, closed: true}, retryMost, time.Second, 2 * retryMost},
		"refused again and again":      {ending{reached: true, offended: true, closed: true}, refusedMost, time.Second, refusedMost},
		"offending alone":              {ending{priced: true, reached: true, offended: true, closed: true}, retryMost, time.Second, 2 * retryMost},
		"silence, alone":               {ending{reached: true, closed: true}, retryMost, time.Second, 2 * retryMost},
		"not reached, alone":           {ending{closed: true}, refusedMost, time.Second, retryMost},
		"refused, with others":         {ending{reached: true, offended: true}, retryMost, time.Second, retryMost},
	} {
		if got := c.pause(c.last, c.lasted); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// Test: all lines that take nobody in, each with a book that is refused, leave most of a venue's dials
// to others, however short the pauses turn out.
func TestRefusedBooksLeaveDials(t *testing.T) {
	t.Parallel()
	const window, least = 10 * time.Minute, 100
	refused := ending{reached: true, offended: true, closed: true}
	var last, at time.Duration
	dials := 0
	for at < time.Hour+window {
		last = refused.pause(last, time.Second)
		if at += last / 2; at >= time.Hour && at < time.Hour+window {
			dials++
		}
	}
	if all := dials * partsMost; dials == 0 || all > 3*least/4 {
		t.Errorf("%d of %d dials in %s are those of refused books", all, least, window)
	}
}

// Test: a line whose only book the venue refuses takes nobody in from then on; one that is only lost does.
func TestRefusedBookStaysAlone(t *testing.T) {
	t.Parallel()
	for name, offended := range map[string]bool{"refused": true, "lost": false} {
		tr := &trunk{}
		l := &line{trunk: tr, cancel: func() {}}
		tr.lines = []*line{l}
		who := &listener{venue: &Venue{trunk: tr}, deliver: func(liquidity.Top) {}}
		l.add(who)
		s := &session{trunk: tr, offended: offended, ctx: context.Background()}
		s.books = []*subscription{{who: who}}
		l.split(&connection{line: l, session: s})
		if l.closed != offended || len(tr.lines) != 1 {
			t.Errorf("%s: closed %t, %d lines", name, l.closed, len(tr.lines))
		}
	}
}
