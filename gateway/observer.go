package gateway

import (
	"net/http"
	"time"

	"ferry/gateway/stream"
	"ferry/swap"
)

// Observer hears how requests ended. A function that is nil hears nothing; none
// may block.
type Observer struct {
	// Request is told of every answer but a stream. The route is the pattern that matched, of
	// which there are few; "" where none was looked for.
	Request func(route string, status int, took time.Duration)
	// Refused is told the code of every problem.
	Refused func(code swap.Code)
	// Streams hears of connections that stay open. Their length is no duration of an
	// answer, so Request is not told of those that were opened.
	Streams stream.Observer
}

func (o Observer) ended(r *http.Request, rec *recorder, took time.Duration) {
	opened := staysOpen(r) && (rec.status == http.StatusOK || rec.status == http.StatusSwitchingProtocols)
	if o.Request != nil && !opened {
		o.Request(r.Pattern, rec.status, took)
	}
	if o.Refused != nil && rec.refused != "" {
		o.Refused(rec.refused)
	}
}

// refuse remembers a problem's code for the log and the observer.
func refuse(w http.ResponseWriter, code swap.Code) {
	if rec, ok := w.(*recorder); ok {
		rec.refused = code
	}
}
