// Package rpc carries the few calls between Ferry's daemons: Connect over Unix
// sockets, with the generated code in ferry/v1.
//
// It promises that a *swap.Error a server refuses with arrives at the client as
// the same *swap.Error, that every call has a deadline and a largest body, and
// that a socket is never left open to other users of the machine.
//
// It imports swap, connectrpc and golang.org/x/sys.
package rpc
