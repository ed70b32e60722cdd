package console

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Width is the number of columns that sentences are wrapped to.
const Width = 80

// labelWidth is the column in which the values of fields begin.
const labelWidth = 16

// Page collects lines; WriteTo hands them over. The zero value is not usable:
// make one with New.
type Page struct {
	text   strings.Builder
	now    time.Time
	colour bool
}

// New returns an empty page on which ages are told relative to now.
func New(now time.Time, colour bool) *Page { return &Page{now: now, colour: colour} }

// WriteTo writes the page.
func (p *Page) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, p.text.String())
	return int64(n), err
}

// Title is the page's first line, bold on a terminal.
func (p *Page) Title(format string, args ...any) {
	p.line(p.paint(bold, Clean(fmt.Sprintf(format, args...))))
}

// Section is an empty line and a heading.
func (p *Page) Section(format string, args ...any) {
	p.line("")
	p.Title(format, args...)
}

// Alarm is a sentence that must not be overlooked.
func (p *Page) Alarm(format string, args ...any) {
	for i, line := range wrap(Clean(fmt.Sprintf(format, args...)), Width-4) {
		mark := "!! "
		if i > 0 {
			mark = "   "
		}
		p.line(p.paint(red, mark+line))
	}
}

// Text is a sentence, wrapped.
func (p *Page) Text(format string, args ...any) { p.indented(0, fmt.Sprintf(format, args...)) }

// Item is a sentence, wrapped and indented by two columns.
func (p *Page) Item(format string, args ...any) { p.indented(2, fmt.Sprintf(format, args...)) }

// Note is a sentence, wrapped and indented by four columns.
func (p *Page) Note(format string, args ...any) { p.indented(4, fmt.Sprintf(format, args...)) }

func (p *Page) indented(by int, text string) {
	for _, line := range wrap(Clean(text), Width-by) {
		p.line(strings.Repeat(" ", by) + line)
	}
}

// Field is a label and its value, wrapped under itself. An empty value is left out.
func (p *Page) Field(label, format string, args ...any) {
	value := Clean(fmt.Sprintf(format, args...))
	if value == "" {
		return
	}
	for i, line := range wrap(value, Width-labelWidth-2) {
		if i > 0 {
			label = ""
		}
		p.line(fmt.Sprintf("  %-*s%s", labelWidth, label, line))
	}
}

// Long is a label and a value that is never wrapped: an id, an address. An empty
// value is left out; without a label the value stands alone.
func (p *Page) Long(label, value string) {
	switch {
	case value == "":
	case label == "":
		p.line("    " + Clean(value))
	default:
		p.line(fmt.Sprintf("    %-9s %s", label, Clean(value)))
	}
}

// Table aligns rows; columns listed in right are aligned to the right.
func (p *Page) Table(rows [][]string, right ...int) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(Clean(cell)))
		}
	}
	toRight := map[int]bool{}
	for _, i := range right {
		toRight[i] = true
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			cell = Clean(cell)
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if toRight[i] {
				cell = space + cell
			} else {
				cell += space
			}
			line.WriteString("  " + cell)
		}
		p.line(line.String())
	}
}

func (p *Page) line(s string) { p.text.WriteString(strings.TrimRight(s, " ") + "\n") }

type colour string

const (
	bold colour = "\x1b[1m"
	red  colour = "\x1b[1;31m"
)

func (p *Page) paint(c colour, s string) string {
	if !p.colour || s == "" {
		return s
	}
	return string(c) + s + "\x1b[0m"
}

// Clean makes control characters visible as "?": what nodes answer and what
// people write into reasons is shown, and obeyed by no terminal. Formatting
// characters go too, since they can turn a line around.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// Lines is Clean for several sentences, one a line: each line after the first is indented, so
// that none can be taken for the beginning of something else.
func Lines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = Clean(line)
	}
	return strings.Join(lines, "\n  ")
}

// wrap breaks a text at spaces; a word longer than the width keeps its line. A
// text that fits keeps its spaces.
func wrap(s string, width int) []string {
	if utf8.RuneCountInString(s) <= width {
		return []string{s}
	}
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width:
			lines = append(lines, line)
			line = word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}
