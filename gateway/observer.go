package gateway

import (
	"net/http"
	"time"

	"ferry/swap"
)

// Observer hears how requests ended. A function that is nil hears nothing; none
// may block.
type Observer struct {
	// Request is told of every answer. The route is the pattern that matched, of
	// which there are few; "" where none was looked for.
	Request func(route string, status int, took time.Duration)
	// Refused is told the code of every problem.
	Refused func(code swap.Code)
}

func (o Observer) ended(route string, rec *recorder, took time.Duration) {
	if o.Request != nil {
		o.Request(route, rec.status, took)
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
