package bitcoin

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"
)

// What a node may answer that is no answer: each is an error that says so.
func TestNodeAnswers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ body, want string }{
		"an error":      {`{"result":null,"error":{"code":-1,"message":"no such block"}}`, "no such block"},
		"no JSON":       {`<html>`, "without an answer in JSON"},
		"another shape": {`{"result":"five","error":null}`, "unexpected answer"},
		"nothing":       {``, "without an answer in JSON"},
		"no result":     {`{}`, "unexpected answer"},
		"too much":      {`{"result":"` + strings.Repeat("x", maxReply) + `"}`, "without an answer in JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if _, err := io.WriteString(w, test.body); err != nil && name != "too much" {
					t.Error(err)
				}
			}))
			t.Cleanup(server.Close)
			node, err := NewNode(NodeConfig{URL: server.URL, User: "u", Password: "secret"})
			if err != nil {
				t.Fatal(err)
			}
			_, err = node.Height(t.Context())
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// A transaction that the node refuses is sent all the same if the node has it.
func TestSendTwice(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		known bool
		ok    bool
	}{"known": {true, true}, "refused": {false, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				ask, err := io.ReadAll(r.Body)
				answer := `{"error":{"code":-26,"message":"already have transaction"}}`
				if strings.Contains(string(ask), "getrawtransaction") {
					answer = `{"result":{"txid":"x"}}`
					if !test.known {
						answer = `{"error":{"code":-5,"message":"No information"}}`
					}
				}
				if _, writeErr := io.WriteString(w, answer); err != nil || writeErr != nil {
					t.Error(err, writeErr)
				}
			}))
			t.Cleanup(server.Close)
			node, err := NewNode(NodeConfig{URL: server.URL})
			if err != nil {
				t.Fatal(err)
			}
			tx := wire.NewMsgTx(2)
			tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{}, nil, nil))
			id, err := node.Send(t.Context(), tx)
			if (err == nil) != test.ok || test.ok && id != tx.TxHash().String() {
				t.Errorf("%q, %v", id, err)
			}
		})
	}
}

func TestNewNodeWantsAURL(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "127.0.0.1:18556", "ftp://x", "http://"} {
		if _, err := NewNode(NodeConfig{URL: bad}); err == nil {
			t.Errorf("%q is taken for a URL", bad)
		}
	}
}
