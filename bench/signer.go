package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"

	"ferry/hotwallet/keys"
	"ferry/hotwallet/signer"
	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

const (
	// signerPayouts is how many payouts of one input are signed in a round at most; of
	// several inputs fewer, so that there are as many signatures.
	signerPayouts = 2000
	// rawSignatures is how many the baseline makes in a round.
	rawSignatures = 40_000
)

func init() {
	for _, s := range []struct {
		number, callers, inputs int
		name                    string
		goal                    float64
	}{{30, 64, 1, "signer", 0}, {31, 8, 1, "signer-8", 0}, {32, 1, 1, "signer-1", 0}, {33, 8, 100, "signer-inputs", 0.3}} {
		register(Row{
			Number: s.number, Name: s.name, Rounds: 3, Goal: s.goal, Unit: "signatures",
			What: fmt.Sprintf("signer: payouts of %d inputs, %d at once, checked, remembered and logged", s.inputs, s.callers),
			Prepare: func(_ context.Context, env *Env) (*Trial, error) {
				return prepareSigner(env, s.name, s.callers, s.inputs)
			},
		})
	}
}

// signing is a signer in a folder of its own, and what it is asked.
type signing struct {
	env             *Env
	held            *signer.Signer
	accounts        keys.Accounts
	callers, inputs int
	next            int
}

func prepareSigner(env *Env, name string, callers, inputs int) (*Trial, error) {
	held, accounts, err := openSigner(filepath.Join(env.Dir, name))
	if err != nil {
		return nil, err
	}
	s := &signing{env: env, held: held, accounts: accounts, callers: callers, inputs: inputs}
	return &Trial{Baseline: Side{Name: "secp256k1 alone", Run: s.raw}, Subject: Side{Name: "signed payouts", Run: s.run}, Close: held.Close}, nil
}

// openSigner makes a signer with keys of its own, which pays without a limit of bitcoin:
// a round is more than any transaction or hour has.
func openSigner(dir string) (*signer.Signer, keys.Accounts, error) {
	seed, key := filepath.Join(dir, "seed"), filepath.Join(dir, "key", "signer.key")
	if _, err := signer.Init(seed, key, networks); err != nil {
		return nil, keys.Accounts{}, err
	}
	raw, err := os.ReadFile(signer.PublicKeysFile(seed))
	if err != nil {
		return nil, keys.Accounts{}, fmt.Errorf("read the public keys: %w", err)
	}
	accounts, err := keys.ParseAccounts(networks, raw)
	if err != nil {
		return nil, accounts, err
	}
	caps := signer.DefaultCaps()
	limit := caps[asset.BTC]
	for _, most := range []*asset.Units{&limit.PerTransaction, &limit.PerHour, &limit.PerDay, &limit.FeePerHour, &limit.FeePerDay} {
		*most = asset.MustUnits("2100000000000000")
	}
	caps[asset.BTC] = limit
	held, err := signer.Open(signer.Config{Dir: seed, KeyFile: key, Networks: networks, QuoteKeys: public(quoteKey), AttestKeys: public(attestKey),
		Caps: caps, Rules: swap.DepositRules{Confirmations: map[asset.Chain]int64{asset.Bitcoin: 1, asset.Ethereum: 1}}})
	return held, accounts, err
}

// payouts is how many there are in a round: fewer where few share a sync.
func (s *signing) payouts() int {
	return max(1, s.env.scale(min(signerPayouts/s.inputs, 100+30*s.callers)))
}

// raw signs digests, as many at once as the subject is asked for payouts.
func (s *signing) raw(ctx context.Context, _ int) (Sample, error) {
	key, err := secp256k1.GeneratePrivateKey()
	if err != nil {
		return Sample{}, fmt.Errorf("make a key: %w", err)
	}
	n := s.env.scale(rawSignatures)
	return s.env.timed(ctx, n, func(ctx context.Context) error {
		return inParallel(ctx, s.callers, n, func(_ context.Context, i int) error {
			digest := sha256.Sum256(fmt.Append(nil, i))
			ecdsa.Sign(key, digest[:])
			return nil
		})
	})
}

// run has payouts signed that were never asked for before.
func (s *signing) run(ctx context.Context, _ int) (Sample, error) {
	n := s.payouts()
	requests := make([]*ferryv1.SignUTXORequest, n)
	for i := range requests {
		var err error
		if requests[i], err = s.payout(); err != nil {
			return Sample{}, err
		}
	}
	var signed atomic.Int64
	sample, err := s.env.timed(ctx, n*s.inputs, func(ctx context.Context) error {
		return inParallel(ctx, s.callers, n, func(ctx context.Context, i int) error {
			_, err := s.held.SignUTXO(ctx, connect.NewRequest(requests[i]))
			if err == nil {
				signed.Add(1)
			}
			return err
		})
	})
	if err == nil && signed.Load() != int64(n) {
		err = fmt.Errorf("%d of %d payouts are signed", signed.Load(), n)
	}
	return sample, err
}

// payout is a request to pay a swap of its own, from coins of its own.
func (s *signing) payout() (*ferryv1.SignUTXORequest, error) {
	s.next++
	now := swap.Millis(time.Now())
	authority, q, err := signerAuthority(s.next, now)
	if err != nil {
		return nil, err
	}
	req := &ferryv1.SignUTXORequest{Chain: string(asset.Bitcoin), Authorities: []*ferryv1.Authority{authority}}
	paid, ok := q.Payout.Units.Uint64()
	if !ok {
		return nil, errors.New("the payout is out of range")
	}
	script, err := keys.Script(networks, asset.Bitcoin, bitcoinAddress)
	if err != nil {
		return nil, err
	}
	each := int64(paid)/int64(s.inputs) + 2000
	tx := wire.NewMsgTx(2)
	for i := range s.inputs {
		from, err := s.accounts.Derive(asset.Bitcoin, keys.Deposit, keys.External, uint32(s.next*s.inputs+i))
		if err != nil {
			return nil, err
		}
		coin := wire.NewMsgTx(2)
		coin.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: chainhash.HashH(fmt.Append(nil, s.next, i))}, []byte{0x51}, nil))
		coin.AddTxOut(wire.NewTxOut(each, from.Script))
		hash := coin.TxHash()
		tx.AddTxIn(&wire.TxIn{PreviousOutPoint: *wire.NewOutPoint(&hash, 0), Sequence: wire.MaxTxInSequenceNum - 2})
		var raw bytes.Buffer
		if err := coin.Serialize(&raw); err != nil {
			return nil, fmt.Errorf("encode a coin: %w", err)
		}
		req.Inputs = append(req.Inputs, &ferryv1.UTXOInput{PreviousTx: raw.Bytes(), Path: from.Path})
	}
	tx.AddTxOut(wire.NewTxOut(int64(paid), script))
	var raw bytes.Buffer
	if err := tx.Serialize(&raw); err != nil {
		return nil, fmt.Errorf("encode a payout: %w", err)
	}
	req.UnsignedTx = raw.Bytes()
	return req, nil
}

// signerAuthority is that of a swap from ETH to BTC, whose deposit is attested.
func signerAuthority(n int, now time.Time) (*ferryv1.Authority, swap.Quote, error) {
	q := newQuote(asset.Pair{From: asset.ETH, To: asset.BTC}, now)
	signedQuote, err := swap.SignQuote(q, quoteKey)
	if err != nil {
		return nil, q, err
	}
	r := swap.Receipt{SwapID: swap.NewID(swap.SwapPrefix, now), QuoteID: q.ID, QuoteHash: swap.HashDocument(signedQuote),
		DepositChain: asset.Ethereum, DepositAsset: asset.ETH, DepositAddress: ethereumAddress, DepositPath: "m/44'/60'/0'/0/0",
		PayoutAddress: bitcoinAddress, RefundAddress: ethereumAddress, Policy: swap.RefundPolicy(), SecretHash: fmt.Sprintf("%x", sha256.Sum256(nil)),
		IssuedAt: q.IssuedAt, DepositBy: q.IssuedAt.Add(20 * time.Minute), ConfirmBy: q.IssuedAt.Add(2 * time.Hour)}
	signedReceipt, err := swap.SignReceipt(r, attestKey)
	if err != nil {
		return nil, q, err
	}
	deposit := fmt.Sprintf("%s:0x%x:0", asset.Ethereum, sha256.Sum256(fmt.Append(nil, n)))
	attested, err := swap.SignDepositAttestation(swap.DepositAttestation{SwapID: r.SwapID, ReceiptHash: swap.HashDocument(signedReceipt), Chain: asset.Ethereum,
		DepositID: deposit, Address: r.DepositAddress, Amount: q.Deposit, Height: 1, BlockHash: fmt.Sprintf("0x%x", sha256.Sum256(nil)), Depth: 3,
		Software: "geth", IssuedAt: now}, attestKey)
	if err != nil {
		return nil, q, err
	}
	return &ferryv1.Authority{Purpose: string(swap.PurposePayout), SignedQuote: signedQuote, SignedReceipt: signedReceipt,
		Deposits:           []*ferryv1.AuthorityDeposit{{DepositId: deposit, Units: q.Deposit.Units.String()}},
		SignedAttestations: []string{attested}, FencingToken: 1}, q, nil
}
