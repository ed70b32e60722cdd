package attest

import (
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"ferry/hotwallet/keys"
	"ferry/swap/asset"
)

// Mark is up to where the store keeps one chain's indices from being attested again.
type Mark struct {
	Chain asset.Chain
	// Next is the highest attested index plus one, or what the mark was raised to; 0
	// if none was attested.
	Next uint32
}

// raiseMost is the most by which a mark is raised at once: every index below it is
// derived and kept, here and by hotwalletd, and a mark is never lowered.
const raiseMost = 1_000_000

// ErrMark means that an index can't be a mark.
var ErrMark = errors.New("no index of a deposit address")

// Marks reads every chain's mark from the store at path, which no attestor may have
// open: what a recovery of the hot wallet has to know.
func Marks(path string, accounts keys.Accounts) (marks []Mark, err error) {
	err = withStore(path, accounts, func(db *bolt.DB) error {
		return db.View(func(tx *bolt.Tx) error {
			for _, chain := range asset.Chains() {
				marks = append(marks, Mark{Chain: chain, Next: number(tx.Bucket(bucketHighWater), string(chain))})
			}
			return nil
		})
	})
	return marks, err
}

// Raise makes sure that nothing is ever attested at or below an index of the chain,
// after the store's memory of it was lost or restored from an old copy. It never lowers
// a mark. It returns the mark there is then, durably; receipts signed before are given
// again as ever.
func Raise(path string, accounts keys.Accounts, chain asset.Chain, highest uint32) (next uint32, err error) {
	if _, known := chain.Native(); !known {
		return 0, fmt.Errorf("raise the mark: chain %.20q is not known", chain)
	}
	if highest >= maxIndex-1 {
		return 0, fmt.Errorf("raise the mark to %d: %w", highest, ErrMark)
	}
	err = withStore(path, accounts, func(db *bolt.DB) error {
		return db.Update(func(tx *bolt.Tx) error {
			raised, err := tx.CreateBucketIfNotExists(bucketRaised)
			if err != nil {
				return err
			}
			high := tx.Bucket(bucketHighWater)
			if known := number(high, string(chain)); highest >= known && highest-known >= raiseMost {
				return fmt.Errorf("index %d is more than %d above the mark %d; raise it in steps if that is meant: %w", highest, raiseMost, known, ErrMark)
			}
			next = max(number(high, string(chain)), highest+1)
			return errors.Join(putNumber(high, string(chain), next),
				putNumber(raised, string(chain), max(number(raised, string(chain)), highest+1)))
		})
	})
	if err != nil {
		return 0, fmt.Errorf("raise the mark of %s: %w", chain, err)
	}
	return next, nil
}

// withStore opens the store of the accounts for one look or change.
func withStore(path string, accounts keys.Accounts, do func(db *bolt.DB) error) error {
	whose, err := fingerprint(accounts)
	if err != nil {
		return err
	}
	db, err := storeKind.Open(path, whose)
	if err != nil {
		return err
	}
	return errors.Join(do(db), db.Close())
}
