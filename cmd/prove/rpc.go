package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Limits of one call.
const (
	callLimit = 20 * time.Second
	maxAnswer = 32 << 20 // bytes
)

// rpc calls one node.
type rpc struct {
	url            string
	user, password string
	client         *http.Client
}

// rpcError is what a node answers instead of a result.
type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *rpcError) Error() string { return fmt.Sprintf("%.300s (code %d)", e.Message, e.Code) }

// newRPC takes a node's URL; user and password in it go before the others.
func newRPC(raw, user, password string) (*rpc, error) {
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, errors.New("the node's address must be a URL like http://127.0.0.1:8334") // the URL may hold a password
	}
	if u.User != nil {
		user = u.User.Username()
		password, _ = u.User.Password()
		u.User = nil
	}
	// A node that sends us elsewhere is not the node that was named.
	client := &http.Client{Timeout: callLimit, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &rpc{url: u.String(), user: user, password: password, client: client}, nil
}

// call decodes the result of a method into result.
func (r *rpc) call(ctx context.Context, result any, method string, params ...any) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %w", method, err)
		}
	}()
	if params == nil {
		params = []any{} // null is no list to some nodes
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	if r.user != "" {
		request.SetBasicAuth(r.user, r.password)
	}
	response, err := r.client.Do(request)
	if err != nil {
		return err
	}
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return err
	}
	if len(raw) > maxAnswer {
		return fmt.Errorf("the answer has more than %d bytes", maxAnswer)
	}
	var answer struct {
		Result json.RawMessage `json:"result"`
		Error  *rpcError       `json:"error"`
	}
	// Some nodes answer errors with a status of their own and the reason in the body.
	if err := json.Unmarshal(raw, &answer); err != nil {
		return fmt.Errorf("status %s, and no JSON", response.Status)
	}
	if answer.Error != nil {
		return answer.Error
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s", response.Status)
	}
	return json.Unmarshal(answer.Result, result)
}
