package attest

import (
	"encoding/json"
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"ferry/hotwallet/durable"
	"ferry/hotwallet/keys"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/crash"
)

// record is one receipt signed.
type record struct {
	// RequestHash is of the whole request; only an equal one gets the receipt.
	RequestHash   string      `json:"request_hash"`
	QuoteID       string      `json:"quote_id"`
	Chain         asset.Chain `json:"chain"`
	Index         uint32      `json:"index"`
	SignedReceipt string      `json:"signed_receipt"`
}

// fieldToken names the caller's lease in refusals.
const fieldToken = "fencing_token"

// attest has the receipt of a request signed. It is decided and recorded in one
// durable transaction, so no two requests are decided side by side, and the receipt
// is returned only once it is on disk. A refusal keeps nothing but a newer token.
func (s *store) attest(r request, hash string, quote swap.Quote, sign func(path string) (string, error)) (string, error) {
	fresh := record{RequestHash: hash, QuoteID: quote.ID, Chain: quote.DepositChain(), Index: r.Index}
	var refusal error
	err := s.db.Update(func(tx *bolt.Tx) (err error) {
		if refusal, err = raiseFence(tx, fresh.Chain, r.Token); err != nil || refusal != nil {
			return err
		}
		// Since the caller looked, the same request may have been answered.
		known, found, err := find(tx, r.SwapID)
		if err != nil {
			return err
		}
		if found && known.RequestHash == hash {
			fresh = known
			return nil
		}
		path, refused, err := s.judge(tx, r, quote)
		if refusal = refused; err != nil || refusal != nil {
			return err
		}
		if fresh.SignedReceipt, err = sign(path); err != nil {
			return err
		}
		if err := s.remember(tx, r.SwapID, fresh); err != nil {
			return err
		}
		crash.Point("attest.commit.before")
		if s.beforeCommit != nil {
			return s.beforeCommit()
		}
		return nil
	})
	switch {
	case err != nil:
		return "", fmt.Errorf("attest %s: %w", r.SwapID, err)
	case refusal != nil:
		return "", refusal
	}
	crash.Point("attest.commit.after")
	return fresh.SignedReceipt, nil
}

// raiseFence refuses a token older than one seen on the chain, and keeps a newer.
func raiseFence(tx *bolt.Tx, chain asset.Chain, token uint64) (refusal, err error) {
	newer, err := durable.RaiseFence(tx.Bucket(bucketFence), chain, token)
	if err != nil || newer == 0 {
		return nil, err
	}
	return refuse(fieldToken, fmt.Sprint(newer), "The caller's lease is older than one seen before."), nil
}

// repeat returns the receipt of exactly this request, "" if there is none. It writes
// only where the token is a newer one.
func (s *store) repeat(r request, hash string) (signed string, err error) {
	var known record
	var seen uint64
	err = s.db.View(func(tx *bolt.Tx) error {
		found, ok, err := find(tx, r.SwapID)
		if ok && found.RequestHash == hash {
			known, seen = found, durable.Fence(tx.Bucket(bucketFence), found.Chain)
		}
		return err
	})
	if err != nil || known.SignedReceipt == "" || r.Token == seen {
		return known.SignedReceipt, err
	}
	var refusal error
	err = s.db.Update(func(tx *bolt.Tx) (err error) {
		refusal, err = raiseFence(tx, known.Chain, r.Token)
		return err
	})
	if err := errors.Join(err, refusal); err != nil {
		return "", err
	}
	return known.SignedReceipt, nil
}

// find reads a swap's receipt.
func find(tx *bolt.Tx, swapID string) (known record, found bool, err error) {
	raw := tx.Bucket(bucketSwap).Get([]byte(swapID))
	if raw == nil {
		return known, false, nil
	}
	if err := json.Unmarshal(raw, &known); err != nil {
		return known, false, fmt.Errorf("decode the receipt of %s: %w", swapID, err)
	}
	return known, true, nil
}

// judge tells a refusal from a failure, and returns the path of the address.
func (s *store) judge(tx *bolt.Tx, r request, quote swap.Quote) (path string, refusal, err error) {
	if err = s.refuse(tx, r, quote); err == nil {
		path, err = s.derive(quote.DepositChain(), r)
	}
	var refused *swap.Error
	if errors.As(err, &refused) {
		return "", refused, nil
	}
	return path, nil, err
}

// refuse refuses what was attested before, what lies too far ahead, and addresses
// of our own.
func (s *store) refuse(tx *bolt.Tx, r request, quote swap.Quote) error {
	chain := quote.DepositChain()
	if tx.Bucket(bucketSwap).Get([]byte(r.SwapID)) != nil {
		return refuse("terms.swap_id", "", "The swap has a receipt for another request.")
	}
	if tx.Bucket(bucketQuote).Get([]byte(quote.ID)) != nil {
		return refuse("terms.signed_quote", "", "The quote has a receipt for another swap.")
	}
	if tx.Bucket(bucketIndex).Get(indexKey(chain, r.Index)) != nil {
		return refuse("index", "", "The index was attested for another swap.")
	}
	if raised := number(tx.Bucket(bucketRaised), string(chain)); r.Index < raised {
		return refuse("index", "", "The index was issued before the attestor's memory was lost.")
	}
	if limit := s.limit(tx, chain); r.Index >= limit {
		return refuse("index", fmt.Sprint(limit-1), "The index is too far ahead of those attested.")
	}
	if s.holds(tx, quote.PayoutChain(), r.PayoutAddress) {
		return swap.Refuse(swap.CodeForbiddenAddress, "terms.payout_address", "", "The payout address is one of our own.")
	}
	if s.holds(tx, chain, r.RefundAddress) {
		return swap.Refuse(swap.CodeForbiddenAddress, "terms.refund_address", "", "The refund address is one of our own.")
	}
	return nil
}

// derive compares the address with the one derived here and returns its path.
func (s *store) derive(chain asset.Chain, r request) (string, error) {
	key, err := s.accounts.Derive(chain, keys.Deposit, keys.External, r.Index)
	if err != nil {
		return "", err
	}
	if key.Address != r.Address {
		return "", refuse("address", "", "The address is not the one of this index.")
	}
	return key.Path, nil
}

// remember writes a receipt, and our own addresses that come into reach by it.
func (s *store) remember(tx *bolt.Tx, swapID string, fresh record) error {
	raw, err := json.Marshal(fresh)
	if err != nil {
		return fmt.Errorf("encode record: %w", err)
	}
	err = errors.Join(
		tx.Bucket(bucketSwap).Put([]byte(swapID), raw),
		tx.Bucket(bucketQuote).Put([]byte(fresh.QuoteID), []byte(swapID)),
		tx.Bucket(bucketIndex).Put(indexKey(fresh.Chain, fresh.Index), []byte(swapID)))
	if err != nil {
		return fmt.Errorf("record the receipt: %w", err)
	}
	high := tx.Bucket(bucketHighWater)
	if fresh.Index >= number(high, string(fresh.Chain)) {
		if err := putNumber(high, string(fresh.Chain), fresh.Index+1); err != nil {
			return fmt.Errorf("raise the high water: %w", err)
		}
	}
	return s.deriveOwn(tx, fresh.Chain, keys.Deposit, keys.External, s.limit(tx, fresh.Chain))
}

// limit is the first deposit index that is not yet in reach.
func (s *store) limit(tx *bolt.Tx, chain asset.Chain) uint32 {
	return min(number(tx.Bucket(bucketHighWater), string(chain))+s.ahead, maxIndex)
}

// deriveOwn completes the addresses of a branch that count as ours up to, and
// without, an index.
func (s *store) deriveOwn(tx *bolt.Tx, chain asset.Chain, role keys.Role, branch, until uint32) error {
	derived, own := tx.Bucket(bucketDerived), tx.Bucket(bucketOwn)
	name := fmt.Sprintf("%s:%d:%d", chain, role, branch)
	from := number(derived, name)
	if from >= until {
		return nil
	}
	for index := from; index < until; index++ {
		key, err := s.accounts.Derive(chain, role, branch, index)
		if err != nil {
			return err
		}
		if err := own.Put(addressKey(chain, key.Address), []byte(key.Path)); err != nil {
			return fmt.Errorf("record our address: %w", err)
		}
	}
	return putNumber(derived, name, until)
}

func indexKey(chain asset.Chain, index uint32) []byte { return fmt.Appendf(nil, "%s:%d", chain, index) }

func addressKey(chain asset.Chain, address string) []byte {
	return fmt.Appendf(nil, "%s:%s", chain, address)
}

func refuse(field, limit, message string) error {
	return swap.Refuse(swap.CodeRefused, field, limit, message)
}
