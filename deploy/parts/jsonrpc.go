package parts

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// maxRPCAnswer bounds what a node may answer to the few small questions asked here.
const maxRPCAnswer = 1 << 20

// callRPC asks a node by JSON-RPC over HTTP. Nodes of both families take this form.
func callRPC(ctx context.Context, address, user, password, method string, answer any) (err error) {
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": []any{}})
	if err != nil {
		return fmt.Errorf("asking %s: %w", method, err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("asking %s: %w", method, err)
	}
	request.Close = true // one question each; no idle connection is left to a node that stops
	request.Header.Set("Content-Type", "application/json")
	if user != "" {
		request.SetBasicAuth(user, password)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("asking %s: %w", method, err)
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxRPCAnswer))
	if err != nil {
		return fmt.Errorf("asking %s: %w", method, err)
	}
	var reply struct {
		Result json.RawMessage `json:"result"`
		Error  json.RawMessage `json:"error"`
	}
	if err := json.Unmarshal(text, &reply); err != nil {
		return fmt.Errorf("asking %s: status %s, no JSON: %w", method, response.Status, err)
	}
	if len(reply.Error) > 0 && string(reply.Error) != "null" {
		return fmt.Errorf("asking %s: the node answered %s", method, reply.Error)
	}
	if err := json.Unmarshal(reply.Result, answer); err != nil {
		return fmt.Errorf("asking %s: unexpected answer: %w", method, err)
	}
	return nil
}
