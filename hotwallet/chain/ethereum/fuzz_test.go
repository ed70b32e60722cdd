package ethereum

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"ferry/swap/asset"
)

// script is a node whose answers a fuzzer changes between calls.
type script struct {
	mu  sync.Mutex
	say answers
}

func (s *script) set(n answers) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.say = n
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.say.ServeHTTP(w, r)
}

// What the node shows as pending is refused, or is value to an address, above
// nothing and in no two forms.
func FuzzMempool(f *testing.F) {
	block := testBlock(f).block
	f.Add(true, block)
	f.Add(true, []byte(`null`))
	f.Add(false, []byte(`{"pending":{"0x1":{"0":{"hash":"0x`+string(bytes.Repeat([]byte("ab"), 32))+
		`","to":"0x00000000000000000000000000000000000bEEF1","value":"0x1"}}},"queued":{}}`))
	f.Add(false, []byte(`{"pending":{"0x1":{"0":{"hash":"0x00","to":null,"value":"0x0"}}}}`))
	node := &script{}
	server := httptest.NewServer(node)
	f.Cleanup(server.Close)
	networks := asset.Networks{Bitcoin: "simnet", EthereumChainID: 1337}
	a, err := New(Config{URL: server.URL, Networks: networks})
	if err != nil {
		f.Fatal(err)
	}
	a.checked.Store(true)
	f.Fuzz(func(t *testing.T, fallback bool, reply []byte) {
		say := answers{"txpool_content": string(reply)}
		if fallback {
			say = answers{"eth_getBlockByNumber": string(reply)}
		}
		node.set(say)
		credits, err := a.Mempool(t.Context(), everything{})
		if err != nil {
			return
		}
		for _, c := range credits {
			if c.Units.IsZero() || len(c.TxID) != 66 || c.Index != 0 || c.Coinbase {
				t.Fatalf("%s shows %+v", reply, c)
			}
			if canonical, err := networks.ParseAddress(asset.Ethereum, c.Address); err == nil && canonical != c.Address {
				t.Fatalf("%s is written %s", c.Address, canonical)
			}
		}
	})
}
