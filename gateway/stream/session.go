package stream

import (
	"ferry/swap/asset"
)

// session is one connection: what it follows, and what of that has changed since
// it was told. The hub's lock guards all of it.
type session struct {
	client string
	kind   Kind
	// wake has room for one: being woken twice is being woken.
	wake chan struct{}

	pairs  map[asset.Pair]*follow
	quote  *typed
	swaps  map[string]*watch
	recent bool
	// recentDirty means that the list has changed.
	recentDirty bool
}

// follow is a pair followed.
type follow struct{ dirty, told bool }

// typed is the newest request for a quote.
type typed struct {
	id    string
	ask   Ask
	dirty bool
}

// watch is a swap watched. A new subscription is a new watch, so that a read made
// for the old one can be told apart.
type watch struct {
	// sent is the version sent last, -1 before any; hinted the newest heard of.
	sent, hinted int64
	dirty        bool
	// due is the tick at which to look without a hint, pause the number of ticks
	// to wait while a hinted version is not there.
	due, pause int64
}

func newSession(client string, kind Kind) *session {
	return &session{client: client, kind: kind, wake: make(chan struct{}, 1), pairs: map[asset.Pair]*follow{}, swaps: map[string]*watch{}}
}

func (s *session) rouse() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *session) dirty() bool {
	if s.recentDirty || s.quote != nil && s.quote.dirty {
		return true
	}
	for _, f := range s.pairs {
		if f.dirty {
			return true
		}
	}
	for _, w := range s.swaps {
		if w.dirty {
			return true
		}
	}
	return false
}

// look is one swap to be read for one watch.
type look struct {
	id    string
	watch *watch
	after int64
}

// turn is what one connection is to be told now.
type turn struct {
	snapshot, changed *prices
	quote             *typed
	priced            newestRate
	looks             []look
	recent            *recents
}

// take empties a session's set and returns what was in it, as it is now.
func (h *Hub) take(s *session) turn {
	h.mu.Lock()
	defer h.mu.Unlock()
	var t turn
	snapshot := prices{Type: "prices", Snapshot: true, Sequence: h.sequence}
	changed := prices{Type: "prices", Sequence: h.sequence}
	for _, pair := range h.pairs {
		f := s.pairs[pair]
		if f == nil || !f.dirty {
			continue
		}
		into := &changed
		if !f.told {
			into = &snapshot
		}
		into.Rates = append(into.Rates, h.board[pair].shown)
		f.dirty, f.told = false, true
	}
	if len(snapshot.Rates) > 0 {
		t.snapshot = &snapshot
	}
	if len(changed.Rates) > 0 {
		t.changed = &changed
	}
	if q := s.quote; q != nil && q.dirty {
		q.dirty = false
		t.quote, t.priced = q, h.board[q.ask.Pair]
	}
	for id, w := range s.swaps {
		if w.dirty {
			w.dirty = false
			t.looks = append(t.looks, look{id, w, w.sent})
		}
	}
	if s.recentDirty {
		s.recentDirty = false
		list := showRecent(h.recent)
		t.recent = &list
	}
	return t
}
