package stream

import (
	"context"
	"errors"
	"os"
)

// Kind is how a client is connected.
type Kind string

// Kinds of connections.
const (
	WebSocket Kind = "websocket"
	Events    Kind = "events"
)

// Reason is why a connection ended.
type Reason string

// Reasons of an end.
const (
	// EndGone: the client went, or its connection broke.
	EndGone Reason = "gone"
	// EndSlow: it took too long to take a message. EndSilent: it answered no ping.
	EndSlow   Reason = "too_slow"
	EndSilent Reason = "silent"
	// EndLimit: it broke a limit on what it may send.
	EndLimit Reason = "limit"
	// EndAge: server-sent events are as old as they get; the client connects again.
	EndAge Reason = "age"
	// EndStopping: this process is stopping.
	EndStopping Reason = "stopping"
)

// Observer hears what a hub does. A function that is nil hears nothing; none may
// block, since some are called under the hub's lock.
type Observer struct {
	// Opened and Ended are told of every connection, once each.
	Opened func(kind Kind)
	Ended  func(kind Kind, why Reason)
	// Sent is told of every message that was handed to the network, by its type as
	// docs/asyncapi.yaml has it.
	Sent func(kind Kind, message string)
	// Conflated is told of a change that no connection of some client will see, since
	// a newer one came before it was sent: of "prices", a "quote" or "recent".
	Conflated func(message string)
	// Replayed is told of a subscription to a swap that continues after a version the
	// client has seen.
	Replayed func(kind Kind)
}

// silent fills what is nil.
func (o Observer) silent() Observer {
	if o.Opened == nil {
		o.Opened = func(Kind) {}
	}
	if o.Ended == nil {
		o.Ended = func(Kind, Reason) {}
	}
	if o.Sent == nil {
		o.Sent = func(Kind, string) {}
	}
	if o.Conflated == nil {
		o.Conflated = func(string) {}
	}
	if o.Replayed == nil {
		o.Replayed = func(Kind) {}
	}
	return o
}

// reasonOf sorts what ended a connection; nil is its age.
func reasonOf(cause error) Reason {
	var why ending
	switch {
	case cause == nil:
		return EndAge
	case errors.Is(cause, errStopping):
		return EndStopping
	case errors.Is(cause, errTooSlow), errors.Is(cause, context.DeadlineExceeded), errors.Is(cause, os.ErrDeadlineExceeded):
		// Of what may be in a cause, only writes have a deadline.
		return EndSlow
	case errors.Is(cause, errSilent):
		return EndSilent
	case errors.As(cause, &why):
		return EndLimit
	}
	return EndGone
}
