package gateway

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"ferry/swap"
)

type contextKey int

const (
	keyRequestID contextKey = iota
	keyClient
)

func requestID(ctx context.Context) string { return textOf(ctx, keyRequestID) }

func client(ctx context.Context) string { return textOf(ctx, keyClient) }

func textOf(ctx context.Context, key contextKey) string {
	if s, ok := ctx.Value(key).(string); ok {
		return s
	}
	return ""
}

// requestTimeout is how long one request may be worked on: the calls of a new
// swap one after the other, each at its own limit.
const requestTimeout = checkTimeout + acceptTimeout + issueTimeout + 5*time.Second

// exchange is what is kept of one request while it is answered.
type exchange struct {
	bounded
	recorder
	// idHeader is the header X-Request-Id.
	idHeader [1]string
	start    time.Time
}

// identify gives the request an id and its client, bounds it in time, logs how
// it ended, and turns a panic into a problem.
func (g *Gateway) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := newRequestID()
		x := &exchange{bounded: bounded{connection: r.Context(), id: id, remote: r.RemoteAddr},
			recorder: recorder{ResponseWriter: w, status: http.StatusOK}, idHeader: [1]string{id}, start: g.config.Now()}
		if !staysOpen(r) {
			x.until = time.Now().Add(requestTimeout)
		}
		defer x.end()
		r = r.WithContext(&x.bounded)
		header := w.Header()
		header["X-Request-Id"], header["X-Content-Type-Options"] = x.idHeader[:], noSniff
		defer func() {
			if p := recover(); p != nil {
				writeError(&x.recorder, r, g.config.Log, fmt.Errorf("panic: %v", p))
			}
			g.log(x, r)
		}()
		next.ServeHTTP(&x.recorder, r)
	})
}

var noSniff = []string{"nosniff"}

// log tells the observer and the log how a request ended. The route is the pattern, not
// the path: a swap's id lets its holder look.
func (g *Gateway) log(x *exchange, r *http.Request) {
	took := g.config.Now().Sub(x.start)
	g.config.Observer.ended(r, &x.recorder, took)
	attrs := make([]slog.Attr, 0, 6)
	attrs = append(attrs, slog.String("request_id", x.id), slog.String("method", r.Method),
		slog.String("route", r.Pattern), slog.Int("status", x.status), slog.Duration("took", took))
	if x.refused != "" {
		attrs = append(attrs, slog.String("code", string(x.refused)))
	}
	g.config.Log.LogAttrs(&x.bounded, slog.LevelInfo, "request", attrs...)
}

func newRequestID() string {
	var b [8]byte
	// crypto/rand.Read never fails: it ends the program where it can't read.
	_, _ = rand.Read(b[:])
	var text [2 * len(b)]byte
	hex.Encode(text[:], b[:])
	return string(text[:])
}

// recorder remembers the status, and a problem's code, for the log.
type recorder struct {
	http.ResponseWriter
	status  int
	refused swap.Code
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.MaxBytesReader and http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// bound refuses what is beyond the limits before anything is read.
func (g *Gateway) bound(next http.Handler) http.Handler {
	slots := make(chan struct{}, g.config.Limits.Concurrent)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && !g.rates.allow(client(r.Context())) {
			writeProblem(w, r, http.StatusTooManyRequests, swap.Refuse(swap.CodeTooManyRequests, "",
				fmt.Sprintf("%d a minute", g.config.Limits.PostsPerMinute), "You ask too often; wait a moment."))
			return
		}
		if staysOpen(r) { // with limits of its own
			next.ServeHTTP(w, r)
			return
		}
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
			next.ServeHTTP(w, r)
		default:
			writeError(w, r, g.config.Log, swap.Refuse(swap.CodeUnavailable, "", "", "The service is busy; try again."))
		}
	})
}

// methods are those probed for when a path is known but its method is not.
var methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// unrouted answers whatever no operation answers: 405 where the path has other
// methods, 404 otherwise.
func (g *Gateway) unrouted(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, refusal := http.StatusNotFound, swap.Refuse(swap.CodeNotFound, "", "", "There is nothing at this path.")
		for _, method := range methods {
			probe := &http.Request{Method: method, URL: r.URL, Host: r.Host}
			if _, pattern := mux.Handler(probe); pattern != "" && pattern != "/" {
				w.Header().Add("Allow", method)
				status, refusal = http.StatusMethodNotAllowed, swap.Refuse(swap.CodeMethodNotAllowed, "", "", "This path does not answer to that method.")
			}
		}
		writeProblem(w, r, status, refusal)
	})
}
