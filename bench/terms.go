package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
)

// networks are the ones of tests and demo.
var networks = asset.Networks{Bitcoin: "simnet", EthereumChainID: 1337}

// Addresses that parse on those networks and belong to nobody here.
const (
	bitcoinAddress  = "sb1qw508d6qejxtdg4y5r3zarvary0c5xw7krxe8se"
	ethereumAddress = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
)

// The keys of liquidityd and attestd; they protect nothing.
var (
	quoteKey  = seedKey("bench quotes")
	attestKey = seedKey("bench receipts")
)

func seedKey(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func public(key ed25519.PrivateKey) swap.PublicKeys {
	pub := key.Public().(ed25519.PublicKey)
	return swap.PublicKeys{swap.KeyID(pub): pub}
}

// amounts are one swap's in each direction: 0.01 BTC and 0.28 ETH.
var amounts = map[asset.ID]asset.Units{
	asset.BTC: asset.MustUnits("1000000"),
	asset.ETH: asset.MustUnits("280000000000000000"),
}

func amount(id asset.ID, units string) asset.Amount {
	return asset.Amount{Asset: id, Units: asset.MustUnits(units)}
}

// newQuote is a swap of one of those amounts for the other.
func newQuote(pair asset.Pair, now time.Time) swap.Quote {
	fees := map[asset.ID][2]string{asset.BTC: {"5000", "2000"}, asset.ETH: {"1500000000000000", "500000000000000"}}
	refund := map[asset.ID]string{asset.BTC: "2000", asset.ETH: "500000000000000"}
	now = swap.Millis(now)
	return swap.Quote{ID: swap.NewID(swap.QuotePrefix, now), Pair: pair,
		Deposit: asset.Amount{Asset: pair.From, Units: amounts[pair.From]}, Payout: asset.Amount{Asset: pair.To, Units: amounts[pair.To]},
		Rate: "28.2", ServiceFee: amount(pair.To, fees[pair.To][0]), NetworkFee: amount(pair.To, fees[pair.To][1]),
		RefundFeeMax: amount(pair.From, refund[pair.From]), IssuedAt: swap.Millis(now), AcceptBy: swap.Millis(now).Add(10 * time.Minute),
		DepositWindowSeconds: 1200, ConfirmWindowSeconds: 7200}
}

// newTerms are signed terms of a swap from BTC to ETH whose deposit address is made up.
func newTerms(now time.Time) (swap.Terms, error) {
	q := newQuote(asset.Pair{From: asset.BTC, To: asset.ETH}, now)
	signedQuote, err := swap.SignQuote(q, quoteKey)
	if err != nil {
		return swap.Terms{}, err
	}
	secret := sha256.Sum256([]byte(q.ID))
	r := swap.Receipt{SwapID: swap.NewID(swap.SwapPrefix, now), QuoteID: q.ID, QuoteHash: swap.HashDocument(signedQuote),
		DepositChain: asset.Bitcoin, DepositAsset: asset.BTC, DepositAddress: fmt.Sprintf("sb1q%s", q.ID),
		DepositPath: "m/84'/1'/0'/0/0", PayoutAddress: ethereumAddress, RefundAddress: bitcoinAddress, Policy: swap.RefundPolicy(),
		SecretHash: fmt.Sprintf("%x", secret), IssuedAt: q.IssuedAt,
		DepositBy: q.IssuedAt.Add(20 * time.Minute), ConfirmBy: q.IssuedAt.Add(2 * time.Hour)}
	signedReceipt, err := swap.SignReceipt(r, attestKey)
	if err != nil {
		return swap.Terms{}, err
	}
	return swap.Terms{SignedQuote: signedQuote, SignedReceipt: signedReceipt, Quote: q, Receipt: r}, nil
}
