package durable_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
	"pgregory.net/rapid"

	"ferry/hotwallet/durable"
	"ferry/swap/asset"
)

var kind = durable.Kind{Name: "the clerk's book", Format: "book 1", Loss: "it would be written twice", Others: "another clerk",
	Buckets: [][]byte{[]byte("pages")}}

// A file is made once, opened by one at a time, and only as what it is.
func TestFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "book")
	refused := func(k durable.Kind, keys, sentence string, is error) {
		t.Helper()
		db, err := k.Open(path, keys)
		if err == nil {
			t.Fatal(db.Close(), "it was opened")
		}
		if !strings.Contains(err.Error(), sentence) || is != nil && !errors.Is(err, is) {
			t.Errorf("%v, want one that says %q", err, sentence)
		}
	}
	refused(kind, "mine", "it would be written twice", fs.ErrNotExist)
	// What a crash left unfinished is no obstacle.
	if err := os.WriteFile(path+".tmp", []byte("half a book"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := kind.Create(path, "mine"); err != nil {
		t.Fatal(err)
	}
	if err := kind.Create(path, "theirs"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("made again: %v", err)
	}
	db, err := kind.Open(path, "mine")
	if err != nil {
		t.Fatal(err)
	}
	refused(kind, "mine", "in use by another process", nil)
	if _, err := kind.TryOpen(path, "mine"); !errors.Is(err, bolterrors.ErrTimeout) {
		t.Errorf("tried while it is in use: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	refused(kind, "theirs", "belongs to another clerk", nil)
	if db, err = kind.TryOpen(path, "mine"); err != nil || db.Close() != nil {
		t.Errorf("tried while it is free: %v", err)
	}
	newer, wider := kind, kind
	newer.Format, wider.Buckets = "book 2", [][]byte{[]byte("pages"), []byte("index")}
	refused(newer, "mine", "has format", nil)
	refused(wider, "mine", "bucket index is missing", nil)
	if err := os.WriteFile(path, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(kind, "mine", "open the clerk's book", nil)
}

// Whatever tokens come in whatever order, on either chain: one is let through if and
// only if none greater came before it on its chain, and the greatest stays.
func TestFence(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "fence")
	db, err := bolt.Open(path, 0o600, &bolt.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		highest := map[asset.Chain]uint64{}
		tokens := rapid.SliceOfN(rapid.OneOf(rapid.Uint64Range(1, 5), rapid.Uint64Min(1)), 1, 20).Draw(t, "tokens")
		err := db.Update(func(tx *bolt.Tx) error {
			name := []byte("fence")
			if tx.Bucket(name) != nil {
				if err := tx.DeleteBucket(name); err != nil {
					return err
				}
			}
			bucket, err := tx.CreateBucket(name)
			if err != nil {
				return err
			}
			for _, token := range tokens {
				chain := rapid.SampledFrom(asset.Chains()).Draw(t, "chain")
				newer, err := durable.RaiseFence(bucket, chain, token)
				if err != nil {
					return err
				}
				want := uint64(0)
				if token < highest[chain] {
					want = highest[chain]
				}
				highest[chain] = max(highest[chain], token)
				if newer != want || durable.Fence(bucket, chain) != highest[chain] {
					t.Fatalf("token %d: newer %d, kept %d; want %d, %d", token, newer, durable.Fence(bucket, chain), want, highest[chain])
				}
			}
			return nil
		})
		if err != nil {
			t.Fatalf("%v", err)
		}
	})
}
