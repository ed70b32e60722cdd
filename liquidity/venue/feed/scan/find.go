package scan

// Find is the text at the end of a path of members' names; of lists on the way it goes into
// the first element. It is nil where there is none, or the text up to there is not JSON: what
// follows is not read.
func Find(raw []byte, path ...string) []byte {
	r := New(raw)
	for _, name := range path {
		if r.peek() == '[' {
			if r.List(); !r.More() {
				return nil
			}
		}
		if r.peek() != '{' || !r.member(name) {
			return nil
		}
	}
	if r.peek() != '"' {
		return nil
	}
	return r.Text()
}

// member enters an object up to the value of one of its members; false if there is none.
func (r *Reader) member(name string) bool {
	for r.Object(); r.More(); {
		if string(r.Key()) == name {
			return true
		}
		r.Skip()
	}
	return false
}

// Rest is what has not been read yet.
func (r *Reader) Rest() []byte { return r.raw[r.at:] }
