// Package swaptest makes signed terms and facts for tests. It is imported by
// tests only.
package swaptest

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
)

// Start is the time at which everything begins in tests that need no real clock.
var Start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// Addresses that parse on simnet and chain id 1337.
const (
	BitcoinAddress  = "sb1qw508d6qejxtdg4y5r3zarvary0c5xw7krxe8se"
	EthereumAddress = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
)

// Networks is what the demo and tests run on.
var Networks = asset.Networks{Bitcoin: "simnet", EthereumChainID: 1337}

// Keys are one quote key and one attestation key, made from fixed seeds.
type Keys struct {
	Quote, Attest ed25519.PrivateKey
}

// NewKeys returns the same keys each time.
func NewKeys() Keys {
	key := func(name string) ed25519.PrivateKey {
		seed := sha256.Sum256([]byte(name))
		return ed25519.NewKeyFromSeed(seed[:])
	}
	return Keys{Quote: key("quote"), Attest: key("attest")}
}

// QuoteKeys is the public half of Quote.
func (k Keys) QuoteKeys() swap.PublicKeys { return public(k.Quote) }

// AttestKeys is the public half of Attest.
func (k Keys) AttestKeys() swap.PublicKeys { return public(k.Attest) }

func public(key ed25519.PrivateKey) swap.PublicKeys {
	pub, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		panic("swaptest: not an Ed25519 key")
	}
	return swap.PublicKeys{swap.KeyID(pub): pub}
}

// Amount parses a decimal amount or fails the test's process.
func Amount(id asset.ID, decimal string) asset.Amount {
	a, err := asset.ParseDecimal(id, decimal)
	if err != nil {
		panic("swaptest: " + err.Error())
	}
	return a
}

// NewTerms is a swap of 0.01 BTC to 0.28 ETH, created at Start, open for 20
// minutes and to be confirmed within two hours. edit may change quote and
// receipt before they are signed.
func NewTerms(t testing.TB, k Keys, edit func(*swap.Quote, *swap.Receipt)) swap.Terms {
	t.Helper()
	q := swap.Quote{ID: swap.NewID(swap.QuotePrefix, Start), Pair: asset.Pair{From: asset.BTC, To: asset.ETH},
		Deposit: Amount(asset.BTC, "0.01"), Payout: Amount(asset.ETH, "0.28"), Rate: "28.2",
		ServiceFee: Amount(asset.ETH, "0.0015"), NetworkFee: Amount(asset.ETH, "0.0005"),
		RefundFeeMax: Amount(asset.BTC, "0.00002"), IssuedAt: Start, AcceptBy: Start.Add(time.Minute),
		DepositWindowSeconds: 1200, ConfirmWindowSeconds: 7200}
	secret := sha256.Sum256([]byte("secret"))
	r := swap.Receipt{SwapID: swap.NewID(swap.SwapPrefix, Start), QuoteID: q.ID, DepositChain: asset.Bitcoin,
		DepositAsset: asset.BTC, DepositAddress: fmt.Sprintf("%s#%s", BitcoinAddress, q.ID), DepositPath: "m/84'/1'/0'/0/0",
		PayoutAddress: EthereumAddress, RefundAddress: BitcoinAddress, Policy: swap.RefundPolicy(),
		SecretHash: hex.EncodeToString(secret[:]), IssuedAt: Start,
		DepositBy: Start.Add(20 * time.Minute), ConfirmBy: Start.Add(2 * time.Hour)}
	if edit != nil {
		edit(&q, &r)
	}
	signedQuote, err := swap.SignQuote(q, k.Quote)
	if err != nil {
		t.Fatal(err)
	}
	r.QuoteHash = swap.HashDocument(signedQuote)
	signedReceipt, err := swap.SignReceipt(r, k.Attest)
	if err != nil {
		t.Fatal(err)
	}
	terms, err := swap.VerifyTerms(signedQuote, signedReceipt, k.QuoteKeys(), k.AttestKeys())
	if err != nil {
		t.Fatal(err)
	}
	return terms
}
