package admin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"ferry/swap/rpc"
)

// Socket probes a daemon behind a Unix socket: any HTTP answer will do. One that
// does not admit our user hangs up, and does not pass.
func Socket(path string) func(context.Context) error {
	client := rpc.Client(path)
	return func(ctx context.Context) (err error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, rpc.BaseURL, nil)
		if err != nil {
			return fmt.Errorf("ask %s: %w", path, err)
		}
		res, err := client.Do(req)
		var dial *net.OpError
		if errors.As(err, &dial) && dial.Op == "dial" {
			return fmt.Errorf("nobody listens on %s", path)
		}
		if err != nil {
			return fmt.Errorf("%s does not answer: %w", path, err)
		}
		return res.Body.Close()
	}
}
