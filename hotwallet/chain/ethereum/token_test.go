package ethereum

import (
	"bytes"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"ferry/swap/asset"
)

var (
	usdtAt = common.HexToAddress("0x00000000000000000000000000000000000A11CE")
	usdcAt = common.HexToAddress("0x00000000000000000000000000000000000B0B00")
	tokens = pinned{usdtAt: asset.USDT, usdcAt: asset.USDC}
)

func word(a common.Address) common.Hash { return common.BytesToHash(a[:]) }

// transferLog is what an honest token logs.
func transferLog(contract, from, to common.Address, value int64) *types.Log {
	return &types.Log{Address: contract, Topics: []common.Hash{transferTopic, word(from), word(to)},
		Data: common.LeftPadBytes(big.NewInt(value).Bytes(), 32)}
}

func TestSelectorsAndTopic(t *testing.T) {
	t.Parallel()
	if got := crypto.Keccak256Hash([]byte("Transfer(address,address,uint256)")); got != transferTopic {
		t.Errorf("the topic is %s", got)
	}
	for signature, selector := range map[string][]byte{
		"transfer(address,uint256)": transferCall, "transferFrom(address,address,uint256)": transferFromCall,
		"balanceOf(address)": balanceOfCall, "decimals()": decimalsCall, "totalSupply()": totalSupply,
	} {
		if want := crypto.Keccak256([]byte(signature))[:4]; !bytes.Equal(selector, want) {
			t.Errorf("%s is %x", signature, want)
		}
	}
}

// Only what is exactly a Transfer of something between two addresses moves anything.
func TestReadTransfer(t *testing.T) {
	t.Parallel()
	good := func() *types.Log { return transferLog(usdtAt, them, ours, 7) }
	if got, ok := readTransfer(good()); !ok || got.from != them || got.to != ours || got.value.Int64() != 7 {
		t.Fatalf("%+v, %v", got, ok)
	}
	most := good()
	most.Data = bytes.Repeat([]byte{0xff}, 32)
	if got, ok := readTransfer(most); !ok || got.value.BitLen() != 256 {
		t.Errorf("%+v, %v", got, ok)
	}
	for name, change := range map[string]func(*types.Log){
		"no topics":            func(l *types.Log) { l.Topics = nil },
		"the name only":        func(l *types.Log) { l.Topics = l.Topics[:1] },
		"to is not indexed":    func(l *types.Log) { l.Topics = l.Topics[:2] },
		"ERC-721":              func(l *types.Log) { l.Topics, l.Data = append(l.Topics, common.BytesToHash(l.Data)), nil },
		"a fourth topic":       func(l *types.Log) { l.Topics = append(l.Topics, common.Hash{}) },
		"another event":        func(l *types.Log) { l.Topics[0][31]++ },
		"no data":              func(l *types.Log) { l.Data = nil },
		"31 bytes":             func(l *types.Log) { l.Data = l.Data[1:] },
		"33 bytes":             func(l *types.Log) { l.Data = append(l.Data, 0) },
		"two words":            func(l *types.Log) { l.Data = append(l.Data, l.Data...) },
		"nothing":              func(l *types.Log) { l.Data = make([]byte, 32) },
		"more than an address": func(l *types.Log) { l.Topics[2][11] = 1 },
		"from more than one":   func(l *types.Log) { l.Topics[1][0] = 1 },
		"to the sender":        func(l *types.Log) { l.Topics[1] = l.Topics[2] },
	} {
		l := good()
		change(l)
		if got, ok := readTransfer(l); ok {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestReadCall(t *testing.T) {
	t.Parallel()
	transfer := encodeCall(transferCall, ours[:], []byte{7})
	from := encodeCall(transferFromCall, them[:], ours[:], []byte{9})
	for name, row := range map[string]struct {
		data  []byte
		from  common.Address
		value int64 // 0: no transfer
	}{
		"transfer":          {transfer, wallet, 7},
		"more follows":      {append(bytes.Clone(transfer), 1, 2, 3), wallet, 7},
		"transferFrom":      {from, them, 9},
		"nothing":           {nil, wallet, 0},
		"a selector":        {transferCall, wallet, 0},
		"part of one":       {transferCall[:3], wallet, 0},
		"cut short":         {transfer[:len(transfer)-1], wallet, 0},
		"a word is missing": {from[:len(from)-32], wallet, 0},
		"only its selector": {transferFromCall, wallet, 0},
		"of nothing":        {encodeCall(transferCall, ours[:], nil), wallet, 0},
		"another method":    {encodeCall(balanceOfCall, ours[:], []byte{7}), wallet, 0},
		"no address":        {encodeCall(transferCall, bytes.Repeat([]byte{1}, 21), []byte{7}), wallet, 0},
		"to the sender":     {encodeCall(transferCall, wallet[:], []byte{7}), wallet, 0},
	} {
		got, ok := readCall(wallet, row.data)
		if ok != (row.value > 0) || ok && (got.from != row.from || got.to != ours || got.value.Int64() != row.value) {
			t.Errorf("%s: %+v, %v", name, got, ok)
		}
	}
}

// Whatever a call's data are, they are one transfer above nothing or none, and what is
// read is what was written.
func FuzzReadCall(f *testing.F) {
	f.Add(encodeCall(transferCall, ours[:], []byte{7}))
	f.Add(encodeCall(transferFromCall, them[:], ours[:], []byte{9}))
	f.Add(transferFromCall)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		got, ok := readCall(wallet, data)
		if !ok {
			return
		}
		again := encodeCall(transferCall, got.to[:], got.value.Bytes())
		if bytes.HasPrefix(data, transferFromCall) {
			again = encodeCall(transferFromCall, got.from[:], got.to[:], got.value.Bytes())
		}
		if !bytes.HasPrefix(data, again) || got.value.Sign() <= 0 || got.from == got.to {
			t.Fatalf("%x was read as %+v", data, got)
		}
	})
}

// Whatever a receipt's log is, it is one transfer above nothing or none.
func FuzzReadLog(f *testing.F) {
	l := transferLog(usdtAt, them, ours, 7)
	flat := func(l *types.Log) []byte {
		var raw []byte
		for _, topic := range l.Topics {
			raw = append(raw, topic[:]...)
		}
		return raw
	}
	f.Add(flat(l), l.Data)
	f.Add(flat(l)[:64], append(flat(l)[64:], l.Data...))
	f.Add(append(flat(l), l.Data...), []byte{})
	f.Fuzz(func(t *testing.T, topics, data []byte) {
		l := &types.Log{Address: usdtAt, Data: data}
		for len(topics) >= 32 && len(l.Topics) < 4 {
			l.Topics, topics = append(l.Topics, common.BytesToHash(topics[:32])), topics[32:]
		}
		got, ok := readTransfer(l)
		if !ok {
			return
		}
		again := &types.Log{Address: usdtAt, Topics: []common.Hash{transferTopic, word(got.from), word(got.to)}, Data: common.LeftPadBytes(got.value.Bytes(), 32)}
		if !bytes.Equal(flat(again), flat(l)) || !bytes.Equal(again.Data, data) || got.value.Sign() <= 0 || got.from == got.to {
			t.Fatalf("%x %x was read as %+v", flat(l), data, got)
		}
	})
}
