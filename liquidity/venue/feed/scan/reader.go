package scan

import (
	"errors"
	"fmt"
)

// ErrSyntax means that the text is not the JSON it should be.
var ErrSyntax = errors.New("not the JSON expected")

// maxDepth bounds nesting.
const maxDepth = 16

// Reader goes through one JSON text. The first thing that is wrong ends it: from
// then on nothing is read, and Err says what it was.
type Reader struct {
	raw []byte
	at  int
	err error
	// closers are the brackets that end what is open, depth how many there are;
	// fresh says that nothing was read in the innermost yet.
	closers [maxDepth]byte
	depth   int
	fresh   bool
}

// New reads raw, which must not change meanwhile.
func New(raw []byte) Reader { return Reader{raw: raw} }

// Err is what was wrong first; nil if nothing.
func (r *Reader) Err() error { return r.err }

// Fail ends the reading for a reason of the caller's.
func (r *Reader) Fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%s at byte %d: %w", what, r.at, ErrSyntax)
	}
}

// peek is the next byte that is no white space, 0 at the end or after a failure.
func (r *Reader) peek() byte {
	if r.err != nil {
		return 0
	}
	for r.at < len(r.raw) {
		switch c := r.raw[r.at]; c {
		case ' ', '\n', '\t', '\r':
			r.at++
		default:
			return c
		}
	}
	return 0
}

// Next is the first byte of what comes next, '{' for an object; 0 at the end.
func (r *Reader) Next() byte { return r.peek() }

// Object enters an object; More and Key go through it.
func (r *Reader) Object() { r.enter('{') }

// List enters a list; More goes through it.
func (r *Reader) List() { r.enter('[') }

func (r *Reader) enter(open byte) {
	if r.peek() != open {
		r.Fail("no " + string(rune(open)))
		return
	}
	if r.depth == maxDepth {
		r.Fail("too deep")
		return
	}
	r.at++
	r.closers[r.depth] = open + 2 // { to }, [ to ]
	r.depth++
	r.fresh = true
}

// More reports whether what was entered last goes on; if not, it is left.
func (r *Reader) More() bool {
	if r.err != nil || r.depth == 0 {
		return false
	}
	c := r.peek()
	if c == r.closers[r.depth-1] {
		r.at++
		r.depth--
		r.fresh = false
		return false
	}
	if !r.fresh {
		if c != ',' {
			r.Fail("no comma")
			return false
		}
		r.at++
	}
	r.fresh = false
	return true
}

// Key reads the name of an object's next member.
func (r *Reader) Key() []byte {
	key := r.Text()
	if r.peek() != ':' {
		r.Fail("no colon")
		return nil
	}
	r.at++
	return key
}

// Text reads a string, which may have no escapes; the bytes are those of the input.
func (r *Reader) Text() []byte {
	start, escaped := r.text()
	if escaped {
		r.Fail("an escape")
	}
	if r.err != nil {
		return nil
	}
	return r.raw[start : r.at-1]
}

// text passes over a string and says where it starts and whether it has escapes.
func (r *Reader) text() (start int, escaped bool) {
	if r.peek() != '"' {
		r.Fail("no text")
		return 0, false
	}
	r.at++
	start = r.at
	for r.at < len(r.raw) {
		c := r.raw[r.at]
		r.at++
		switch {
		case c == '"':
			return start, escaped
		case c < ' ':
			r.Fail("a control character in a text")
			return start, escaped
		case c == '\\':
			escaped = true
			r.escape()
		}
	}
	r.Fail("a text without end")
	return start, escaped
}

// escape passes over what follows a backslash.
func (r *Reader) escape() {
	if r.at == len(r.raw) {
		return
	}
	c := r.raw[r.at]
	r.at++
	switch c {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
	case 'u':
		for range 4 {
			if r.at == len(r.raw) || !hex(r.raw[r.at]) {
				r.Fail("an escape")
				return
			}
			r.at++
		}
	default:
		r.Fail("an escape")
	}
}

func hex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}

// Skip passes over the next value, whatever it is.
func (r *Reader) Skip() {
	switch c := r.peek(); c {
	case '"':
		r.text()
	case '{':
		for r.Object(); r.More(); {
			r.text()
			if r.peek() != ':' {
				r.Fail("no colon")
				return
			}
			r.at++
			r.Skip()
		}
	case '[':
		for r.List(); r.More(); {
			r.Skip()
		}
	case 't':
		r.literal("true")
	case 'f':
		r.literal("false")
	case 'n':
		r.literal("null")
	default:
		r.Number()
	}
}

// Raw passes over the next value and is its text.
func (r *Reader) Raw() []byte {
	r.peek()
	start := r.at
	r.Skip()
	if r.err != nil {
		return nil
	}
	return r.raw[start:r.at]
}

func (r *Reader) literal(word string) {
	if len(r.raw)-r.at < len(word) || string(r.raw[r.at:r.at+len(word)]) != word {
		r.Fail("no " + word)
		return
	}
	r.at += len(word)
}

// True reads true or false.
func (r *Reader) True() bool {
	if r.peek() == 't' {
		r.literal("true")
		return r.err == nil
	}
	r.literal("false")
	return false
}

// End is the last thing to ask: it fails if anything follows the value.
func (r *Reader) End() error {
	if r.err == nil && (r.peek() != 0 || r.at != len(r.raw)) {
		r.Fail("something after the end")
	}
	return r.err
}
