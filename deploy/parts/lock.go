package parts

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// lockFile is an exclusive advisory lock (flock(2)) with its holder's pid in it. The kernel releases it when the holder
// ends, however it ends; the file stays, since removing it would let two holders lock two files of one name.
type lockFile struct{ file *os.File }

// heldError says that another process has the lock.
type heldError struct{ pid int } // 0 if the holder has not written it yet

func (e heldError) Error() string {
	if e.pid == 0 {
		return "held by another process"
	}
	return "held by pid " + strconv.Itoa(e.pid)
}

// takeLock fails with a heldError at once if another process, or another lockFile of this one, holds it.
func takeLock(path string) (*lockFile, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644) // the pid in it is for everybody to read
	if err != nil {
		return nil, fmt.Errorf("opening the lock: %w", err)
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = heldError{pid: readPID(file)}
		}
		return nil, errors.Join(err, file.Close())
	}
	if err := errors.Join(file.Truncate(0), writeAt(file, strconv.Itoa(os.Getpid())+"\n")); err != nil {
		return nil, errors.Join(fmt.Errorf("writing the lock: %w", err), file.Close())
	}
	return &lockFile{file: file}, nil
}

// release unlocks by name: closing alone would leave the lock with a child that is being forked at this moment and has not
// closed its copy of the file yet.
func (l *lockFile) release() error {
	return errors.Join(unix.Flock(int(l.file.Fd()), unix.LOCK_UN), l.file.Close())
}

func writeAt(file *os.File, text string) error {
	_, err := file.WriteAt([]byte(text), 0)
	return err
}

func readPID(file *os.File) int {
	text, err := io.ReadAll(io.LimitReader(file, 32))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0
	}
	return pid
}
