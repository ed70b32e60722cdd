package ethereum_test

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/ethereum"
	"ferry/swap/asset"
)

// What contracts would do is asked before a payment is planned, and what the node says
// of them before anything is.
func TestTokensThatAreNotAsTheyShouldBe(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	s := &tokenScene{&scene{harness: h}, h.contract(t, asset.USDT), h.contract(t, asset.USDC)}
	for _, step := range []struct {
		name string
		run  func(*testing.T, *tokenScene)
	}{
		{"contracts that are not the tokens", notTheTokens},
		{"plans that a contract would not carry out", refusedPlans},
		{"destinations where tokens would be lost", lostTokens},
		{"F21 the block is gone before its balances are read", goneBeforeBalances},
		{"balances that the node does not show now", balancesLater},
		{"balances that contradict the logs", contradicted},
		{"blocks without a log of ours cost no call", noCalls},
	} {
		t.Run(step.name, func(t *testing.T) { step.run(t, s) })
	}
}

func notTheTokens(t *testing.T, s *tokenScene) {
	ref := s.Mine(t, 1)
	if err := s.adapter.CheckTokens(t.Context()); err != nil {
		t.Errorf("the tokens: %v", err)
	}
	for name, row := range map[string]struct {
		contract common.Address
		words    string
	}{
		"no contract":       {s.newOurs(t), "no contract"},
		"eighteen decimals": {s.make(t, "OtherDecimals"), "decimals"},
		"no decimals":       {s.make(t, "Wallet"), "decimals"},
		"it answers 1":      {s.deploy(t, answers), "decimals"},
		"it answers little": {s.deploy(t, []byte{0x60, 0x06, 0x60, 0x00, 0x53, 0x60, 0x01, 0x60, 0x00, 0xf3}), "decimals"},
	} {
		a := s.pinning(t, row.contract)
		for range 2 { // it is not forgotten
			if err := a.CheckTokens(t.Context()); !errors.Is(err, ethereum.ErrToken) || !strings.Contains(err.Error(), row.words) ||
				!strings.Contains(err.Error(), row.contract.Hex()) || !strings.Contains(err.Error(), "USDC") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if b, err := a.Block(t.Context(), ref, watchSet()); !errors.Is(err, ethereum.ErrToken) {
			t.Errorf("%s: a block was read: %+v, %v", name, b, err)
		}
		if p, err := a.Plan(t.Context(), s.tokenFunds(t), s.tokenRequest(t)); !errors.Is(err, ethereum.ErrToken) {
			t.Errorf("%s: a payment was planned: %+v, %v", name, p, err)
		}
	}
}

// tokenFunds claim more than enough, of an account that has nothing.
func (s *tokenScene) tokenFunds(t *testing.T) chain.Funds {
	t.Helper()
	a := s.NewAddress(t)
	return chain.Funds{Sender: a.Address, SenderPath: a.Path, Balance: units(1e9), TokenBalance: units(1)}
}

func (s *tokenScene) tokenRequest(t *testing.T) chain.Request {
	t.Helper()
	return chain.Pay(chain.Output{Destination: s.Stranger(t), Asset: asset.USDC, Units: asset.NewUnits(1000)}, units(1e9))
}

func refusedPlans(t *testing.T, s *tokenScene) {
	rich := s.tokenFunds(t)
	s.pay(t, s.usdt, common.HexToAddress(rich.Sender), 5000)
	s.pay(t, s.usdc, common.HexToAddress(rich.Sender), 5000)
	r := s.tokenRequest(t)
	if _, err := s.adapter.Plan(t.Context(), rich, r); err != nil {
		t.Fatal(err)
	}
	if _, err := s.adapter.Plan(t.Context(), s.tokenFunds(t), r); !errors.Is(err, chain.ErrRefused) {
		t.Errorf("the account has none: %v, want ErrRefused", err)
	}
	if _, err := s.pinning(t, s.make(t, "FalseReturning")).Plan(t.Context(), rich, r); !errors.Is(err, chain.ErrRefused) {
		t.Errorf("F14 it would return false: %v, want ErrRefused", err)
	}
	r.Outputs[0].Asset = asset.USDT
	if _, err := s.adapter.Plan(t.Context(), rich, r); err != nil {
		t.Errorf("USDT, which returns nothing: %v", err)
	}
	bar := func(barred int) {
		s.do(t, 1, &s.usdt, asset.Units{}, method(t, "Tether", "setBlackListed(address,bool)", common.HexToAddress(rich.Sender), barred))
	}
	bar(1)
	if _, err := s.adapter.Plan(t.Context(), rich, r); !errors.Is(err, chain.ErrRefused) || errors.Is(err, chain.ErrFunds) {
		t.Errorf("F22 our sender is barred: %v, want ErrRefused", err)
	}
	bar(0)
	if _, err := s.adapter.Plan(t.Context(), rich, r); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	n := networks
	dear, err := ethereum.New(ethereum.Config{URL: s.node.url, Networks: n, TokenGasMax: 30_000})
	if err != nil {
		t.Fatal(err)
	}
	if p, err := dear.Plan(t.Context(), rich, r); err == nil || errors.Is(err, chain.ErrRefused) {
		t.Errorf("more gas than is paid for: %+v, %v", p, err)
	}
}

func lostTokens(t *testing.T, s *tokenScene) {
	f, r := s.tokenFunds(t), s.tokenRequest(t)
	for _, lost := range []common.Address{s.usdt, s.usdc, {}, {19: 1}} {
		r.Outputs[0].Destination = lost.Hex()
		if _, err := s.adapter.Plan(t.Context(), f, r); !errors.Is(err, asset.ErrAddressForbidden) {
			t.Errorf("a plan for %s: %v", lost, err)
		}
		if err := s.adapter.CheckDestination(t.Context(), lost.Hex()); !errors.Is(err, asset.ErrAddressForbidden) {
			t.Errorf("%s: %v", lost, err)
		}
	}
}

// asksBalance is in every question for a balance of a token.
var asksBalance = []byte("0x70a08231")

func goneBeforeBalances(t *testing.T, s *tokenScene) {
	ours := s.newOurs(t)
	s.pay(t, s.usdc, ours, 1000)
	ref := s.newest(t, s.adapter, s.usdc, asset.USDC, ours).Ref
	var cut atomic.Bool
	reader := s.reader(t, between{call: func(body []byte) []byte {
		if bytes.Contains(body, asksBalance) && cut.CompareAndSwap(false, true) {
			s.Reorg(t, 1)
		}
		return body
	}}, "")
	b, err := reader.Block(t.Context(), ref, watchSet(ours))
	if !cut.Load() {
		t.Fatal("no balance was asked for")
	}
	if !isGone(err) {
		t.Fatalf("%+v, %v, want ErrBlockGone", b, err)
	}
	s.Mine(t, 1)
}

var errorOf = regexp.MustCompile(`"result":"0x[0-9a-f]*"`)

// balancesLater: a node that can't answer now is asked again, and nothing is doubted.
func balancesLater(t *testing.T, s *tokenScene) {
	ours := s.newOurs(t)
	tx := s.pay(t, s.usdc, ours, 1000)
	ref := s.newest(t, s.adapter, s.usdc, asset.USDC, ours).Ref
	for _, words := range []string{"missing trie node", "required historical state unavailable", "limit exceeded", "request timed out"} {
		var away atomic.Bool
		away.Store(true)
		a := s.reader(t, between{answer: func(call, body []byte) []byte {
			if !bytes.Contains(call, asksBalance) || !away.Load() {
				return body
			}
			return errorOf.ReplaceAll(body, []byte(`"error":{"code":-32000,"message":"`+words+`"}`))
		}}, "")
		if b, err := a.Block(t.Context(), ref, watchSet(ours)); err == nil || isGone(err) || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %+v, %v", words, b, err)
		}
		away.Store(false)
		b, err := a.Block(t.Context(), ref, watchSet(ours))
		if err != nil {
			t.Fatal(err)
		}
		paid(t, b, tx, asset.USDC, ours, 1000)
	}
}

// contradicted: what a node says of balances can only take a credit away.
func contradicted(t *testing.T, s *tokenScene) {
	ours := s.newOurs(t)
	tx := s.pay(t, s.usdc, ours, 1000)
	ref := s.newest(t, s.adapter, s.usdc, asset.USDC, ours).Ref
	for result, found := range map[string]string{
		`"result":"0x` + strings.Repeat("0", 64) + `"`: "0", `"result":"0x01"`: "", `"result":"0x` + strings.Repeat("0", 128) + `"`: "",
		`"error":{"code":3,"message":"execution reverted"}`: "", `"result":"0x"`: "0",
	} {
		a := s.reader(t, between{answer: func(call, body []byte) []byte {
			if !bytes.Contains(call, asksBalance) {
				return body
			}
			return errorOf.ReplaceAll(body, []byte(result))
		}}, "")
		b, err := a.Block(t.Context(), ref, watchSet(ours))
		if err != nil {
			t.Fatal(err)
		}
		doubted(t, b, asset.USDC, ours, "1000", found, tx)
	}
}

// noCalls: once the contracts are known, a block in which strangers pay each other in
// tokens is read with the calls of any other, however many.
func noCalls(t *testing.T, s *tokenScene) {
	ours, stranger := s.newOurs(t), common.HexToAddress(s.Stranger(t))
	var asked atomic.Int64
	a := s.reader(t, between{call: func(body []byte) []byte {
		asked.Add(int64(bytes.Count(body, []byte("eth_call")) + bytes.Count(body, []byte("eth_getLogs"))))
		return body
	}}, "")
	if err := a.CheckTokens(t.Context()); err != nil {
		t.Fatal(err)
	}
	read := func(to common.Address) int64 {
		s.pay(t, s.usdt, to, 1000)
		asked.Store(0)
		ref, err := a.Tip(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Block(t.Context(), ref, watchSet(ours)); err != nil {
			t.Fatal(err)
		}
		return asked.Load()
	}
	if n := read(stranger); n != 0 {
		t.Errorf("%d calls for strangers", n)
	}
	if n := read(ours); n != 2 {
		t.Errorf("%d calls for one deposit, want its balance before and after", n)
	}
}
