package utxo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// leastReply is what every node may answer: a mempool of about 480,000 ids.
const leastReply = 32 << 20

// replyMost bounds a reply: a whole block in hexadecimal, with its wrapping.
func replyMost(block int64) int64 { return max(leastReply, 2*block+1<<20) }

// client calls a node's JSON-RPC.
type client struct {
	url, user, pass string
	timeout         time.Duration
	most            int64 // bytes of a reply
	http            *http.Client
}

// rpcError is what the node itself answered: the call arrived.
type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *rpcError) Error() string { return fmt.Sprintf("node: %.300s (%d)", e.Message, e.Code) }

// The codes of Bitcoin Core's protocol.h that both nodes use.
const (
	codeNotFound     = -5
	codeOutOfRange   = -1 // btcd, for a height
	codeBadParameter = -8 // Bitcoin Core, for a height
	codeDecode       = -22
	codeVerify       = -25
	codeVerifyReject = -26
	codeAlreadyMined = -27
)

// isCode reports whether the node itself answered with one of the codes.
func isCode(err error, codes ...int) bool {
	var e *rpcError
	if !errors.As(err, &e) {
		return false
	}
	for _, c := range codes {
		if e.Code == c {
			return true
		}
	}
	return false
}

func newClient(cfg Config, rules Rules) client {
	return client{
		url: cfg.URL, user: cfg.User, pass: cfg.Pass, timeout: cfg.Timeout, most: replyMost(rules.BlockMost),
		http: &http.Client{
			Transport: &http.Transport{MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute},
			// A node has no reason to send the credentials elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// call asks the node once and decodes the result into out. An *rpcError means
// that the node answered; any other error leaves open whether the call arrived.
func (c client) call(ctx context.Context, out any, method string, params ...any) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	if params == nil {
		params = []any{}
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "1.0", "id": "ferry", "method": method, "params": params})
	if err != nil {
		return fmt.Errorf("%s: encode: %w", method, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.SetBasicAuth(c.user, c.pass)
	res, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	reply, err := io.ReadAll(io.LimitReader(res.Body, c.most+1))
	if closeErr := res.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("%s: read the reply: %w", method, err)
	}
	if int64(len(reply)) > c.most {
		return fmt.Errorf("%s: the reply is longer than %d bytes", method, c.most)
	}
	if err := decodeReply(reply, res.StatusCode, out); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	return nil
}

// decodeReply reads a reply. Bitcoin Core sends errors of the call with status
// 404 or 500 and a body, btcd with 200.
func decodeReply(reply []byte, status int, out any) error {
	var r struct {
		Result json.RawMessage `json:"result"`
		Error  *rpcError       `json:"error"`
	}
	if err := json.Unmarshal(reply, &r); err != nil {
		return fmt.Errorf("status %d with a body that is no reply: %w", status, err)
	}
	if r.Error != nil {
		return r.Error
	}
	if status != http.StatusOK {
		return fmt.Errorf("status %d", status)
	}
	if len(r.Result) == 0 {
		return errors.New("a reply without result")
	}
	d := json.NewDecoder(strings.NewReader(string(r.Result)))
	d.UseNumber()
	if err := d.Decode(out); err != nil {
		return fmt.Errorf("result: %w", err)
	}
	return nil
}
