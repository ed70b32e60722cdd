package ethereum_test

import (
	"bytes"
	"fmt"
	"math/big"
	"sync/atomic"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/holiman/uint256"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/chaintest"
	"ferry/swap/asset"
)

// The attack cases of deposits in ether, on a real geth with real contracts. Each
// step has an address of its own, and in the end the books of every address agree
// with the node to the wei, whatever was tried.
func TestEtherByWhatBlocksDo(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	s := &scene{harness: h, wallet: h.make(t, "Wallet"), reverting: h.make(t, "Reverting"), factory: h.make(t, "Factory")}
	h.send(t, h.stranger, &s.wallet, big.NewInt(1e18), nil)
	h.Mine(t, 1)
	for _, step := range []struct {
		name string
		run  func(*testing.T, *scene)
	}{
		{"F11 a failed transaction pays nobody", failed},
		{"F12 what a reverted call paid is not credited", reverted},
		{"F13 a contract wallet pays", contractWallet},
		{"F13 SELFDESTRUCT pays", destroyed},
		{"F13 contracts that are made pay", created},
		{"F13 a batch pays hundreds, and us three times", batch},
		{"F19 events that move nothing", events},
		{"F21 the block is gone before its trace is read", orphaned},
		{"what the same transaction takes back does not count", takenBack},
		{"our own payment that comes back in part", returned},
		{"withdrawals and fees", beside},
	} {
		t.Run(step.name, func(t *testing.T) { step.run(t, s) })
	}
}

// scene is the contracts that all steps use.
type scene struct {
	*harness
	wallet, reverting, factory common.Address
}

// units is an amount in gwei.
func units(gwei int64) asset.Units {
	u, err := asset.UnitsFromBig(new(big.Int).Mul(big.NewInt(gwei), big.NewInt(1e9)))
	if err != nil {
		panic(err)
	}
	return u
}

// do has the stranger call a contract, mines it, and checks its status.
func (s *scene) do(t *testing.T, status uint64, to *common.Address, value asset.Units, data []byte) *types.Transaction {
	t.Helper()
	tx := s.send(t, s.stranger, to, value.Big(), data)
	s.Mine(t, 1)
	s.checkStatus(t, tx, status)
	return tx
}

func (s *scene) checkStatus(t *testing.T, tx *types.Transaction, status uint64) {
	t.Helper()
	var receipt struct{ Status hexutil.Uint64 }
	s.call(t, &receipt, "eth_getTransactionReceipt", tx.Hash())
	if uint64(receipt.Status) != status {
		t.Fatalf("the transaction has status %d, this test is about %d", receipt.Status, status)
	}
}

// tip reads the newest block, and holds what it says against the node's balances.
func (s *scene) tip(t *testing.T, ours ...common.Address) chain.Block {
	t.Helper()
	ref, err := s.adapter.Tip(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.adapter.Block(t.Context(), ref, watchSet(ours...))
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range ours {
		sum := new(big.Int)
		for _, c := range b.Credits {
			if c.Address == address.Hex() {
				sum.Add(sum, c.Units.Big())
			}
		}
		for _, d := range b.Debits {
			if d.Address == address.Hex() {
				sum.Sub(sum, d.Units.Big())
				sum.Sub(sum, d.Fee.Big())
			}
		}
		var before, after hexutil.Big
		s.call(t, &before, "eth_getBalance", address, hexutil.Uint64(b.Height-1))
		s.call(t, &after, "eth_getBalance", address, hexutil.Uint64(b.Height))
		if grown := new(big.Int).Sub(after.ToInt(), before.ToInt()); grown.Cmp(sum) != 0 {
			t.Errorf("block %s: %s has %s wei more, the books %s", b.Ref, address, grown, sum)
		}
	}
	return b
}

type watchedSet map[string]bool

func (w watchedSet) Address(a string) bool { return w[a] }
func (watchedSet) Coin(string) bool        { panic("account chains never ask") }

func watchSet(ours ...common.Address) chain.Watch {
	w := watchedSet{}
	for _, a := range ours {
		w[a.Hex()] = true
	}
	return w
}

func (s *scene) newOurs(t *testing.T) common.Address {
	t.Helper()
	return common.HexToAddress(s.NewAddress(t).Address)
}

// credited checks that the block has exactly one credit, internal, of the transaction.
func credited(t *testing.T, b chain.Block, tx *types.Transaction, to common.Address, amount asset.Units) {
	t.Helper()
	if len(b.Credits) != 1 || len(b.Debits) != 0 || b.Credits[0] != (chain.Credit{
		TxID: tx.Hash().Hex(), Address: to.Hex(), Asset: asset.ETH, Units: amount, Source: chain.Internal}) {
		t.Errorf("block %+v, want one credit of %s to %s", b, amount, to)
	}
}

func untouched(t *testing.T, b chain.Block) {
	t.Helper()
	if len(b.Credits)+len(b.Debits) != 0 {
		t.Errorf("block %+v, want nothing of ours", b)
	}
}

func failed(t *testing.T, s *scene) {
	ours, amount := s.newOurs(t), units(1000)
	for _, data := range [][]byte{
		method(t, "Reverting", "payAndRevert(address,uint256)", ours, amount), // not payable: it fails at once
		method(t, "Reverting", "tryDeeper(address,uint256)", ours, 0),         // it pays, and reverts
	} {
		s.do(t, 0, &s.reverting, amount, data)
		untouched(t, s.tip(t, ours))
	}
	// Out of gas after the payment.
	tx := s.sign(t, s.stranger, &types.DynamicFeeTx{ChainID: big.NewInt(gethChainID), Nonce: s.nonce(t, s.stranger),
		GasTipCap: big.NewInt(1e9), GasFeeCap: big.NewInt(10e9), Gas: 65_000, To: &s.reverting, Value: amount.Big(),
		Data: method(t, "Reverting", "payAround(address,uint256,uint256)", ours, units(1), units(1))})
	s.Mine(t, 1)
	s.checkStatus(t, tx, 0)
	untouched(t, s.tip(t, ours))
}

func reverted(t *testing.T, s *scene) {
	ours := s.newOurs(t)
	s.do(t, 1, &s.reverting, units(1000), method(t, "Reverting", "tryToPay(address)", ours))
	untouched(t, s.tip(t, ours))
	tx := s.do(t, 1, &s.reverting, units(1000), method(t, "Reverting", "payAround(address,uint256,uint256)", ours, units(10), units(700)))
	credited(t, s.tip(t, ours), tx, ours, units(20))
}

func contractWallet(t *testing.T, s *scene) {
	ours := s.newOurs(t)
	tx := s.do(t, 1, &s.wallet, asset.Units{}, method(t, "Wallet", "pay(address,uint256)", ours, units(5)))
	credited(t, s.tip(t, ours), tx, ours, units(5))
	code := s.make(t, "Wallet")
	tx = s.do(t, 1, &s.wallet, units(3), method(t, "Wallet", "payBy(address,address,uint256)", code, ours, units(7)))
	credited(t, s.tip(t, ours), tx, ours, units(7)) // the frame of a DELEGATECALL has the value of its caller's
}

func destroyed(t *testing.T, s *scene) {
	ours, mortal := s.newOurs(t), s.make(t, "Mortal")
	s.do(t, 1, &mortal, units(11), nil)
	untouched(t, s.tip(t, ours))
	tx := s.do(t, 1, &mortal, units(0), method(t, "Mortal", "end(address)", ours))
	credited(t, s.tip(t, ours), tx, ours, units(11))
	tx = s.do(t, 1, nil, units(13), creation(t, "Stillborn", ours))
	credited(t, s.tip(t, ours), tx, ours, units(13))
	tx = s.do(t, 1, &s.factory, units(17), method(t, "Factory", "createAndEnd(address)", ours))
	credited(t, s.tip(t, ours), tx, ours, units(17))
}

func created(t *testing.T, s *scene) {
	ours := s.newOurs(t)
	tx := s.do(t, 1, nil, units(9), creation(t, "Paying", ours, units(4)))
	credited(t, s.tip(t, ours), tx, ours, units(4))
	tx = s.do(t, 1, &s.factory, units(9), method(t, "Factory", "create(address,uint256)", ours, units(5)))
	credited(t, s.tip(t, ours), tx, ours, units(5))
	tx = s.do(t, 1, &s.factory, units(9), method(t, "Factory", "create2(bytes32,address,uint256)", 1, ours, units(9)))
	credited(t, s.tip(t, ours), tx, ours, units(9))
	// The same address can't be made again: status 0.
	s.do(t, 0, &s.factory, units(9), method(t, "Factory", "create2(bytes32,address,uint256)", 1, ours, units(9)))
	untouched(t, s.tip(t, ours))
}

// batch pays 200 of strangers in four transactions of one block, and one of ours in
// the first of them three times, another in each.
func batch(t *testing.T, s *scene) {
	first, second := s.newOurs(t), s.newOurs(t)
	want := map[string]asset.Units{}
	for n := range 4 {
		payments := []chaintest.Payment{{Address: second.Hex(), Units: units(int64(n) + 1)}}
		for i := range 50 {
			payments = append(payments, chaintest.Payment{Address: common.BigToAddress(big.NewInt(int64(1e9 + 50*n + i))).Hex(), Units: units(1)})
			if n == 0 && i%20 == 0 {
				payments = append(payments, chaintest.Payment{Address: first.Hex(), Units: units(100)})
			}
		}
		txid := s.PayInside(t, payments...)
		want[txid+second.Hex()] = units(int64(n) + 1)
		if n == 0 {
			want[txid+first.Hex()] = units(300)
		}
	}
	s.Mine(t, 1)
	b := s.tip(t, first, second)
	ids := map[string]bool{}
	for _, c := range b.Credits {
		ids[c.CoinID()] = true
		if want[c.TxID+c.Address] != c.Units || c.Source != chain.Internal {
			t.Errorf("%+v, want %s", c, want[c.TxID+c.Address])
		}
	}
	if len(b.Credits) != len(want) || len(ids) != len(want) {
		t.Errorf("%d credits under %d ids, want %d", len(b.Credits), len(ids), len(want))
	}
	again := s.tip(t, second, first)
	if fmt.Sprint(again) != fmt.Sprint(b) {
		t.Errorf("read again: %+v, before %+v", again, b)
	}
}

func events(t *testing.T, s *scene) {
	ours, lying := s.newOurs(t), s.make(t, "Lying")
	s.do(t, 1, &lying, units(1000), method(t, "Lying", "pay(address,uint256)", ours, units(1000)))
	untouched(t, s.tip(t, ours))
}

// orphaned: what is asked by hash is of that block or of none.
func orphaned(t *testing.T, s *scene) {
	ours := s.newOurs(t)
	s.do(t, 1, &s.wallet, asset.Units{}, method(t, "Wallet", "pay(address,uint256)", ours, units(5)))
	ref := s.tip(t, ours).Ref
	var cut atomic.Bool
	reader := s.reader(t, between{call: func(body []byte) []byte {
		if bytes.Contains(body, []byte(traceMethod)) && cut.CompareAndSwap(false, true) {
			s.Reorg(t, 1)
		}
		return body
	}}, "")
	b, err := reader.Block(t.Context(), ref, watchSet(ours))
	if !cut.Load() {
		t.Fatal("no trace was asked for")
	}
	// The node may still know the block: then it is read whole. It is never half.
	if err == nil && (len(b.Credits) != 1 || b.Credits[0].Units != units(5)) || err != nil && !isGone(err) {
		t.Fatalf("%+v, %v", b, err)
	}
	if _, err := reader.Block(t.Context(), ref, watchSet(ours)); !isGone(err) {
		t.Fatalf("afterwards: %v, want ErrBlockGone", err)
	}
	s.Mine(t, 1)
	untouched(t, s.tip(t, ours))
}

// takenBack: our account is made to run a contract's code, by a key of ours, and gives
// back some, all, or more of what it is given.
func takenBack(t *testing.T, s *scene) {
	n := len(s.keys)
	ours := s.newOurs(t)
	taking, delegate := s.make(t, "Taking"), s.make(t, "Delegate")
	auth, err := types.SignSetCode(s.keys[n].private, types.SetCodeAuthorization{ChainID: *uint256.NewInt(gethChainID), Address: delegate})
	if err != nil {
		t.Fatal(err)
	}
	tx := s.sign(t, s.stranger, &types.SetCodeTx{ChainID: uint256.NewInt(gethChainID), Nonce: s.nonce(t, s.stranger), Gas: gasEnough,
		GasTipCap: uint256.NewInt(1e9), GasFeeCap: uint256.NewInt(10e9), To: ours, Value: uint256.NewInt(1e12), AuthList: []types.SetCodeAuthorization{auth}})
	s.Mine(t, 1)
	s.checkStatus(t, tx, 1)
	if b := s.tip(t, ours); len(b.Credits) != 1 || b.Credits[0].Source != chain.Transfer || b.Credits[0].Units != units(1000) {
		t.Fatalf("%+v", b)
	}
	give := func(gives, takes int64) (*types.Transaction, chain.Block) {
		tx := s.do(t, 1, &taking, units(gives), method(t, "Taking", "giveAndTake(address,uint256)", ours, units(takes)))
		return tx, s.tip(t, ours)
	}
	tx, b := give(10, 4)
	credited(t, b, tx, ours, units(6))
	_, b = give(10, 10)
	untouched(t, b)
	tx, b = give(10, 25)
	if len(b.Credits) != 0 || len(b.Debits) != 1 || b.Debits[0] != (chain.Debit{TxID: tx.Hash().Hex(), Address: ours.Hex(), Asset: asset.ETH, Units: units(15)}) {
		t.Fatalf("%+v, want a debit of what was taken", b)
	}
}

func returned(t *testing.T, s *scene) {
	from, other := s.NewAddress(t), s.newOurs(t)
	ours, payer := common.HexToAddress(from.Address), s.keys[len(s.keys)-2]
	s.Pay(t, from.Address, units(1_000_000_000))
	s.Mine(t, 1)
	for to, back := range map[common.Address]int64{ours: 7, other: 8} {
		tx := s.send(t, payer, &s.wallet, units(100).Big(), method(t, "Wallet", "pay(address,uint256)", to, units(back)))
		s.Mine(t, 1)
		s.checkStatus(t, tx, 1)
		b := s.tip(t, ours, other)
		if len(b.Debits) != 1 || b.Debits[0].Units != units(100) || b.Debits[0].Fee.IsZero() || len(b.Credits) != 1 ||
			b.Credits[0].Units != units(back) || b.Credits[0].Address != to.Hex() {
			t.Errorf("%+v", b)
		}
	}
}

func beside(t *testing.T, s *scene) {
	ours, other := s.newOurs(t), s.newOurs(t)
	s.Pay(t, other.Hex(), units(5))
	s.send(t, s.stranger, &s.wallet, new(big.Int), method(t, "Wallet", "pay(address,uint256)", ours, units(6)))
	s.mine(t, 1, ours, &types.Withdrawal{Index: 1, Validator: 9, Address: ours, Amount: 100},
		&types.Withdrawal{Index: 2, Validator: 9, Address: other, Amount: 50}, &types.Withdrawal{Index: 3, Validator: 9, Address: ours, Amount: 11})
	b := s.tip(t, ours, other)
	got := map[chain.Source]int{}
	for _, c := range b.Credits {
		got[c.Source]++
		if c.Source == chain.Withdrawal && c.Units != units(map[string]int64{ours.Hex(): 111, other.Hex(): 50}[c.Address]) ||
			c.Source == chain.Reward && (c.Address != ours.Hex() || c.Units.IsZero()) ||
			(c.Source == chain.Withdrawal || c.Source == chain.Reward) != (c.TxID == b.Hash) {
			t.Errorf("%+v", c)
		}
	}
	if got[chain.Withdrawal] != 2 || got[chain.Reward] != 1 || got[chain.Transfer] != 1 || got[chain.Internal] != 1 {
		t.Errorf("%+v", b.Credits)
	}
}

// EIP-7708 has every transfer of ether leave a log that looks like a token's: with the
// fork that brings it, a deposit is still one credit of ether.
func TestF20EtherThatLogsItself(t *testing.T) {
	t.Parallel()
	h := newHarness(t, "osaka", "amsterdam")
	s := &scene{harness: h, wallet: h.make(t, "Wallet")}
	h.send(t, h.stranger, &s.wallet, big.NewInt(1e18), nil)
	h.Mine(t, 1)
	ours := s.newOurs(t)
	logged := func(tx common.Hash) {
		t.Helper()
		var receipt struct{ Logs []*types.Log }
		s.call(t, &receipt, "eth_getTransactionReceipt", tx)
		if len(receipt.Logs) == 0 {
			t.Fatal("the transfer left no log: this chain does not have EIP-7708")
		}
	}
	txid := s.Pay(t, ours.Hex(), units(5))
	s.Mine(t, 1)
	logged(common.HexToHash(txid))
	if b := s.tip(t, ours); len(b.Credits) != 1 || b.Credits[0] != (chain.Credit{TxID: txid, Address: ours.Hex(), Asset: asset.ETH, Units: units(5)}) {
		t.Errorf("%+v", b)
	}
	tx := s.do(t, 1, &s.wallet, asset.Units{}, method(t, "Wallet", "pay(address,uint256)", ours, units(7)))
	logged(tx.Hash())
	credited(t, s.tip(t, ours), tx, ours, units(7))
	returned(t, s) // what our own transactions cost is known under its rules too
}
