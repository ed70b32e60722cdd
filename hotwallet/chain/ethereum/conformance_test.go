package ethereum_test

import (
	"context"
	"crypto/ecdsa"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/chaintest"
	"ferry/hotwallet/chain/ethereum"
	"ferry/swap/asset"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	chaintest.Run(t, newHarness(t))
}

// harness is a geth whose genesis made the stranger rich.
type harness struct {
	node     *geth
	adapter  *ethereum.Adapter
	stranger key
	keys     []key
	time     uint64 // of the last block
	// batch pays several; it is made when it is needed.
	batch *common.Address
	// slots: blocks are numbered by slot too, as from Amsterdam on.
	slots bool
}

type key struct {
	private *ecdsa.PrivateKey
	address common.Address
}

// newKey is fixed by its number, so a failing run can be repeated.
func newKey(t testing.TB, n int) key {
	t.Helper()
	private, err := crypto.ToECDSA(crypto.Keccak256([]byte(fmt.Sprintf("ferry test key %d", n))))
	if err != nil {
		t.Fatal(err)
	}
	return key{private, crypto.PubkeyToAddress(private.PublicKey)}
}

// networks pin the first two contracts that harness.stranger makes.
var networks = asset.Networks{Bitcoin: "simnet", EthereumChainID: gethChainID, Tokens: asset.Tokens{
	USDT: crypto.CreateAddress(strangerAddress, 0).Hex(), USDC: crypto.CreateAddress(strangerAddress, 1).Hex(),
}}

// strangerAddress is newKey 0's.
var strangerAddress = crypto.PubkeyToAddress(crypto.ToECDSAUnsafe(crypto.Keccak256([]byte("ferry test key 0"))).PublicKey)

// newHarness starts a geth with the rules of public chains, and of further forks.
func newHarness(t *testing.T, forks ...string) *harness {
	t.Helper()
	h := &harness{stranger: newKey(t, 0), time: 1_700_000_000, slots: slices.Contains(forks, "amsterdam")}
	h.keys = []key{h.stranger}
	h.node = startGeth(t, map[string]string{h.stranger.address.Hex(): "1000000000000000000000"}, forks...)
	var err error
	h.adapter, err = ethereum.New(ethereum.Config{URL: h.node.url, Networks: networks})
	if err != nil {
		t.Fatal(err)
	}
	for _, contract := range []string{"Tether", "Token"} { // USDT and USDC
		h.sendWith(t, 12_000_000, h.stranger, nil, new(big.Int), creation(t, contract)) // code costs more from Amsterdam on
	}
	h.Mine(t, 1)
	return h
}

func (h *harness) Adapter() chain.Adapter { return h.adapter }

func (h *harness) NewAddress(t testing.TB) chaintest.Account {
	t.Helper()
	n := len(h.keys)
	h.keys = append(h.keys, newKey(t, n))
	return chaintest.Account{Address: h.keys[n].address.Hex(), Path: fmt.Sprintf("m/%d", n)}
}

func (h *harness) Stranger(t testing.TB) string {
	t.Helper()
	return h.NewAddress(t).Address
}

func (h *harness) Pay(t testing.TB, to string, units asset.Units) string {
	t.Helper()
	destination := common.HexToAddress(to)
	return h.send(t, h.stranger, &destination, units.Big(), nil).Hash().Hex()
}

// gasEnough is for anything here.
const gasEnough = 3_000_000

// send signs and hands in a transaction.
func (h *harness) send(t testing.TB, from key, to *common.Address, value *big.Int, data []byte) *types.Transaction {
	t.Helper()
	return h.sendWith(t, gasEnough, from, to, value, data)
}

func (h *harness) sendWith(t testing.TB, gas uint64, from key, to *common.Address, value *big.Int, data []byte) *types.Transaction {
	t.Helper()
	return h.sign(t, from, &types.DynamicFeeTx{
		ChainID: big.NewInt(gethChainID), Nonce: h.nonce(t, from), GasTipCap: big.NewInt(1e9), GasFeeCap: big.NewInt(10e9),
		Gas: gas, To: to, Value: value, Data: data,
	})
}

func (h *harness) nonce(t testing.TB, of key) uint64 {
	t.Helper()
	var nonce hexutil.Uint64
	h.call(t, &nonce, "eth_getTransactionCount", of.address, "pending")
	return uint64(nonce)
}

func (h *harness) sign(t testing.TB, from key, data types.TxData) *types.Transaction {
	t.Helper()
	tx, err := types.SignNewTx(from.private, types.LatestSignerForChainID(big.NewInt(gethChainID)), data)
	if err != nil {
		t.Fatal(err)
	}
	h.hand(t, tx)
	return tx
}

// hand hands in a signed transaction.
func (h *harness) hand(t testing.TB, tx *types.Transaction) {
	t.Helper()
	raw, err := tx.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var hash common.Hash
	h.call(t, &hash, "eth_sendRawTransaction", hexutil.Bytes(raw))
	h.settle(t, func(pending, queued hexutil.Uint64) bool { return pending > 0 && queued == 0 })
}

// settle waits for the pool, which sorts new transactions and drops mined ones on
// its own time.
func (h *harness) settle(t testing.TB, done func(pending, queued hexutil.Uint64) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		var status struct{ Pending, Queued hexutil.Uint64 }
		h.call(t, &status, "txpool_status")
		if done(status.Pending, status.Queued) {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("the pool does not settle: %+v", status)
		}
	}
}

func (h *harness) Mine(t testing.TB, n int) chain.Ref {
	t.Helper()
	return h.mine(t, n, common.Address{0xfe})
}

// mine makes n blocks whose fees go to an address, with withdrawals in each.
func (h *harness) mine(t testing.TB, n int, feesTo common.Address, withdrawals ...*types.Withdrawal) chain.Ref {
	t.Helper()
	h.settle(t, func(_, queued hexutil.Uint64) bool { return queued == 0 })
	var hash common.Hash
	for range n {
		h.time += 12
		attributes := map[string]any{
			"timestamp": hexutil.Uint64(h.time), "prevRandao": common.Hash{}, "withdrawals": append([]*types.Withdrawal{}, withdrawals...),
			"suggestedFeeRecipient": feesTo, "parentBeaconBlockRoot": common.Hash{},
		}
		if h.slots {
			attributes["slotNumber"] = hexutil.Uint64(h.time / 12)
		}
		h.call(t, &hash, "testing_commitBlockV1", attributes, nil, nil)
	}
	h.settle(t, func(pending, queued hexutil.Uint64) bool { return pending+queued == 0 })
	var height hexutil.Uint64
	h.call(t, &height, "eth_blockNumber")
	return chain.Ref{Height: int64(height), Hash: hash.Hex()}
}

func (h *harness) Reorg(t testing.TB, n int) {
	t.Helper()
	var height hexutil.Uint64
	h.call(t, &height, "eth_blockNumber")
	h.call(t, nil, "debug_setHead", height-hexutil.Uint64(n))
	h.settle(t, func(pending, queued hexutil.Uint64) bool {
		var latest, next hexutil.Uint64
		h.call(t, &latest, "eth_getTransactionCount", h.stranger.address, "latest")
		h.call(t, &next, "eth_getTransactionCount", h.stranger.address, "pending")
		return pending+queued == 0 && latest == next
	})
}

func (h *harness) Sign(t testing.TB, p chain.Plan) ([]byte, string) {
	t.Helper()
	var tx types.Transaction
	if err := tx.UnmarshalBinary(p.Unsigned); err != nil {
		t.Fatal(err)
	}
	var n int
	if _, err := fmt.Sscanf(p.SenderPath, "m/%d", &n); err != nil || tx.Nonce() != p.Nonce {
		t.Fatalf("plan %+v (%v)", p, err)
	}
	if v, r, s := tx.RawSignatureValues(); v.Sign()+r.Sign()+s.Sign() != 0 {
		t.Fatal("the plan is signed")
	}
	most := new(big.Int).Mul(tx.GasFeeCap(), new(big.Int).SetUint64(tx.Gas()))
	if most.String() != p.Fee.String() {
		t.Fatalf("it may cost %s, planned %s", most, p.Fee)
	}
	signed, err := types.SignTx(&tx, types.LatestSignerForChainID(tx.ChainId()), h.keys[n].private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := signed.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return raw, signed.Hash().Hex()
}

// Received is the balance: addresses asked about never spend.
func (h *harness) Received(t testing.TB, address string) asset.Units {
	t.Helper()
	var balance hexutil.Big
	h.call(t, &balance, "eth_getBalance", address, "latest")
	units, err := asset.UnitsFromBig(balance.ToInt())
	if err != nil {
		t.Fatal(err)
	}
	return units
}

// Contracts of a few bytes, whatever they are called with.
var (
	reverts   = []byte{0x60, 0x00, 0x60, 0x00, 0xfd}                               // revert(0, 0)
	answers   = []byte{0x60, 0x01, 0x60, 0x00, 0x52, 0x60, 0x20, 0x60, 0x00, 0xf3} // return 32 bytes
	takesLogs = []byte{0x60, 0x00, 0x60, 0x00, 0xa0, 0x00}                         // log0(0, 0); stop
)

func (h *harness) deploy(t testing.TB, runtime []byte) common.Address {
	t.Helper()
	n := byte(len(runtime))
	// Copy the n bytes from offset 12 to memory and return them.
	init := []byte{0x60, n, 0x60, 12, 0x60, 0x00, 0x39, 0x60, n, 0x60, 0x00, 0xf3}
	return h.deployCode(t, append(init, runtime...))
}

// deployCode runs code that makes a contract.
func (h *harness) deployCode(t testing.TB, code []byte) common.Address {
	t.Helper()
	tx := h.send(t, h.stranger, nil, new(big.Int), code)
	h.Mine(t, 1)
	return crypto.CreateAddress(h.stranger.address, tx.Nonce())
}

func (h *harness) Token(t testing.TB) string {
	t.Helper()
	return h.deploy(t, answers).Hex()
}

func (h *harness) Wallet(t testing.TB) string {
	t.Helper()
	return h.deploy(t, takesLogs).Hex()
}

// contract is where a token is.
func (h *harness) contract(t testing.TB, token asset.ID) common.Address {
	t.Helper()
	at, pinned := networks.Contract(token)
	if !pinned {
		t.Fatalf("no contract of %s", token)
	}
	return common.HexToAddress(at)
}

func (h *harness) PayToken(t testing.TB, token asset.ID, address string, units asset.Units) string {
	t.Helper()
	contract := h.contract(t, token)
	return h.send(t, h.stranger, &contract, new(big.Int), method(t, "Token", "transfer(address,uint256)", common.HexToAddress(address), units)).Hash().Hex()
}

// ReceivedToken is the balance: addresses asked about never spend.
func (h *harness) ReceivedToken(t testing.TB, token asset.ID, address string) asset.Units {
	t.Helper()
	units, err := asset.UnitsFromBig(h.balanceOf(t, h.contract(t, token), common.HexToAddress(address), -1))
	if err != nil {
		t.Fatal(err)
	}
	return units
}

// Refuse pauses USDT, which its maker can.
func (h *harness) Refuse(t testing.TB, token asset.ID, refuse bool) {
	t.Helper()
	contract, stop := h.contract(t, token), 0
	if refuse {
		stop = 1
	}
	h.send(t, h.stranger, &contract, new(big.Int), method(t, "Tether", "setPaused(bool)", stop))
	h.Mine(t, 1)
}

// balanceOf is what a contract says that an address has at a height, -1 for now.
func (h *harness) balanceOf(t testing.TB, contract, address common.Address, height int64) *big.Int {
	t.Helper()
	at := "latest"
	if height >= 0 {
		at = hexutil.EncodeUint64(uint64(height))
	}
	var answer hexutil.Bytes
	h.call(t, &answer, "eth_call", map[string]any{"to": contract, "input": hexutil.Bytes(method(t, "Token", "balanceOf(address)", address))}, at)
	return new(big.Int).SetBytes(answer)
}

func (h *harness) PayInside(t testing.TB, payments ...chaintest.Payment) string {
	t.Helper()
	if h.batch == nil {
		made := h.make(t, "Batch")
		h.batch = &made
	}
	sum := new(big.Int)
	for _, p := range payments {
		sum.Add(sum, p.Units.Big())
	}
	return h.send(t, h.stranger, h.batch, sum, batchCall(t, payments...)).Hash().Hex()
}

func (h *harness) SendFailing(t testing.TB, from chaintest.Account, _ uint64, units asset.Units) (string, string) {
	t.Helper()
	to := h.deploy(t, reverts)
	for _, k := range h.keys {
		if k.address.Hex() == from.Address {
			return h.send(t, k, &to, units.Big(), nil).Hash().Hex(), to.Hex()
		}
	}
	t.Fatalf("no key for %s", from.Address)
	return "", ""
}

func (h *harness) call(t testing.TB, out any, method string, params ...any) {
	t.Helper()
	if err := h.node.client.CallContext(t.Context(), out, method, params...); err != nil {
		t.Fatalf("%s: %v", method, err)
	}
}
