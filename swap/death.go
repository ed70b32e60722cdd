package swap

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"ferry/swap/asset"
)

// DeathAttestation is attestd's word on what has become of a payment's anchor, the coin
// or nonce that each of its transactions spends: that it is spent for good, by which
// transaction, and whether that one failed. It speaks of the chain and of no payment;
// what it means for one, Kills says.
type DeathAttestation struct {
	Chain asset.Chain `json:"chain"`
	// Anchor is "<chain>:<txid>:<index>" of a coin or "<chain>:<sender>:<nonce>".
	Anchor string `json:"anchor"`
	// Spent is what Spender has spent: the anchor itself or, where the transaction that
	// would make that coin can't come to be any more, an input of it, or of one that it
	// is made from. The latter exists on UTXO chains only.
	Spent string `json:"spent"`
	// Spender is the txid. Failed: it was mined and moved nothing (account chains).
	Spender string `json:"spender"`
	Failed  bool   `json:"failed"`
	// Height and BlockHash name the block it is in; Depth is how many blocks there were
	// from that one to the best, both counted: the least of the nodes asked.
	Height    int64  `json:"height"`
	BlockHash string `json:"block_hash"`
	Depth     int64  `json:"depth"`
	// Finality is what all nodes asked call the block; FinalityNone where the chain has
	// no such thing.
	Finality Finality `json:"finality,omitempty"`
	// Software is what the node says it is; SecondSoftware what another says that was
	// asked too and agrees, "" where there is none of other software.
	Software       string    `json:"software"`
	SecondSoftware string    `json:"second_software"`
	IssuedAt       time.Time `json:"issued_at"`
}

// SignDeathAttestation signs a with attestd's key.
func SignDeathAttestation(a DeathAttestation, key ed25519.PrivateKey) (string, error) {
	if err := a.Validate(); err != nil {
		return "", err
	}
	return Sign(TypeDeath, a, key)
}

// VerifyDeathAttestation returns the attestation in a signed text, or an error that wraps
// ErrSignature where no trusted key signed it.
func VerifyDeathAttestation(compact string, keys PublicKeys) (DeathAttestation, error) {
	var a DeathAttestation
	if err := verify(TypeDeath, compact, keys, &a); err != nil {
		return DeathAttestation{}, err
	}
	if err := checkTimes(TypeDeath, a.IssuedAt); err != nil {
		return DeathAttestation{}, err
	}
	return a, a.Validate()
}

// Validate reports an attestation with a part missing or malformed.
func (a DeathAttestation) Validate() error {
	account := a.Chain.Family() == asset.Account
	switch {
	case CheckSpend(a.Chain, a.Anchor) != nil || CheckSpend(a.Chain, a.Spent) != nil:
		return fmt.Errorf("death attestation: %.200q or %.200q is no coin or nonce on %.20q", a.Anchor, a.Spent, a.Chain)
	case account && a.Spent != a.Anchor:
		return fmt.Errorf("death attestation of %s: nothing but the nonce itself can be spent on %s", a.Anchor, a.Chain)
	case a.Failed && !account:
		return fmt.Errorf("death attestation of %s: no transaction fails on %s", a.Anchor, a.Chain)
	case !isTxID(a.Chain, a.Spender):
		return fmt.Errorf("death attestation of %s: %.100q is no txid", a.Anchor, a.Spender)
	case a.BlockHash == "" || len(a.BlockHash) > maxBlockHash || a.Height < 0 || a.Depth < 1:
		return fmt.Errorf("death attestation of %s: it names no block, or no depth", a.Anchor)
	case !a.Finality.Known():
		return fmt.Errorf("death attestation of %s: %.20q is no finality", a.Anchor, a.Finality)
	case a.Software == "" || len(a.Software) > maxSoftware || len(a.SecondSoftware) > maxSoftware || a.Software == a.SecondSoftware:
		return fmt.Errorf("death attestation of %s: its node's software is missing, too long, or the same twice", a.Anchor)
	}
	return nil
}

// ErrPaid means that a payment is not dead: one of its own transactions is in the chain,
// and did what it says.
var ErrPaid = errors.New("the payment was made")

// Kills returns nil if no transaction that was signed with this anchor can ever pay any
// more: signed are the txids of all of them. It is ErrPaid where one of them has spent
// the anchor and did not fail.
//
// A txid stands for what was signed: where it commits to signatures (Bitcoin Cash), the
// chain's rules allow no third party another form of them.
func (a DeathAttestation) Kills(anchor string, signed []string) error {
	if a.Anchor != anchor {
		return fmt.Errorf("the attestation is of %s, not of %s", a.Anchor, anchor)
	}
	if slices.Contains(signed, a.Spender) && !a.Failed {
		return fmt.Errorf("%s is spent by %s: %w", anchor, a.Spender, ErrPaid)
	}
	return nil
}

// MeetsDeath reports an attestation that does not meet the rules at a time, for a payment
// of an amount: as deep as no reorganisation goes that is followed and, by the amount, as
// final and as widely agreed as a deposit of it.
func (r DepositRules) MeetsDeath(a DeathAttestation, paid asset.Amount, now time.Time) error {
	needed, ends := r.Dead[a.Chain]
	finality := r.Finality(paid)
	switch {
	case !ends:
		return fmt.Errorf("payments on %s never count as dead here", a.Chain)
	case a.Depth < needed:
		return fmt.Errorf("the spend was %d deep, %d are needed", a.Depth, needed)
	case !a.Finality.Covers(finality):
		return fmt.Errorf("a payment of %s needs a block that is %s", paid, finality)
	case now.Sub(a.IssuedAt) > AttestationAge || a.IssuedAt.Sub(now) > AttestationAge:
		return fmt.Errorf("the attestation is of %s, more than %s from now", a.IssuedAt.Format(time.RFC3339), AttestationAge)
	case r.NeedsSecond(paid) && a.SecondSoftware == "":
		return fmt.Errorf("a payment of %s needs nodes of two kinds of software that agree", paid)
	}
	return nil
}

// EndsForGood reports an attestation that does not meet the rules for every amount, whenever
// it was given: as deep as no reorganisation goes that is followed, and as final and as
// widely agreed as the largest payment needs. Only the age that MeetsDeath asks for is left
// out.
func (r DepositRules) EndsForGood(a DeathAttestation) error {
	needed, ends := r.Dead[a.Chain]
	switch {
	case !ends:
		return fmt.Errorf("payments on %s never count as dead here", a.Chain)
	case a.Depth < needed:
		return fmt.Errorf("the spend was %d deep, %d are needed", a.Depth, needed)
	case limits(r.FinalizedAbove, a.Chain) && !a.Finality.Covers(FinalityFinalized), limits(r.SafeAbove, a.Chain) && !a.Finality.Covers(FinalitySafe):
		return fmt.Errorf("large payments need a block that is more than %q", a.Finality)
	case limits(r.SecondAbove, a.Chain) && a.SecondSoftware == "":
		return errors.New("large payments need nodes of two kinds of software that agree")
	}
	return nil
}

// limits reports whether there is one of an asset on the chain.
func limits(of map[asset.ID]asset.Units, chain asset.Chain) bool {
	for id := range of {
		if a, known := asset.Lookup(id); known && a.Chain == chain {
			return true
		}
	}
	return false
}

// CheckSpend reports a text that is not the one form of a coin or nonce on a chain:
// "<chain>:<txid>:<index>", or "<chain>:<sender>:<nonce>". Whether the sender is an
// address of the network is not looked at.
func CheckSpend(chain asset.Chain, spend string) error {
	if _, known := chain.Native(); !known {
		return fmt.Errorf("chain %.20q is not known", chain)
	}
	parts := strings.Split(spend, ":")
	if len(parts) != 3 || parts[0] != string(chain) {
		return fmt.Errorf("%.200q is no coin or nonce on %s", spend, chain)
	}
	bits := 32
	if chain.Family() == asset.Account {
		bits = 64
		if sender, ok := strings.CutPrefix(parts[1], "0x"); !ok || len(sender) != 40 || strings.Trim(strings.ToLower(sender), hexDigits) != "" {
			return fmt.Errorf("%.200q names no sender", spend)
		}
	} else if !isTxID(chain, parts[1]) {
		return fmt.Errorf("%.200q names no transaction", spend)
	}
	if n, err := strconv.ParseUint(parts[2], 10, bits); err != nil || strconv.FormatUint(n, 10) != parts[2] {
		return fmt.Errorf("%.200q ends with no number in its one form", spend)
	}
	return nil
}

const hexDigits = "0123456789abcdef"

// isTxID reports the one form of a transaction's id on a chain.
func isTxID(chain asset.Chain, txid string) bool {
	if chain.Family() == asset.Account {
		var prefixed bool
		if txid, prefixed = strings.CutPrefix(txid, "0x"); !prefixed {
			return false
		}
	}
	return len(txid) == 64 && strings.Trim(txid, hexDigits) == ""
}
