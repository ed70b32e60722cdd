package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// Kind is one sort of file.
type Kind struct {
	// Name is how people call it: "the signer's memory".
	Name string
	// Format is written into it, with its version.
	Format string
	// Loss says what could happen without it, Others what else it may belong to.
	Loss, Others string
	// Buckets are those it must have, besides its own, Added those that files made
	// before there were such have not: Open makes them.
	Buckets [][]byte
	Added   [][]byte
}

// bucketMeta: "format" → Kind.Format, "keys" → the fingerprint of the keys.
var bucketMeta = []byte("meta")

// How long another process has to let go of the file. bbolt tries once before it looks at
// the time, and takes zero for ever.
const (
	lockWait = time.Second
	noWait   = time.Nanosecond
)

// Create makes an empty file for the keys with this fingerprint, whole or not at
// all. Where there is one already the error wraps fs.ErrExist.
func (k Kind) Create(path, keys string) error {
	temporary := path + ".tmp"
	if err := removeIfThere(temporary); err != nil {
		return err
	}
	db, err := bolt.Open(temporary, 0o600, &bolt.Options{Timeout: lockWait})
	if err != nil {
		return fmt.Errorf("create %s: %w", k.Name, err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		for _, name := range append([][]byte{bucketMeta}, k.Buckets...) {
			if _, err := tx.CreateBucket(name); err != nil {
				return fmt.Errorf("create bucket %s: %w", name, err)
			}
		}
		if err := k.add(tx); err != nil {
			return err
		}
		meta := tx.Bucket(bucketMeta)
		return errors.Join(meta.Put([]byte("format"), []byte(k.Format)), meta.Put([]byte("keys"), []byte(keys)))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("create %s: %w", k.Name, err)
	}
	return Publish(temporary, path)
}

// Open opens the file that was created for the keys. A missing one is an error that
// wraps fs.ErrNotExist: whoever has forgotten would do it again.
func (k Kind) Open(path, keys string) (*bolt.DB, error) { return k.open(path, keys, lockWait) }

// TryOpen is Open without waiting: where another process has the file, the error wraps
// bbolt's ErrTimeout at once.
func (k Kind) TryOpen(path, keys string) (*bolt.DB, error) { return k.open(path, keys, noWait) }

func (k Kind) open(path, keys string, wait time.Duration) (*bolt.DB, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("%s %s is missing: without it %s: %w", k.Name, filepath.Base(path), k.Loss, err)
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: wait})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("%s %s is in use by another process: %w", k.Name, path, err)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s %s: %w", k.Name, path, err)
	}
	complete := false
	err = db.View(func(tx *bolt.Tx) error {
		complete = k.complete(tx)
		return k.check(tx, path, keys)
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if complete {
		return db, nil
	}
	if err := db.Update(k.add); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s %s: %w", k.Name, path, err), db.Close())
	}
	return db, nil
}

// complete reports whether all added buckets are there.
func (k Kind) complete(tx *bolt.Tx) bool {
	return !slices.ContainsFunc(k.Added, func(name []byte) bool { return tx.Bucket(name) == nil })
}

// add makes the added buckets that are not there.
func (k Kind) add(tx *bolt.Tx) error {
	for _, name := range k.Added {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return fmt.Errorf("create bucket %s: %w", name, err)
		}
	}
	return nil
}

func (k Kind) check(tx *bolt.Tx, path, keys string) error {
	for _, name := range append([][]byte{bucketMeta}, k.Buckets...) {
		if tx.Bucket(name) == nil {
			return fmt.Errorf("%s is not %s: bucket %s is missing", path, k.Name, name)
		}
	}
	meta := tx.Bucket(bucketMeta)
	if format := string(meta.Get([]byte("format"))); format != k.Format {
		return fmt.Errorf("%s has format %.40q, not %q", path, format, k.Format)
	}
	if string(meta.Get([]byte("keys"))) != keys {
		return fmt.Errorf("%s belongs to %s", path, k.Others)
	}
	return nil
}

// Publish gives a finished file its name, durably and never over another: then the
// error wraps fs.ErrExist.
func Publish(temporary, path string) error {
	if err := os.Link(temporary, path); err != nil {
		return fmt.Errorf("name %s: %w", path, err)
	}
	if err := removeIfThere(temporary); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("open folder: %w", err)
	}
	if err := errors.Join(folder.Sync(), folder.Close()); err != nil {
		return fmt.Errorf("sync folder %s: %w", filepath.Dir(path), err)
	}
	return nil
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove %s: %w", path, err)
	}
	return nil
}
