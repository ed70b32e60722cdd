package console

import (
	"strings"
	"testing"
	"time"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func text(colour bool, fill func(*Page)) string {
	p := New(now, colour)
	fill(p)
	var b strings.Builder
	if _, err := p.WriteTo(&b); err != nil {
		return err.Error()
	}
	return b.String()
}

func TestWhen(t *testing.T) {
	t.Parallel()
	p := New(now, false)
	for _, test := range []struct {
		at   time.Time
		want string
	}{
		{time.Time{}, "-"},
		{now, "2026-01-02 03:04:05 UTC (now)"},
		{now.Add(-59 * time.Second), "2026-01-02 03:03:06 UTC (59 s ago)"},
		{now.Add(-90 * time.Second), "2026-01-02 03:02:35 UTC (1 min 30 s ago)"},
		{now.Add(2 * time.Hour), "2026-01-02 05:04:05 UTC (in 2 h)"},
		{now.Add(-52 * time.Hour), "2025-12-30 23:04:05 UTC (2 d 4 h ago)"},
		{now.In(time.FixedZone("", 3600)).Add(-time.Minute), "2026-01-02 03:03:05 UTC (1 min ago)"},
	} {
		if got := p.When(test.at); got != test.want {
			t.Errorf("%v reads %q, want %q", test.at, got, test.want)
		}
	}
}

func TestColumnsAreAligned(t *testing.T) {
	t.Parallel()
	got := text(false, func(p *Page) { p.Table([][]string{{"a", "1 BTC"}, {"größer", "0.25 BTC"}, {"c"}}, 1) })
	if want := "  a          1 BTC\n  größer  0.25 BTC\n  c\n"; got != want {
		t.Errorf("the table is\n%q, want\n%q", got, want)
	}
}

func TestSentencesAreWrapped(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("word ", 60) + strings.Repeat("x", 100)
	got := text(false, func(p *Page) {
		p.Text("%s", long)
		p.Field("Label", "%s", long)
		p.Alarm("%s", long)
	})
	for _, line := range strings.Split(got, "\n") {
		if len(line) > Width && !strings.Contains(line, "xxx") {
			t.Errorf("a line has %d columns: %s", len(line), line)
		}
	}
	if words := strings.Count(got, "word"); words != 180 {
		t.Errorf("%d of 180 words are left", words)
	}
}

// Test: several sentences keep their lines, and nothing else of what steers a terminal.
func TestLinesOfAnError(t *testing.T) {
	t.Parallel()
	if got, want := Lines("a\x1b[2J\nferry: b\r\nc"), "a?[2J\n  ferry: b?\n  c"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestTheOutsideDoesNotSteerTheTerminal(t *testing.T) {
	t.Parallel()
	bad := "a\x1b[2Jb\u202ec\r\nd\xff"
	for _, colour := range []bool{false, true} {
		got := text(colour, func(p *Page) {
			p.Title("%s", bad)
			p.Alarm("%s", bad)
			p.Field("l", "%s", bad)
			p.Long("l", bad)
			p.Note("%s", bad)
			p.Table([][]string{{bad}})
		})
		for _, forbidden := range []string{"\x1b[2J", "\u202e", "\r", "\xff"} {
			if strings.Contains(got, forbidden) {
				t.Errorf("with colour %t the page contains %q: %q", colour, forbidden, got)
			}
		}
		if strings.Contains(got, "\x1b") != colour {
			t.Errorf("with colour %t the page is %q", colour, got)
		}
	}
}
