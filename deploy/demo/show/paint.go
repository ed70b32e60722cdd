package show

import (
	"fmt"
	"strings"
	"unicode"
)

// paint replaces the lines of running steps by the given lines, which stay, and
// the running steps below them, in one write so that nothing flickers.
func (s *Show) paint(stay []string) {
	var out strings.Builder
	if s.painted > 0 {
		fmt.Fprintf(&out, "\x1b[%dA\r\x1b[J", s.painted) // up, to the left, clear to the end (ECMA-48 CUU, ED)
	}
	width := s.cfg.Width()
	if width <= 0 { // a pseudo-terminal that nobody gave a size
		width = defaultWidth
	}
	for _, text := range stay {
		out.WriteString(cut(text, 0) + "\n")
	}
	shown := s.active
	if len(shown) > maxLines {
		shown = shown[len(shown)-maxLines:]
	}
	for _, l := range shown {
		out.WriteString(cut(l.painted(running), width) + "\n")
	}
	s.painted = len(shown)
	if out.Len() > 0 {
		s.write(out.String())
	}
}

// cut makes a text fit a line that will be painted over: a longer one would wrap
// and be counted as one line. Lines that stay may wrap (width 0). Control
// characters are dropped: some texts come from a server.
func cut(text string, width int) string {
	var runes []rune
	for _, r := range text {
		if !unicode.IsControl(r) {
			runes = append(runes, r)
		}
	}
	if width > 1 && len(runes) >= width {
		runes = append(runes[:width-2], '…')
	}
	return string(runes)
}
