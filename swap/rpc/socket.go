package rpc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"connectrpc.com/connect"
	"golang.org/x/sys/unix"
)

// Limits of every call between daemons.
const (
	// MaxBody is the largest request or response, in bytes: a Bitcoin transaction
	// with the previous transactions of its inputs fits.
	MaxBody = 4 << 20
	// CallTimeout is how long a call may take.
	CallTimeout = 20 * time.Second
)

// BaseURL is the address of a server behind a Unix socket; the host is not used.
const BaseURL = "http://ferry"

// Listen opens a Unix socket that only its owner and, if group is not negative,
// that group may connect to. A socket file left by a killed process is replaced.
func Listen(path string, group int) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("make the socket's folder: %w", err)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("remove the old socket: %w", err)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	mode := os.FileMode(0o600)
	if group >= 0 {
		mode = 0o660
		if err := os.Chown(path, -1, group); err != nil {
			return nil, errors.Join(fmt.Errorf("give the socket to group %d: %w", group, err), l.Close())
		}
	}
	if err := os.Chmod(path, mode); err != nil {
		return nil, errors.Join(fmt.Errorf("restrict the socket: %w", err), l.Close())
	}
	return l, nil
}

// OnlyUsers closes every connection whose peer runs as none of the given user
// ids, as the kernel reports them (SO_PEERCRED).
func OnlyUsers(l net.Listener, uids ...int) net.Listener { return &peerListener{l, uids} }

type peerListener struct {
	net.Listener
	uids []int
}

func (l *peerListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		uid, err := peerUID(conn)
		if err == nil && slices.Contains(l.uids, uid) {
			return conn, nil
		}
		if err := conn.Close(); err != nil {
			return nil, fmt.Errorf("close a refused connection: %w", err)
		}
	}
}

func peerUID(conn net.Conn) (int, error) {
	uc, ok := conn.(*net.UnixConn)
	if !ok {
		return 0, fmt.Errorf("%T is not a Unix connection", conn)
	}
	raw, err := uc.SyscallConn()
	if err != nil {
		return 0, fmt.Errorf("peer of a socket: %w", err)
	}
	var cred *unix.Ucred
	var credErr error
	if err := raw.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil {
		return 0, fmt.Errorf("peer of a socket: %w", err)
	}
	if credErr != nil {
		return 0, fmt.Errorf("peer of a socket: %w", credErr)
	}
	return int(cred.Uid), nil
}

// stopLimit is how long running calls may go on after the end was ordered. It is
// above the five seconds net/http grants a connection that was dialled and not used.
const stopLimit = 8 * time.Second

// Serve answers on l until ctx ends, then lets running calls finish for at most
// stopLimit. It returns nil after an orderly end.
func Serve(ctx context.Context, l net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler:           http.MaxBytesHandler(handler, MaxBody),
		ReadHeaderTimeout: CallTimeout, ReadTimeout: CallTimeout, WriteTimeout: CallTimeout,
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
	defer cancel()
	if err := server.Shutdown(stop); err != nil {
		return fmt.Errorf("stop serving %s: %w", l.Addr(), errors.Join(err, server.Close()))
	}
	return nil
}

// Client is an HTTP client that reaches one Unix socket whatever the URL's host.
func Client(socket string) *http.Client {
	return &http.Client{
		Timeout: CallTimeout,
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				var d net.Dialer
				return d.DialContext(ctx, "unix", socket)
			},
			MaxIdleConns: 16, MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute,
		},
	}
}

// ClientOptions are the options every client is made with.
func ClientOptions() []connect.ClientOption {
	return []connect.ClientOption{connect.WithInterceptors(Refusals()), connect.WithReadMaxBytes(MaxBody)}
}

// HandlerOptions are the options every handler is made with.
func HandlerOptions() []connect.HandlerOption {
	return []connect.HandlerOption{connect.WithInterceptors(Refusals()), connect.WithReadMaxBytes(MaxBody)}
}
