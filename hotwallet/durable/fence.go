package durable

import (
	"encoding/binary"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"ferry/swap/asset"
)

// Fence is the highest fencing token kept of a chain, 0 before any. The bucket holds
// chain → token, 8 bytes big-endian.
func Fence(bucket *bolt.Bucket, chain asset.Chain) uint64 {
	raw := bucket.Get([]byte(chain))
	if raw == nil {
		return 0
	}
	return binary.BigEndian.Uint64(raw)
}

// RaiseFence keeps the token if it is the newest of its chain. Where a newer one has
// been seen it returns that and changes nothing: the caller's lease is over, however
// alive it believes itself. Otherwise it returns 0.
func RaiseFence(bucket *bolt.Bucket, chain asset.Chain, token uint64) (newer uint64, err error) {
	seen := Fence(bucket, chain)
	if token <= seen {
		if token < seen {
			return seen, nil
		}
		return 0, nil
	}
	if err := bucket.Put([]byte(chain), binary.BigEndian.AppendUint64(nil, token)); err != nil {
		return 0, fmt.Errorf("keep the fencing token: %w", err)
	}
	return 0, nil
}
