package gateway

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// Test: a request's context does what context.WithTimeout's would: it ends at its time, with
// its connection and when the request is answered, whoever asked first and whenever; what is
// made of it ends with it, and no goroutine is needed for that.
func TestBoundedEndsAsATimeoutDoes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end  func(*bounded, context.CancelFunc)
		want error
	}{
		"time":       {pass, context.DeadlineExceeded},
		"connection": {func(_ *bounded, closed context.CancelFunc) { closed() }, context.Canceled},
		"answered":   {func(b *bounded, _ context.CancelFunc) { b.end() }, context.Canceled},
	} {
		for _, early := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					connection, closed := context.WithCancel(context.WithValue(t.Context(), contextKey(-1), "inherited"))
					defer closed()
					b := &bounded{connection: connection, id: "id", remote: "192.0.2.7:80", until: time.Now().Add(time.Minute)}
					defer b.end()
					if requestID(b) != "id" || client(b) != "192.0.2.7" || b.Value(contextKey(-1)) != "inherited" {
						t.Errorf("values %q, %q, %v", requestID(b), client(b), b.Value(contextKey(-1)))
					}
					var derived context.Context
					if early {
						var cancel context.CancelFunc
						derived, cancel = context.WithCancel(b)
						defer cancel()
						if b.Err() != nil || derived.Err() != nil {
							t.Errorf("ended at once: %v", b.Err())
						}
					}
					c.end(b, closed)
					if !early {
						var cancel context.CancelFunc
						derived, cancel = context.WithCancel(b)
						defer cancel()
					}
					<-derived.Done()
					<-b.Done()
					if !errors.Is(b.Err(), c.want) || !errors.Is(derived.Err(), c.want) || !errors.Is(context.Cause(b), c.want) {
						t.Errorf("ended with %v, what is made of it with %v, want %v", b.Err(), derived.Err(), c.want)
					}
				})
			})
		}
	}
}

// pass waits until the time is over.
func pass(*bounded, context.CancelFunc) {
	timer := time.NewTimer(time.Minute)
	defer timer.Stop()
	<-timer.C
}

// A stream's request has no bound of its own.
func TestUnboundedIsTheConnections(t *testing.T) {
	t.Parallel()
	connection, closed := context.WithCancel(t.Context())
	b := &bounded{connection: connection}
	b.end()
	if _, limited := b.Deadline(); limited || b.Err() != nil {
		t.Errorf("ended without a bound: %v", b.Err())
	}
	closed()
	if !errors.Is(b.Err(), context.Canceled) {
		t.Errorf("goes on without a connection: %v", b.Err())
	}
}
