package stream

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"ferry/swap"
)

// lastEventID is the header by which a client says what it has seen.
const lastEventID = "Last-Event-ID"

// eventsRetry is how long a client is told to wait before it connects again, in
// milliseconds.
const eventsRetry = 2000

// Events serves a swap's updates as server-sent events, the version being the
// event's id, until the client goes or the stream is old. An error is returned only
// while nothing has been answered; the caller answers with it.
func (h *Hub) Events(w http.ResponseWriter, r *http.Request, client, swapID string) error {
	if r.Method != http.MethodGet { // HEAD, which would be held open for nothing
		return swap.Refuse(swap.CodeMethodNotAllowed, "", "", "Events can only be asked for with GET.")
	}
	after, err := readLastEventID(r.Header)
	if err != nil {
		return err
	}
	s, err := h.enter(client, Events)
	if err != nil {
		return err
	}
	defer h.leave(s)
	if err := h.known(r.Context(), "id", swapID); err != nil {
		return err
	}
	head := w.Header()
	head.Set("Content-Type", "text/event-stream")
	head.Set("Cache-Control", "no-store")
	// For a proxy that would collect what should be passed on at once.
	head.Set("X-Accel-Buffering", "no")
	e := &events{hub: h, w: w, control: http.NewResponseController(w)}
	// The server's limits are those of short requests; each write sets its own.
	if err := e.control.SetReadDeadline(time.Time{}); err != nil {
		return fmt.Errorf("lift the read deadline: %w", err)
	}
	if err := e.print(fmt.Sprintf("retry: %d\n\n", eventsRetry)); err != nil {
		return nil // the client has gone; there is nobody to tell
	}
	h.config.Observer.Opened(Events)
	h.watch(s, swapID, after)
	cause := e.serve(r.Context(), s)
	h.config.Observer.Ended(Events, reasonOf(cause))
	h.config.Log.DebugContext(r.Context(), "events ended", "cause", cause)
	return nil
}

// readLastEventID is the version the client has seen last, -1 for none.
func readLastEventID(head http.Header) (int64, error) {
	values := head.Values(lastEventID)
	if len(values) == 0 {
		return -1, nil
	}
	version, err := strconv.ParseInt(values[0], 10, 64)
	if len(values) > 1 || err != nil || version < 0 || strings.HasPrefix(values[0], "+") {
		return 0, swap.Refuse(swap.CodeRefused, lastEventID, "a version: a whole number, 0 or more", "The header Last-Event-ID must be a version of the swap.")
	}
	return version, nil
}

// events is one stream of server-sent events.
type events struct {
	hub     *Hub
	w       http.ResponseWriter
	control *http.ResponseController
}

func (e *events) serve(ctx context.Context, s *session) error {
	l := e.hub.config.Limits
	beat := time.NewTicker(l.PingEvery)
	defer beat.Stop()
	age := time.NewTimer(l.EventsAge)
	defer age.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-e.hub.done:
			return errStopping
		case <-age.C:
			return nil
		case <-beat.C:
			err = e.print(": still here\n\n")
		case <-s.wake:
			err = e.hub.flush(ctx, s, e.send)
		}
		if err != nil {
			return err
		}
	}
}

// send writes updates, one event each; a session of events has nothing else.
func (e *events) send(_ context.Context, message any) error {
	told, ok := message.(updates)
	if !ok {
		return fmt.Errorf("a %T is no event", message)
	}
	var text strings.Builder
	for _, u := range told.Updates {
		raw, err := json.Marshal(u)
		if err != nil {
			return fmt.Errorf("encode an event: %w", err)
		}
		fmt.Fprintf(&text, "id: %d\nevent: update\ndata: %s\n\n", u.Version, raw)
	}
	if err := e.print(text.String()); err != nil {
		return err
	}
	e.hub.config.Observer.Sent(Events, kindOf(message))
	return nil
}

func (e *events) print(text string) error {
	if err := e.control.SetWriteDeadline(time.Now().Add(e.hub.config.Limits.WriteTimeout)); err != nil {
		return fmt.Errorf("set a write deadline: %w", err)
	}
	if _, err := e.w.Write([]byte(text)); err != nil {
		return fmt.Errorf("write an event: %w", err)
	}
	return e.control.Flush()
}
