package signer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"ferry/hotwallet/durable"
)

// writeNew writes a file whole or not at all, and never over an existing one: a
// temporary file is written and synced, then linked to its name, which fails if
// that name is taken.
func writeNew(path string, mode os.FileMode, content []byte) error {
	temporary := path + ".tmp"
	if err := writeWhole(temporary, mode, content); err != nil {
		return err
	}
	return durable.Publish(temporary, path)
}

// writeWhole writes and syncs a new file, in place of what a crash left there.
func writeWhole(path string, mode os.FileMode, content []byte) error {
	if err := removeIfThere(path); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return fmt.Errorf("create %s: %w", path, err)
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open folder: %w", err)
	}
	if err := errors.Join(folder.Sync(), folder.Close()); err != nil {
		return fmt.Errorf("sync folder %s: %w", path, err)
	}
	return nil
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove %s: %w", path, err)
	}
	return nil
}

func exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// readSecret reads a file that nobody but its owner may read.
func readSecret(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s has mode %04o: others than its owner may read or change it; chmod 0400 it", path, info.Mode().Perm())
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s has %d bytes, at most %d are expected", path, info.Size(), limit)
	}
	return os.ReadFile(path)
}

// lockFolder keeps a second process from preparing the same folder. Closing the
// file gives the lock back.
func lockFolder(path string) (*os.File, error) {
	folder, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open folder: %w", err)
	}
	if err := unix.Flock(int(folder.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s, which another process may be using: %w", path, err), folder.Close())
	}
	return folder, nil
}
