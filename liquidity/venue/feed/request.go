package feed

import (
	"slices"
	"time"

	"github.com/lxzan/gws"
)

// sayEvery is between two requests about books, of up to two messages each; with pongs that is
// less than the five messages a second that the strictest venue allows.
const sayEvery = 500 * time.Millisecond

// requests are what is to be asked for next, of all books at once.
type requests struct {
	// off and on are names to unsubscribe from and, after that, to subscribe to.
	off, on []string
	said    time.Time
	timer   *time.Timer
}

func (r *requests) join(name string) { r.on = with(r.on, name) }

// anew asks for a book once more, unless it is to be asked for anyway.
func (r *requests) anew(name string) {
	if !slices.Contains(r.on, name) {
		r.off, r.on = with(r.off, name), append(r.on, name)
	}
}

// leave takes back what was to be asked for; what was asked for already is unsubscribed from.
func (r *requests) leave(name string) {
	if i := slices.Index(r.on, name); i >= 0 {
		r.on = slices.Delete(r.on, i, i+1)
		return // it is in off if it was asked for before
	}
	r.off = with(r.off, name)
}

func with(list []string, name string) []string {
	if slices.Contains(list, name) {
		return list
	}
	return append(list, name)
}

// sendDue sends what is to be asked for, as soon as that may be.
func (s *session) sendDue() {
	r := &s.request
	if len(r.off)+len(r.on) == 0 || s.over || s.failed != nil || s.ctx == nil || s.ctx.Err() != nil {
		return
	}
	if rest := sayEvery - time.Since(r.said); rest > 0 {
		r.timer.Reset(rest)
		return
	}
	var list [][]byte
	if len(r.off) > 0 {
		list = append(list, s.wire.Unsubscribe(r.off)...)
	}
	if len(r.on) > 0 {
		list = append(list, s.wire.Subscribe(r.on)...)
	}
	r.off, r.on, r.said = nil, nil, time.Now()
	if err := s.say(list); err != nil {
		s.fail(err)
	}
}

// say sends messages one after the other.
func (s *session) say(messages [][]byte) error {
	for _, m := range messages {
		if err := s.write(gws.OpcodeText, m); err != nil {
			return err
		}
	}
	return nil
}

// write sends one frame in time. No deadline stays behind: TLS writes by itself when it answers
// a change of keys, and a deadline that has passed by then would fail that and all that follows.
// The caller holds the trunk, so that none is taken from another's frame.
func (s *session) write(opcode gws.Opcode, payload []byte) error {
	if err := s.socket.SetWriteDeadline(time.Now().Add(sendTimeout)); err != nil {
		return err
	}
	if err := s.socket.WriteMessage(opcode, payload); err != nil {
		return err
	}
	return s.socket.SetWriteDeadline(time.Time{})
}
