package attest

import (
	bolt "go.etcd.io/bbolt"

	"ferry/hotwallet/keys"
	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// siblingOf is the chain that a deposit came on, where that is not the receipt's and the
// receipt's addresses have a form there that its keys can spend.
func siblingOf(t swap.Terms, r *ferryv1.AttestDepositRequest) (asset.Chain, bool) {
	paid, ok := asset.Lookup(asset.ID(r.GetAsset()))
	if !ok || paid.Chain == t.Receipt.DepositChain {
		return "", false
	}
	home, ok := keys.HomeOf(paid.Chain)
	return paid.Chain, ok && home == t.Receipt.DepositChain
}

// holds reports that an address is ours, as far as they are derived: by itself, or as
// the form that another chain's address has there.
func (s *store) holds(tx *bolt.Tx, on asset.Chain, address string) bool {
	own := tx.Bucket(bucketOwn)
	if own.Get(addressKey(on, address)) != nil {
		return true
	}
	home, there, ok := keys.HomeAddress(s.accounts.Networks(), on, address)
	return ok && own.Get(addressKey(home, there)) != nil
}
