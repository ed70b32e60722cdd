package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"

	"ferry/swap/rpc"
)

// Socket reads where a daemon listens (FERRY_LISTEN) and which user may call it
// (FERRY_ALLOW_UID).
func (s *Settings) Socket() (path string, caller int, err error) {
	path = s.Need("FERRY_LISTEN", "path of the Unix socket to listen on")
	text := s.Need("FERRY_ALLOW_UID", "numeric user id of the daemon that may call")
	if err := s.Err(); err != nil {
		return "", 0, err
	}
	caller, err = strconv.Atoi(text)
	if err != nil {
		return "", 0, fmt.Errorf("FERRY_ALLOW_UID %q is not a number", text)
	}
	return path, caller, nil
}

// Serve listens, says "ready" and calls ready, answers until ctx ends, and then
// closes what the handler stands on.
func Serve(ctx context.Context, path string, caller int, handler http.Handler, log *slog.Logger, ready func(), closing func() error) error {
	l, err := rpc.Listen(path, -1)
	if err != nil {
		return errors.Join(err, closing())
	}
	log.Info("ready")
	ready()
	return errors.Join(rpc.Serve(ctx, rpc.OnlyUsers(l, caller), handler), closing())
}
