package show

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// clock is set by the test.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// screen is a terminal that understands what paint writes: text, line feed,
// carriage return, cursor up, and clear to the end. A line too long wraps.
type screen struct {
	width int
	rows  []string
	row   int
}

func (s *screen) Write(p []byte) (int, error) {
	for text := string(p); text != ""; {
		switch {
		case strings.HasPrefix(text, "\x1b["):
			end := strings.IndexAny(text, "AJ")
			if end < 0 {
				return 0, fmt.Errorf("unknown sequence %q", text)
			}
			if text[end] == 'J' {
				s.rows = s.rows[:s.row]
			} else {
				var up int
				if _, err := fmt.Sscanf(text[:end], "\x1b[%d", &up); err != nil {
					return 0, err
				}
				s.row -= up
			}
			text = text[end+1:]
		case text[0] == '\r':
			text = text[1:]
		default:
			line, rest, _ := strings.Cut(text, "\n")
			for runes := []rune(line); ; runes = runes[s.width:] {
				s.rows = append(s.rows[:s.row], string(runes[:min(len(runes), s.width)]))
				s.row++
				if len(runes) <= s.width {
					break
				}
			}
			text = rest
		}
	}
	return len(p), nil
}

func (s *screen) want(t *testing.T, rows ...string) {
	t.Helper()
	if got, want := strings.Join(s.rows, "\n"), strings.Join(rows, "\n"); got != want {
		t.Errorf("the screen shows\n%s\nwant\n%s", got, want)
	}
}

func newShow(t *testing.T, cfg Config) (*Show, *clock) {
	t.Helper()
	c := &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	cfg.Now, cfg.Tick = c.Now, make(chan time.Time)
	s := New(cfg)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, c
}

func TestTerminalPaintsInPlace(t *testing.T) {
	t.Parallel()
	out := &screen{width: 60}
	s, clock := newShow(t, Config{Out: out, Terminal: true, Width: func() int { return 60 }})
	s.Say("BTC → ETH")
	deposit := s.Start("deposit", "signing")
	clock.forward(1500 * time.Millisecond)
	deposit.Update("0 of 3 confirmations")
	dust := s.Start("dust", "an advertiser pays 600 sat")
	out.want(t, "BTC → ETH",
		"⠋ deposit               1.5s  0 of 3 confirmations",
		"⠋ dust                  0.0s  an advertiser pays 600 sat")
	clock.forward(time.Second)
	s.beat()
	out.want(t, "BTC → ETH",
		"⠙ deposit               2.5s  0 of 3 confirmations",
		"⠙ dust                  1.0s  an advertiser pays 600 sat")
	dust.Done("in block 7")
	deposit.Update("1 of 3 confirmations")
	out.want(t, "BTC → ETH",
		"✓ dust                  1.0s  in block 7",
		"⠙ deposit               2.5s  1 of 3 confirmations")
	clock.forward(2 * time.Minute)
	deposit.Fail("the node is gone")
	deposit.Done("never mind") // ended already
	deposit.Update("nor this")
	out.want(t, "BTC → ETH",
		"✓ dust                  1.0s  in block 7",
		"✗ deposit              2m02s  the node is gone")
}

// What a server says can neither move the cursor nor wrap a painted line.
func TestTerminalHoldsItsLines(t *testing.T) {
	t.Parallel()
	out, width := &screen{width: 40}, 40
	s, _ := newShow(t, Config{Out: out, Terminal: true, Width: func() int { return width }})
	line := s.Start("swap", strings.Repeat("long ", 30))
	line.Update("a\x1b[9Ab\nc " + strings.Repeat("é", 60))
	s.Say("below")
	out.want(t, "below", "⠋ swap                  0.0s  a[9Abc é…")
	line.Done("settled")
	out.want(t, "below", "✓ swap                  0.0s  settled")
	var lines []*Line
	for i := range 20 {
		lines = append(lines, s.Start(fmt.Sprint("step ", i), ""))
	}
	if len(out.rows) != 2+maxLines || !strings.Contains(out.rows[len(out.rows)-1], "step 19") {
		t.Errorf("%d rows, the last %q", len(out.rows), out.rows[len(out.rows)-1])
	}
	for _, l := range lines {
		l.Done("")
	}
	if len(out.rows) != 2+20 {
		t.Errorf("%d rows after all have ended", len(out.rows))
	}
	out.width, width = defaultWidth, 0 // a terminal that does not know
	long := s.Start("step", strings.Repeat("long ", 30))
	s.beat()
	long.Done("short")
	if len(out.rows) != 2+20+1 {
		t.Errorf("%d rows: a line wrapped on a terminal without a width", len(out.rows))
	}
}

func TestSayTakesPages(t *testing.T) {
	t.Parallel()
	page := "The books\n\n  BTC  0\n"
	out := &screen{width: 40}
	painted, _ := newShow(t, Config{Out: out, Terminal: true, Width: func() int { return 40 }})
	painted.Start("books", "")
	painted.Say(page)
	out.want(t, "The books", "", "  BTC  0", "⠋ books                 0.0s  ")
	var text bytes.Buffer
	plain, _ := newShow(t, Config{Out: &text})
	plain.Say(page)
	if text.String() != page {
		t.Errorf("got %q", text.String())
	}
}

func TestPlainLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s, clock := newShow(t, Config{Out: &out})
	s.Start("quote", "asking").Done("held") // one line if it was quick
	line := s.Start("deposit", "signing")
	clock.forward(990 * time.Millisecond)
	s.beat()
	line.Update("sending") // nor more than one a second
	clock.forward(260 * time.Millisecond)
	s.beat()
	line.Update("sent")
	line.Update("sent")
	s.beat()
	clock.forward(time.Second)
	s.beat()
	s.beat() // no tick of the spinner in a log
	clock.forward(heartbeatEvery)
	s.beat()
	s.beat()
	line.Done("confirmed")
	s.Say("done")
	want := `    0.0s  ok   quote              held (0.0s)
    1.2s  ...  deposit            sending
    2.2s  ...  deposit            sent
   12.2s  ...  deposit            sent (12.2s)
   12.2s  ok   deposit            confirmed (12.2s)
done
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func TestID(t *testing.T) {
	t.Parallel()
	id := strings.Repeat("0123456789abcdef", 4)
	plain, _ := newShow(t, Config{Out: &bytes.Buffer{}})
	painted, _ := newShow(t, Config{Out: &screen{width: 80}, Terminal: true})
	if plain.ID(id) != id || painted.ID(id) != "0123456789…cdef" || painted.ID("short") != "short" {
		t.Errorf("%q, %q, %q", plain.ID(id), painted.ID(id), painted.ID("short"))
	}
}

// The ticker of the display's own turns the spinner without anybody's doing.
func TestItMovesByItself(t *testing.T) {
	t.Parallel()
	writes := make(chan string, 100)
	s := New(Config{Out: writerFunc(func(p []byte) (int, error) {
		select {
		case writes <- string(p):
		default:
		}
		return len(p), nil
	}), Terminal: true})
	s.Start("waiting", "")
	for _, frame := range spinner[:3] {
		for text := range writes {
			if strings.Contains(text, frame) {
				break
			}
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

var errBroken = errors.New("broken pipe")

func TestCloseTellsThatNobodyReads(t *testing.T) {
	t.Parallel()
	calls := 0
	s := New(Config{Out: writerFunc(func([]byte) (int, error) { calls++; return 0, errBroken }), Tick: make(chan time.Time)})
	s.Say("one")
	s.Say("two")
	if err := s.Close(); !errors.Is(err, errBroken) || calls != 1 {
		t.Errorf("%v after %d writes", err, calls)
	}
	if err := s.Close(); !errors.Is(err, errBroken) {
		t.Errorf("the second time %v", err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
