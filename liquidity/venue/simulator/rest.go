package simulator

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

// minuteWeight is what the venue lets one address use per minute.
const minuteWeight = 6000

// weights counts what was used in the current minute.
type weights struct {
	mu     sync.Mutex
	minute time.Time
	used   int
}

// use adds a request's weight and answers the sum, and the time until the next minute.
func (w *weights) use(now time.Time, weight int) (used int, rest time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if minute := now.Truncate(time.Minute); !minute.Equal(w.minute) {
		w.minute, w.used = minute, 0
	}
	w.used += weight
	return w.used, w.minute.Add(time.Minute).Sub(now)
}

// weightOf is the venue's price of a snapshot.
func weightOf(limit int) int {
	switch {
	case limit <= 100:
		return 5
	case limit <= 500:
		return 25
	case limit <= 1000:
		return 50
	default:
		return 250
	}
}

// depth answers GET /api/v3/depth.
func (s *Server) depth(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	limit := 100
	if text := query.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			refuse(w, http.StatusBadRequest, -1100, "Illegal characters found in parameter 'limit'.")
			return
		}
		limit = min(n, maxSnapshot)
	}
	used, rest := s.weights.use(time.Now(), weightOf(limit))
	w.Header().Set("X-MBX-USED-WEIGHT-1M", strconv.Itoa(used))
	if used > minuteWeight {
		tooMuch(w, http.StatusTooManyRequests, int(rest/time.Second)+1)
		return
	}
	f, ok := s.symbols[query.Get("symbol")]
	if !ok {
		refuse(w, http.StatusBadRequest, -1121, "Invalid symbol.")
		return
	}
	f.answer(w, limit)
}

// answer gives a snapshot, or the fault that is due.
func (f *feed) answer(w http.ResponseWriter, limit int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	shot := f.exchange.Snapshot(limit)
	switch {
	case f.spend(Ban):
		tooMuch(w, http.StatusTeapot, f.retryAfter)
		return
	case f.spend(Throttle):
		tooMuch(w, http.StatusTooManyRequests, f.retryAfter)
		return
	case f.spend(Failure):
		refuse(w, http.StatusInternalServerError, -1000, "An unknown error occurred while processing the request.")
		return
	case f.spend(OldSnapshot):
		shot = f.oldest
	}
	raw, err := encodeSnapshot(shot)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	// A client that is gone misses nothing.
	_, _ = w.Write(raw)
}

func tooMuch(w http.ResponseWriter, status, seconds int) {
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	refuse(w, status, -1003, "Too many requests.")
}

// refuse answers as the venue does: a code and a sentence.
func refuse(w http.ResponseWriter, status, code int, sentence string) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`{"code":` + strconv.Itoa(code) + `,"msg":` + strconv.Quote(sentence) + `}`))
}
