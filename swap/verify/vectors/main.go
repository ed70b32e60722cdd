// Command vectors writes the cases by which an implementation in any language can
// prove that it verifies quotes, receipts and amendments as package verify does:
//
//	go run ./swap/verify/vectors swap/testdata/vectors/vectors.json
//
// Keys, ids and times are fixed, and Ed25519 signatures follow from them, so that
// the same file comes out each time. The private keys are derived from public
// texts: they sign nothing but these cases.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
)

// File is the file's content.
type File struct {
	About      string         `json:"about"`
	Networks   asset.Networks `json:"networks"`
	QuoteKeys  []string       `json:"quote_keys"`
	AttestKeys []string       `json:"attest_keys"`
	Cases      []Case         `json:"cases"`
}

// Case is one question and its answer.
type Case struct {
	Name string `json:"name"`
	// Document is what is verified: "quote", "receipt", "requote", "consent",
	// "refund_address" or "wrong_asset_refund"; the last four against the quote and the receipt.
	Document string `json:"document"`
	// Now is the client's clock.
	Now           time.Time `json:"now"`
	SignedQuote   string    `json:"signed_quote"`
	SignedReceipt string    `json:"signed_receipt"`
	// The amendments. A requote may rest on a consent.
	SignedRequote       string `json:"signed_requote,omitempty"`
	SignedConsent       string `json:"signed_consent,omitempty"`
	SignedRefundAddress string `json:"signed_refund_address,omitempty"`
	// SignedWrongAssetRefund is for a deposit in another asset than the receipt's.
	SignedWrongAssetRefund string `json:"signed_wrong_asset_refund,omitempty"`
	Ask                    Ask    `json:"ask"`
	// NeedsAddressCodec marks cases that only a decoder of the chains' addresses
	// can answer.
	NeedsAddressCodec bool `json:"needs_address_codec,omitempty"`
	// Refused is the field that must be refused; "" if the document verifies, and
	// then Verified is its payload.
	Refused  string          `json:"refused"`
	Verified json.RawMessage `json:"verified,omitempty"`
}

// Ask is what the client had asked for. Deposit or Payout is null where it was
// left open; the rest belongs to receipts.
type Ask struct {
	Pair    *asset.Pair   `json:"pair,omitempty"`
	Deposit *asset.Amount `json:"deposit,omitempty"`
	Payout  *asset.Amount `json:"payout,omitempty"`
	// Variable: a rate that is set when the deposit is detected.
	Variable      bool         `json:"variable,omitempty"`
	PayoutAddress string       `json:"payout_address,omitempty"`
	RefundAddress string       `json:"refund_address,omitempty"`
	Policy        *swap.Policy `json:"policy,omitempty"`
	// Secret is the swap's, whose SHA-256 the receipt has.
	Secret string `json:"secret,omitempty"`
	// DepositID, Answer and AtLeast are what was answered; AtLeast is null with a refund.
	DepositID string        `json:"deposit_id,omitempty"`
	Answer    swap.Answer   `json:"answer,omitempty"`
	AtLeast   *asset.Amount `json:"at_least,omitempty"`
	// Deposits are what a requote is for, as the chain and the API show them.
	Deposits []swap.OrderDeposit `json:"deposits,omitempty"`
	// Fee and Destination, with Deposit and DepositID, are what the owner said yes to of
	// a deposit in another asset.
	Fee         *asset.Amount `json:"fee,omitempty"`
	Destination string        `json:"destination,omitempty"`
}

const about = "Cases for verifiers of Ferry's quotes, receipts and amendments: see docs/verification.md. " +
	"Written by swap/verify/vectors; swap/testdata/verify.mjs is an example of a program that runs them."

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "vectors:", err)
		os.Exit(1) //nolint:forbidigo // this is a main
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("name the file to write")
	}
	raw, err := encode()
	if err != nil {
		return err
	}
	if err := os.WriteFile(args[0], raw, 0o644); err != nil {
		return fmt.Errorf("write the cases: %w", err)
	}
	return nil
}

// encode is the whole file.
func encode() ([]byte, error) {
	s, err := newSet()
	if err != nil {
		return nil, err
	}
	s.quotes()
	s.receipts()
	if err := s.amendments(); err != nil {
		return nil, err
	}
	if err := s.variable(); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err = encoder.Encode(File{About: about, Networks: asset.Networks{Bitcoin: "simnet", BitcoinCash: "simnet", EthereumChainID: 1337},
		QuoteKeys: []string{publicText(s.quoteKey)}, AttestKeys: []string{publicText(s.attestKey)}, Cases: s.cases})
	if err != nil {
		return nil, fmt.Errorf("encode the cases: %w", err)
	}
	return out.Bytes(), nil
}

func seedKey(text string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(text))
	return ed25519.NewKeyFromSeed(seed[:])
}

func public(key ed25519.PrivateKey) ed25519.PublicKey {
	return ed25519.PublicKey(key[ed25519.PrivateKeySize-ed25519.PublicKeySize:])
}

func publicText(key ed25519.PrivateKey) string { return swap.FormatPublicKey(public(key)) }
