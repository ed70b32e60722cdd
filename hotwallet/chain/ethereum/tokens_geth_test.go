package ethereum_test

import (
	"math/big"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/ethereum"
	"ferry/swap/asset"
)

// tokenScene is a geth with its pinned tokens, and others.
type tokenScene struct {
	*scene
	usdt, usdc common.Address
}

// The attack cases of deposits in tokens, on a real geth with real contracts.
func TestTokensByLogsAndBalances(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	s := &tokenScene{&scene{harness: h}, h.contract(t, asset.USDT), h.contract(t, asset.USDC)}
	for _, step := range []struct {
		name string
		run  func(*testing.T, *tokenScene)
	}{
		{"F14 a token returns false, with status 1", returnsFalse},
		{"F15 an unlisted contract logs a transfer", unlisted},
		{"F16 transfers of nothing, in our name and to us", poisoned},
		{"F17 a token keeps a part", keepsPart},
		{"F17 a token changes balances", rebased},
		{"F17 USDT's own fee", tetherFee},
		{"F18 a log without a balance", logsOnly},
		{"F18 a contract that does not say what it has", silent},
		{"F19 logs in other forms", oddLogs},
		{"F21 the same transfer in another block", includedAgain},
		{"F22 USDT takes away what we have", destroyedFunds},
		{"one transaction pays a hundred of ours", spread},
		{"two tokens and ether at one address", together},
	} {
		t.Run(step.name, func(t *testing.T) { step.run(t, s) })
	}
}

// pinning is an adapter of the same node that takes another contract for USDC.
func (s *tokenScene) pinning(t *testing.T, contract common.Address) *ethereum.Adapter {
	t.Helper()
	n := networks
	n.Tokens.USDC = contract.Hex()
	a, err := ethereum.New(ethereum.Config{URL: s.node.url, Networks: n})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// newest reads the tip, and holds the books of each address and token against the node
// where nothing is doubted.
func (s *tokenScene) newest(t *testing.T, a *ethereum.Adapter, contract common.Address, id asset.ID, ours ...common.Address) chain.Block {
	t.Helper()
	ref, err := a.Tip(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b, err := a.Block(t.Context(), ref, watchSet(ours...))
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range ours {
		sum := new(big.Int)
		for _, c := range b.Credits {
			if c.Address == address.Hex() && c.Asset == id {
				sum.Add(sum, c.Units.Big())
			}
		}
		for _, d := range b.Debits {
			if d.Address == address.Hex() && d.Asset == id {
				sum.Sub(sum, d.Units.Big())
			}
		}
		grown := new(big.Int).Sub(s.balanceOf(t, contract, address, b.Height), s.balanceOf(t, contract, address, b.Height-1))
		if grown.Cmp(sum) != 0 && len(b.Doubts) == 0 {
			t.Errorf("block %s: %s has %s %s more, the books %s", b.Ref, address, grown, id, sum)
		}
	}
	return b
}

// pay has the stranger transfer a token, and mines it.
func (s *tokenScene) pay(t *testing.T, contract, to common.Address, amount int) *types.Transaction {
	t.Helper()
	return s.do(t, 1, &contract, asset.Units{}, method(t, "Token", "transfer(address,uint256)", to, amount))
}

// paid checks that the block has exactly one credit, of the transaction's token.
func paid(t *testing.T, b chain.Block, tx *types.Transaction, id asset.ID, to common.Address, amount uint64) {
	t.Helper()
	if len(b.Credits) != 1 || len(b.Debits)+len(b.Doubts) != 0 || b.Credits[0] != (chain.Credit{TxID: tx.Hash().Hex(), Asset: id,
		Address: to.Hex(), Units: asset.NewUnits(amount), Source: chain.Token}) {
		t.Errorf("block %+v, want one credit of %d %s to %s", b, amount, id, to)
	}
}

// doubted checks that nothing is credited, and that one doubt names all that a person
// has to know.
func doubted(t *testing.T, b chain.Block, id asset.ID, to common.Address, logged, found string, txs ...*types.Transaction) {
	t.Helper()
	var ids []string
	for _, tx := range txs {
		ids = append(ids, tx.Hash().Hex())
	}
	if len(b.Credits) != 0 || len(b.Doubts) != 1 || b.Doubts[0].Asset != id || b.Doubts[0].Address != to.Hex() ||
		b.Doubts[0].Logged != logged || b.Doubts[0].Found != found || !slices.Equal(b.Doubts[0].TxIDs, ids) {
		t.Errorf("block %+v, want one doubt", b)
	}
}

func untouchedTokens(t *testing.T, b chain.Block) {
	t.Helper()
	if len(b.Credits)+len(b.Debits)+len(b.Doubts) != 0 {
		t.Errorf("block %+v, want nothing of ours", b)
	}
}

func returnsFalse(t *testing.T, s *tokenScene) {
	ours, token := s.newOurs(t), s.make(t, "FalseReturning")
	a := s.pinning(t, token)
	s.pay(t, token, ours, 1000)
	untouchedTokens(t, s.newest(t, a, token, asset.USDC, ours))
}

func unlisted(t *testing.T, s *tokenScene) {
	ours, token := s.newOurs(t), s.make(t, "Token")
	s.pay(t, token, ours, 1000)
	if s.balanceOf(t, token, ours, -1).Int64() != 1000 {
		t.Fatal("the other token has not paid")
	}
	untouchedTokens(t, s.newest(t, s.adapter, s.usdt, asset.USDT, ours))
}

func poisoned(t *testing.T, s *tokenScene) {
	ours, poisoner := s.newOurs(t), s.make(t, "Poisoner")
	tx := s.pay(t, s.usdt, ours, 1000)
	paid(t, s.newest(t, s.adapter, s.usdt, asset.USDT, ours), tx, asset.USDT, ours, 1000)
	lookalike := ours
	lookalike[10] ^= 0xff
	for _, token := range []common.Address{s.usdt, s.usdc} {
		s.do(t, 1, &poisoner, asset.Units{}, method(t, "Poisoner", "poison(address,address[],address)", token, 96, lookalike, 1, ours))
		untouchedTokens(t, s.newest(t, s.adapter, token, asset.USDT, ours))
	}
	s.pay(t, s.usdt, ours, 0)
	untouchedTokens(t, s.newest(t, s.adapter, s.usdt, asset.USDT, ours))
}

func keepsPart(t *testing.T, s *tokenScene) {
	ours, token := s.newOurs(t), s.make(t, "FeeTaking")
	a := s.pinning(t, token)
	tx := s.pay(t, token, ours, 1000)
	paid(t, s.newest(t, a, token, asset.USDC, ours), tx, asset.USDC, ours, 900)
	// Two in one block: nobody knows of which how much is missing.
	call := method(t, "Token", "transfer(address,uint256)", ours, 1000)
	first := s.send(t, s.stranger, &token, new(big.Int), call)
	second := s.send(t, s.stranger, &token, new(big.Int), call)
	s.Mine(t, 1)
	doubted(t, s.newest(t, a, token, asset.USDC, ours), asset.USDC, ours, "2000", "1800", first, second)
}

func rebased(t *testing.T, s *tokenScene) {
	ours, token := s.newOurs(t), s.make(t, "Rebasing")
	a := s.pinning(t, token)
	tx := s.pay(t, token, ours, 1000)
	paid(t, s.newest(t, a, token, asset.USDC, ours), tx, asset.USDC, ours, 1000)
	for balance, found := range map[int]string{2000: "1000", 5: "-995", 1000: "0"} {
		s.do(t, 1, &token, asset.Units{}, method(t, "Rebasing", "setBalance(address,uint256)", ours, 1000))
		tx := s.send(t, s.stranger, &token, new(big.Int), method(t, "Token", "transfer(address,uint256)", ours, 300))
		s.send(t, s.stranger, &token, new(big.Int), method(t, "Rebasing", "setBalance(address,uint256)", ours, balance))
		s.Mine(t, 1)
		doubted(t, s.newest(t, a, token, asset.USDC, ours), asset.USDC, ours, "300", found, tx)
	}
	// Without a log there is nothing in the block; reconciliation asks for the balance.
	s.do(t, 1, &token, asset.Units{}, method(t, "Rebasing", "setBalance(address,uint256)", ours, 77))
	ref := s.tip(t).Ref
	if held, err := a.Held(t.Context(), ref, asset.USDC, nil, []string{ours.Hex()}); err != nil || held != asset.NewUnits(77) {
		t.Errorf("held %s, %v", held, err)
	}
}

func tetherFee(t *testing.T, s *tokenScene) {
	ours := s.newOurs(t)
	set := func(basisPoints int) {
		s.do(t, 1, &s.usdt, asset.Units{}, method(t, "Tether", "setParams(uint256,uint256)", basisPoints, 10_000))
	}
	set(100)
	defer set(0)
	tx := s.pay(t, s.usdt, ours, 1000)
	paid(t, s.newest(t, s.adapter, s.usdt, asset.USDT, ours), tx, asset.USDT, ours, 990)
}

func logsOnly(t *testing.T, s *tokenScene) {
	ours, token := s.newOurs(t), s.make(t, "LyingToken")
	a := s.pinning(t, token)
	tx := s.pay(t, token, ours, 1000)
	doubted(t, s.newest(t, a, token, asset.USDC, ours), asset.USDC, ours, "1000", "0", tx)
}

func silent(t *testing.T, s *tokenScene) {
	ours, token := s.newOurs(t), s.make(t, "Silent")
	a := s.pinning(t, token)
	s.do(t, 1, &token, asset.Units{}, method(t, "Silent", "close()"))
	tx := s.do(t, 1, &token, asset.Units{}, method(t, "Token", "transfer(address,uint256)", ours, 1000))
	ref := s.tip(t).Ref
	b, err := a.Block(t.Context(), ref, watchSet(ours))
	if err != nil {
		t.Fatal(err)
	}
	doubted(t, b, asset.USDC, ours, "1000", "", tx)
	if held, err := a.Held(t.Context(), ref, asset.USDC, nil, []string{ours.Hex()}); err == nil {
		t.Errorf("held %s of a contract that does not say", held)
	}
}

func oddLogs(t *testing.T, s *tokenScene) {
	ours, token := s.newOurs(t), s.make(t, "OddLogs")
	a := s.pinning(t, token)
	s.do(t, 1, &token, asset.Units{}, method(t, "OddLogs", "odd(address,uint256)", ours, 1000))
	untouchedTokens(t, s.newest(t, a, token, asset.USDC, ours))
}

// includedAgain: a reorganisation brings the transaction back in another block, behind
// another transaction with logs. It is the same deposit.
func includedAgain(t *testing.T, s *tokenScene) {
	ours, other := s.newOurs(t), s.newOurs(t)
	payer := s.keys[len(s.keys)-1]
	s.Pay(t, other.Hex(), units(1_000_000_000))
	s.pay(t, s.usdc, other, 5000)
	tx := s.send(t, payer, &s.usdc, new(big.Int), method(t, "Token", "transfer(address,uint256)", ours, 1000))
	s.Mine(t, 1)
	first := s.newest(t, s.adapter, s.usdc, asset.USDC, ours)
	paid(t, first, tx, asset.USDC, ours, 1000)
	s.Reorg(t, 1)
	if _, err := s.adapter.Block(t.Context(), first.Ref, watchSet(ours)); !isGone(err) {
		t.Fatalf("the orphan: %v", err)
	}
	s.Mine(t, 1)
	untouchedTokens(t, s.newest(t, s.adapter, s.usdc, asset.USDC, ours))
	s.send(t, s.stranger, &s.usdc, new(big.Int), method(t, "Token", "transfer(address,uint256)", other, 1))
	s.hand(t, tx)
	s.Mine(t, 1)
	again := s.newest(t, s.adapter, s.usdc, asset.USDC, ours)
	paid(t, again, tx, asset.USDC, ours, 1000)
	if first.Credits[0].CoinID() != again.Credits[0].CoinID() || first.Hash == again.Hash {
		t.Errorf("%s, and again %s", first.Credits[0].CoinID(), again.Credits[0].CoinID())
	}
}

// destroyedFunds: no Transfer says so; the balance does.
func destroyedFunds(t *testing.T, s *tokenScene) {
	ours := s.newOurs(t)
	s.pay(t, s.usdt, ours, 1000)
	s.do(t, 1, &s.usdt, asset.Units{}, method(t, "Tether", "setBlackListed(address,bool)", ours, 1))
	s.do(t, 1, &s.usdt, asset.Units{}, method(t, "Tether", "destroyBlackFunds(address)", ours))
	ref := s.tip(t).Ref
	if held, err := s.adapter.Held(t.Context(), ref, asset.USDT, nil, []string{ours.Hex()}); err != nil || !held.IsZero() {
		t.Errorf("held %s, %v", held, err)
	}
}

func spread(t *testing.T, s *tokenScene) {
	const many = 120
	poisoner := s.make(t, "Poisoner")
	s.pay(t, s.usdc, poisoner, 10_000)
	var ours []common.Address
	words := []any{s.usdc, 96, 7, many}
	for range many {
		ours = append(ours, s.newOurs(t))
		words = append(words, ours[len(ours)-1])
	}
	tx := s.sendWith(t, 12_000_000, s.stranger, &poisoner, new(big.Int), method(t, "Poisoner", "spread(address,address[],uint256)", words...))
	s.Mine(t, 1)
	s.checkStatus(t, tx, 1)
	b := s.newest(t, s.adapter, s.usdc, asset.USDC, ours...)
	ids := map[string]bool{}
	for i, c := range b.Credits {
		ids[c.CoinID()] = true
		if c.TxID != tx.Hash().Hex() || c.Address != ours[i].Hex() || c.Units != asset.NewUnits(7) || c.Asset != asset.USDC {
			t.Errorf("%+v", c)
		}
	}
	if len(b.Credits) != many || len(ids) != many {
		t.Errorf("%d credits under %d ids", len(b.Credits), len(ids))
	}
	sum, err := s.adapter.Held(t.Context(), b.Ref, asset.USDC, nil, hexOf(ours))
	if err != nil || sum != asset.NewUnits(7*many) {
		t.Errorf("held %s, %v", sum, err)
	}
}

func hexOf(addresses []common.Address) []string {
	var all []string
	for _, a := range addresses {
		all = append(all, a.Hex())
	}
	return all
}

func together(t *testing.T, s *tokenScene) {
	ours := s.newOurs(t)
	s.Pay(t, ours.Hex(), units(5))
	s.send(t, s.stranger, &s.usdt, new(big.Int), method(t, "Token", "transfer(address,uint256)", ours, 7))
	s.send(t, s.stranger, &s.usdc, new(big.Int), method(t, "Token", "transfer(address,uint256)", ours, 7))
	s.Mine(t, 1)
	b := s.newest(t, s.adapter, s.usdt, asset.USDT, ours)
	got := map[asset.ID]asset.Units{}
	for _, c := range b.Credits {
		got[c.Asset] = c.Units
	}
	if len(b.Credits) != 3 || got[asset.ETH] != units(5) || got[asset.USDT] != asset.NewUnits(7) || got[asset.USDC] != asset.NewUnits(7) {
		t.Errorf("%+v", b)
	}
}

// F20: with EIP-7708's fork, ether that moves logs itself like a token. It is no token,
// and a token's deposit is one credit of the token.
func TestF20TokensBesideEtherThatLogsItself(t *testing.T) {
	t.Parallel()
	h := newHarness(t, "osaka", "amsterdam")
	s := &tokenScene{&scene{harness: h}, h.contract(t, asset.USDT), h.contract(t, asset.USDC)}
	ours := s.newOurs(t)
	tx := s.pay(t, s.usdt, ours, 1000)
	paid(t, s.newest(t, s.adapter, s.usdt, asset.USDT, ours), tx, asset.USDT, ours, 1000)
	txid := s.Pay(t, ours.Hex(), units(5))
	s.Mine(t, 1)
	if b := s.newest(t, s.adapter, s.usdt, asset.USDT, ours); len(b.Credits) != 1 || len(b.Doubts) != 0 ||
		b.Credits[0] != (chain.Credit{TxID: txid, Asset: asset.ETH, Address: ours.Hex(), Units: units(5)}) {
		t.Errorf("%+v", b)
	}
}
