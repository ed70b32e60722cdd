package faucet

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"ferry/swap/asset"
)

// Setup: a node that refuses a transaction twice because another has its nonce, or
// once for any other reason. Test: the first is handed in again, the other is not.
func TestTakenNonceIsNoRefusal(t *testing.T) {
	t.Parallel()
	const txid = "0x6271701b63bf79d914552a9e6b5c80b4c4c26db64fec409aa7cb048a9c135a45"
	for message, calls := range map[string]int32{"replacement transaction underpriced": 3, "insufficient funds": 1} {
		t.Run(message, func(t *testing.T) {
			t.Parallel()
			var sent atomic.Int32
			node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				var call struct {
					ID     json.RawMessage `json:"id"`
					Method string          `json:"method"`
				}
				if err := json.NewDecoder(r.Body).Decode(&call); err != nil || call.Method != "eth_sendTransaction" {
					t.Errorf("call %s: %v", call.Method, err)
				}
				answer := `"result":"` + txid + `"`
				if sent.Add(1) < 3 {
					answer = `"error":{"code":-32000,"message":"` + message + `"}`
				}
				w.Header().Set("Content-Type", "application/json")
				fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,%s}`, call.ID, answer)
			}))
			t.Cleanup(node.Close)
			e, err := NewEthereum(t.Context(), node.URL, asset.Networks{Bitcoin: "simnet", EthereumChainID: 1337})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(e.Close)
			hash, err := e.send(t.Context(), map[string]any{})
			if (err == nil) != (calls == 3) || err == nil && hash.Hex() != txid || sent.Load() != calls {
				t.Errorf("%s after %d calls: %v", hash, sent.Load(), err)
			}
		})
	}
}
