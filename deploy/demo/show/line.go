package show

import (
	"fmt"
	"time"
)

// state is how far a line's step is.
type state int

const (
	running state = iota
	finished
	failed
)

var spinner = []string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"}

// labelWidth aligns the texts.
const labelWidth = 18

// Line is one step. After Done or Fail it changes no more.
type Line struct {
	show    *Show
	label   string
	text    string
	started time.Time
	ended   bool
	// fresh text waits to be printed to a log; printed is when that last was done.
	fresh   bool
	printed time.Time
}

// Start begins a step with a short label and what it does now.
func (s *Show) Start(label, text string) *Line {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Now()
	l := &Line{show: s, label: label, text: text, started: now, fresh: true, printed: now}
	s.active = append(s.active, l)
	if s.cfg.Terminal {
		s.paint(nil)
	}
	return l
}

// Update says what the step does now. The same text again changes nothing.
func (l *Line) Update(text string) {
	s := l.show
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.ended || l.text == text {
		return
	}
	l.text, l.fresh = text, true
	if s.cfg.Terminal {
		s.paint(nil)
	} else {
		l.tell()
	}
}

// tell writes news of a running step to a log, not more often than printEvery.
func (l *Line) tell() {
	if now := l.show.cfg.Now(); l.fresh && now.Sub(l.printed) >= printEvery {
		l.fresh, l.printed = false, now
		l.show.writeLine(l.plain(running))
	}
}

// Done ends the step; the line stays.
func (l *Line) Done(text string) { l.end(finished, text) }

// Fail ends the step that did not succeed; the line stays.
func (l *Line) Fail(text string) { l.end(failed, text) }

func (l *Line) end(st state, text string) {
	s := l.show
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.ended {
		return
	}
	l.ended, l.text = true, text
	for i, other := range s.active {
		if other == l {
			s.active = append(s.active[:i:i], s.active[i+1:]...)
			break
		}
	}
	if s.cfg.Terminal {
		s.paint([]string{l.painted(st)})
	} else {
		s.writeLine(l.plain(st))
	}
}

// plain is the line for a log: when, how far, what, and how long it took.
func (l *Line) plain(st state) string {
	s := l.show
	now := s.cfg.Now()
	mark := map[state]string{running: "...", finished: "ok ", failed: "FAIL"}[st]
	text := fmt.Sprintf("%8s  %-4s %-*s %s", elapsed(now.Sub(s.started)), mark, labelWidth, l.label, l.text)
	if took := now.Sub(l.started); st != running || took >= heartbeatEvery {
		text += " (" + elapsed(took) + ")"
	}
	return text
}

// painted is the line for a terminal, before it is cut to the width.
func (l *Line) painted(st state) string {
	s := l.show
	mark := map[state]string{running: spinner[s.frame%len(spinner)], finished: "✓", failed: "✗"}[st]
	return fmt.Sprintf("%s %-*s %7s  %s", mark, labelWidth, l.label, elapsed(s.cfg.Now().Sub(l.started)), l.text)
}

// elapsed is a duration for people: "0.4s", "12.0s", "2m05s".
func elapsed(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%d.%ds", d/time.Second, d%time.Second/(100*time.Millisecond))
	}
	return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
}
