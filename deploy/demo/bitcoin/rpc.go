package bitcoin

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

	"ferry/swap/asset"
)

const (
	// maxReply bounds a node's answer: a block of 4,000,000 bytes in hexadecimal, and some.
	maxReply = 9 << 20
	// callLimit bounds one call; a node on this machine answers in milliseconds.
	callLimit = 30 * time.Second
)

// NodeConfig says where a node is asked.
type NodeConfig struct {
	// URL is JSON-RPC over HTTP, such as "http://127.0.0.1:18556".
	URL      string
	User     string
	Password string
	// Chain is Bitcoin if it is empty.
	Chain asset.Chain
}

// Node asks a btcd or bchd with --txindex and --addrindex, or a litecoind with -txindex.
type Node struct {
	cfg  NodeConfig
	http *http.Client
}

// NewNode checks the address; it does not call the node.
func NewNode(cfg NodeConfig) (*Node, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("the bitcoin node's URL %q is not http://host:port", cfg.URL)
	}
	if cfg.Chain == "" {
		cfg.Chain = asset.Bitcoin
	}
	if cfg.Chain.Family() != asset.UTXO {
		return nil, fmt.Errorf("chain %.20q is none of Bitcoin's siblings", cfg.Chain)
	}
	return &Node{cfg: cfg, http: &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the password stays here
	}}, nil
}

// Chain is what the node is of.
func (n *Node) Chain() asset.Chain { return n.cfg.Chain }

// Close lets go of idle connections.
func (n *Node) Close() { n.http.CloseIdleConnections() }

// rpcError is what the node itself answered: the call arrived.
type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *rpcError) Error() string {
	return fmt.Sprintf("the node answered %.300q (%d)", e.Message, e.Code)
}

// codeNotFound is Bitcoin Core's RPC_INVALID_ADDRESS_OR_KEY, which btcd answers
// for a transaction or address it knows nothing of.
const codeNotFound = -5

func isNotFound(err error) bool {
	var e *rpcError
	return errors.As(err, &e) && e.Code == codeNotFound
}

// call asks once and decodes the result into out.
func (n *Node) call(ctx context.Context, out any, method string, params ...any) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	if params == nil {
		params = []any{}
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "1.0", "id": "demo", "method": method, "params": params})
	if err != nil {
		return fmt.Errorf("%s %s: %w", n.cfg.Chain, method, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, n.cfg.URL, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s %s: %w", n.cfg.Chain, method, err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.SetBasicAuth(n.cfg.User, n.cfg.Password)
	res, err := n.http.Do(req)
	if err != nil {
		return fmt.Errorf("%s %s: %w", n.cfg.Chain, method, err)
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, maxReply))
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return fmt.Errorf("%s %s: read the answer: %w", n.cfg.Chain, method, err)
	}
	var reply struct {
		Result json.RawMessage `json:"result"`
		Error  *rpcError       `json:"error"`
	}
	if err := json.Unmarshal(text, &reply); err != nil {
		return fmt.Errorf("%s %s: status %s without an answer in JSON: %w", n.cfg.Chain, method, res.Status, err)
	}
	if reply.Error != nil {
		return fmt.Errorf("%s %s: %w", n.cfg.Chain, method, reply.Error)
	}
	if err := json.Unmarshal(reply.Result, out); err != nil {
		return fmt.Errorf("%s %s: unexpected answer: %w", n.cfg.Chain, method, err)
	}
	return nil
}
