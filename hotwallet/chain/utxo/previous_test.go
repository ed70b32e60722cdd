package utxo

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// library is a node that knows transactions, raw by id.
type library map[string]string

func (l library) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var call struct {
		Method string `json:"method"`
		Params []any  `json:"params"`
	}
	if err := json.NewDecoder(r.Body).Decode(&call); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	switch {
	case call.Method == "getblockhash":
		fmt.Fprintf(w, `{"result":%q,"error":null}`, params.GenesisHash)
	case call.Method == "getrawtransaction" && len(call.Params) > 0:
		fmt.Fprintf(w, `{"result":%q,"error":null}`, l[fmt.Sprint(call.Params[0])])
	default:
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"result":null,"error":{"code":-32601,"message":"Method not found"}}`)
	}
}

// paid is a coin of ours of so many base units, made by a transaction with a witness and
// another output of the sizes given, in bytes.
func (l library) paid(t *testing.T, n int, units uint64, witness, other int) chain.Coin {
	t.Helper()
	ours := must(address.NewAddressWitnessPubKeyHash(make([]byte, 20), params))(t).EncodeAddress()
	tx := wire.NewMsgTx(2)
	before := chainhash.Hash{1, byte(n), byte(n >> 8)}
	tx.AddTxIn(wire.NewTxIn(wire.NewOutPoint(&before, 0), nil, wire.TxWitness{make([]byte, witness)}))
	tx.AddTxOut(wire.NewTxOut(int64(units), must(rules().Script(ours))(t)))
	tx.AddTxOut(wire.NewTxOut(0, make([]byte, other)))
	var raw bytes.Buffer
	if err := tx.Serialize(&raw); err != nil {
		t.Fatal(err)
	}
	id := tx.TxHash().String()
	l[id] = hex.EncodeToString(raw.Bytes())
	return chain.Coin{TxID: id, Units: asset.NewUnits(units), Address: ours}
}

// Setup: coins that strangers made by transactions of various sizes. Test: what a plan
// hands to the signer fits into a request, has no witnesses, and is all that fits.
func TestPreviousTransactionsFit(t *testing.T) {
	t.Parallel()
	const coin = 1_000_000
	for name, row := range map[string]struct {
		witness, other, must, coins int
		pay                         uint64 // 0 for a sweep of all
		want                        int    // inputs, -1 for no plan
	}{
		"large witnesses":                    {witness: 390_000, other: 20, coins: 12, want: 12},
		"large transactions":                 {witness: 20, other: 390_000, coins: 12, want: 8},
		"large ones for a payment":           {witness: 20, other: 390_000, coins: 12, pay: 7 * coin, want: 8},
		"a payment that needs too many":      {witness: 20, other: 390_000, coins: 12, pay: 9 * coin, want: -1},
		"large ones beside what is spent":    {witness: 20, other: 390_000, must: 6, coins: 6, want: 8},
		"too many large ones must be spent":  {witness: 20, other: 390_000, must: 9, want: -1},
		"just what fits of those to be kept": {witness: 20, other: 390_000, must: 8, coins: 1, want: 8},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			node := library{}
			var f chain.Funds
			for i := range row.must + row.coins {
				c := node.paid(t, i, coin, row.witness, row.other)
				if f.ChangeAddress = c.Address; i < row.must {
					f.Must = append(f.Must, c)
				} else {
					f.Coins = append(f.Coins, c)
				}
			}
			to := chain.Output{Destination: f.ChangeAddress, Asset: asset.BTC, Units: asset.NewUnits(row.pay)}
			p, err := adapterFor(t, node, nil).Plan(t.Context(), f,
				chain.Request{Outputs: []chain.Output{to}, FeeMax: asset.NewUnits(coin), Whole: row.pay == 0})
			if row.want < 0 {
				if err == nil || !strings.Contains(err.Error(), "bytes together") && !strings.Contains(err.Error(), "do not come to") {
					t.Fatalf("%d coins, %v", len(p.Coins), err)
				}
				return
			}
			if err != nil || len(p.Coins) != row.want {
				t.Fatalf("%d coins, want %d (%v)", len(p.Coins), row.want, err)
			}
			sum := 0
			for _, c := range p.Coins {
				sum += len(c.PreviousTx)
			}
			if sum > previousBytes {
				t.Errorf("%d bytes of previous transactions", sum)
			}
		})
	}
}
