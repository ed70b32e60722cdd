package fakechain

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// Output is value that goes to an address.
type Output struct {
	Address string      `json:"address"`
	Units   asset.Units `json:"units"`
}

// Tx is the chain's transaction. Its raw form is an envelope in JSON.
type Tx struct {
	Chain asset.Chain `json:"chain"`
	// Inputs are coin ids (UTXO chain).
	Inputs []string `json:"inputs,omitempty"`
	// Sender and Nonce name the account that pays (account chain).
	Sender string `json:"sender,omitempty"`
	Nonce  uint64 `json:"nonce,omitempty"`
	// Outputs has exactly one element on the account chain; a stranger's contract may
	// pay several.
	Outputs []Output `json:"outputs"`
	// Token is what the outputs are of, if it is not the chain's own asset. Unbacked
	// says that balances stay what they are, whatever the token's logs say.
	Token    asset.ID `json:"token,omitempty"`
	Unbacked bool     `json:"unbacked,omitempty"`
	// Fee is exact on the UTXO chain, the most it may cost on the account chain.
	Fee asset.Units `json:"fee"`
	// Stranger marks a payment from outside, whose funds are not checked.
	Stranger bool `json:"stranger,omitempty"`
	Coinbase bool `json:"coinbase,omitempty"`
	// Salt tells apart transactions that are otherwise alike.
	Salt string `json:"salt,omitempty"`
}

type envelope struct {
	Tx     Tx   `json:"tx"`
	Signed bool `json:"signed,omitempty"`
}

// ID is the transaction's id: it does not depend on the signature, as on a
// chain with segregated witnesses.
func (t Tx) ID() string {
	id := hash("tx", string(t.encode(false)))
	if t.Chain == asset.Ethereum {
		return "0x" + id
	}
	return id
}

func (t Tx) encode(signed bool) []byte {
	raw, err := json.Marshal(envelope{Tx: t, Signed: signed})
	if err != nil {
		panic("fakechain: a transaction of plain fields does not encode: " + err.Error())
	}
	return raw
}

// Decode reads a raw transaction and whether it is signed.
func Decode(raw []byte) (Tx, bool, error) {
	var e envelope
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		return Tx{}, false, fmt.Errorf("fakechain transaction: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Tx{}, false, errors.New("fakechain transaction: something follows it")
	}
	return e.Tx, e.Signed, nil
}

// Sign signs a plan of this package's Plan. It panics on any other plan.
func Sign(p chain.Plan) (raw []byte, txid string) {
	t, signed, err := Decode(p.Unsigned)
	if err != nil || signed {
		panic(fmt.Sprintf("fakechain: not an unsigned transaction of this chain (%v)", err))
	}
	return t.encode(true), t.ID()
}

// TxID is the id of raw bytes, signed or not.
func TxID(raw []byte) (string, error) {
	t, _, err := Decode(raw)
	if err != nil {
		return "", err
	}
	return t.ID(), nil
}

// size stands for the virtual size of a native segwit spend; gas for the account
// chain's transfer.
func (t Tx) size() uint64 {
	if t.Token != "" {
		return tokenGas
	}
	if t.Chain == asset.Ethereum {
		return transferGas
	}
	return 11 + 68*uint64(len(t.Inputs)) + 31*uint64(len(t.Outputs))
}

// feeFor is the fee at a rate in chain.Rate's unit.
func (t Tx) feeFor(rate chain.Rate) asset.Units {
	if t.Chain != asset.Ethereum {
		return perThousand(t.size(), rate)
	}
	fee, err := asset.NewUnits(t.size()).MulDiv(new(big.Int).SetUint64(uint64(rate)), big.NewInt(1), asset.Up)
	if err != nil {
		panic("fakechain: " + err.Error())
	}
	return fee
}

// rate is what it offers, in chain.Rate's unit, rounded down.
func (t Tx) rate() chain.Rate { return rateOf(t.Chain, t.Fee, t.size()) }

func rateOf(on asset.Chain, fee asset.Units, size uint64) chain.Rate {
	per := big.NewInt(1000)
	if on == asset.Ethereum {
		per = big.NewInt(1)
	}
	rate, err := fee.MulDiv(per, new(big.Int).SetUint64(size), asset.Down)
	if n, ok := rate.Uint64(); err == nil && ok {
		return chain.Rate(n)
	}
	return math.MaxUint64
}

// asset is what the outputs are of.
func (t Tx) asset() asset.ID {
	if t.Token != "" {
		return t.Token
	}
	return t.Chain.NativeID()
}

func (t Tx) total() asset.Units {
	var sum asset.Units
	for _, o := range t.Outputs {
		sum = mustAdd(sum, o.Units)
	}
	return sum
}

func hash(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p) // hash.Hash never returns an error
	}
	return hex.EncodeToString(h.Sum(nil))
}

// mustAdd adds amounts that a test chose; a sum beyond 256 bits is its mistake.
func mustAdd(a, b asset.Units) asset.Units {
	sum, err := a.Add(b)
	if err != nil {
		panic("fakechain: " + err.Error())
	}
	return sum
}
