package attest

import (
	"encoding/json"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/crash"
)

// refundRecord is the one refund address of a swap that left it open.
type refundRecord struct {
	Address        string `json:"refund_address"`
	SignedDocument string `json:"signed_document"`
}

// receipt finds the receipt that a swap was given.
func (s *store) receipt(swapID string) (known record, found bool, err error) {
	err = s.db.View(func(tx *bolt.Tx) (err error) {
		known, found, err = find(tx, swapID)
		return err
	})
	return known, found, err
}

// setRefundAddress has a swap's refund address signed, decided and recorded in one
// durable transaction, as attest does: of two at the same time one is signed, and it
// is answered only once it is on disk.
func (s *store) setRefundAddress(swapID string, chain asset.Chain, address string, sign func() (string, error)) (string, error) {
	var fresh refundRecord
	var refusal error
	err := s.db.Update(func(tx *bolt.Tx) error {
		bucket := tx.Bucket(bucketRefund)
		if raw := bucket.Get([]byte(swapID)); raw != nil {
			if err := json.Unmarshal(raw, &fresh); err != nil {
				return fmt.Errorf("decode the refund address of %s: %w", swapID, err)
			}
			if fresh.Address != address {
				refusal = swap.Refuse(swap.CodeRefundAddressSet, fieldRefundAddress, "", "The swap has another refund address, and it stays.")
			}
			return nil
		}
		if s.holds(tx, chain, address) {
			refusal = swap.Refuse(swap.CodeForbiddenAddress, fieldRefundAddress, "", "The refund address is one of our own.")
			return nil
		}
		signed, err := sign()
		if err != nil {
			return err
		}
		fresh = refundRecord{Address: address, SignedDocument: signed}
		raw, err := json.Marshal(fresh)
		if err != nil {
			return fmt.Errorf("encode the refund address: %w", err)
		}
		if err := bucket.Put([]byte(swapID), raw); err != nil {
			return fmt.Errorf("record the refund address: %w", err)
		}
		crash.Point("attest.refund.before")
		if s.beforeCommit != nil {
			return s.beforeCommit()
		}
		return nil
	})
	switch {
	case err != nil:
		return "", fmt.Errorf("set the refund address of %s: %w", swapID, err)
	case refusal != nil:
		return "", refusal
	}
	crash.Point("attest.refund.after")
	return fresh.SignedDocument, nil
}
