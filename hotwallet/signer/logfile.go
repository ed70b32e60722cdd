package signer

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// The log's files.
const (
	logName = "log"
	// segmentSize is from how many bytes on a file of the log is followed by another;
	// no more than what one group of decisions adds comes beyond it.
	segmentSize = 16 << 20
	// maxSegments is how many there may be in the folder: the signer stops before it
	// has more, and goes on when the oldest are moved elsewhere.
	maxSegments = 256
)

// errLog is wrapped by what is wrong with the log.
var errLog = errors.New("the signer's log is not what its memory says")

// logFiles appends to the newest file of the log.
type logFiles struct {
	dir     string
	file    *os.File
	segment uint64
	size    int64
	// full is segmentSize, and most maxSegments, but in tests.
	full int64
	most int
	// unsynced is set by tests that kill no machine.
	unsynced bool
	// syncing is what has become of the sync of what was written last; nil when nothing
	// is on its way.
	syncing chan error
	// syncs counts the syncs that were begun, for tests.
	syncs int
}

func segmentPath(dir string, n uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%06d.jsonl", n))
}

// segments are the numbers of the files that are there, in order.
func segments(dir string) ([]uint64, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the log's folder: %w", err)
	}
	var all []uint64
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".jsonl")
		n, err := strconv.ParseUint(name, 10, 63)
		if !ok || err != nil || segmentPath(dir, n) != filepath.Join(dir, e.Name()) {
			return nil, fmt.Errorf("%s is no file of the log", filepath.Join(dir, e.Name()))
		}
		all = append(all, n)
	}
	slices.Sort(all)
	return all, nil
}

// openLog opens the log where the memory's head says it ends, and completes the lines
// that a crash kept from it. What does not match is an error that wraps errLog.
func openLog(dir string, head logHead) (*logFiles, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the log's folder: %w", err)
	}
	all, err := segments(dir)
	if err != nil {
		return nil, err
	}
	if n := len(all); n > 0 && all[n-1] > head.Segment {
		return nil, fmt.Errorf("%w: file %d is newer than the newest that the memory knows, %d", errLog, all[n-1], head.Segment)
	}
	l := &logFiles{dir: dir, full: segmentSize, most: maxSegments}
	if err := l.start(head.Segment, head.Size == 0); err != nil {
		return nil, fmt.Errorf("%w: %w", errLog, err)
	}
	if err := l.complete(head); err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

// start opens a file of the log; where nothing is in it yet it may have to be made.
func (l *logFiles) start(segment uint64, empty bool) error {
	flags := os.O_RDWR | os.O_APPEND
	if empty {
		flags |= os.O_CREATE
	}
	file, err := os.OpenFile(segmentPath(l.dir, segment), flags, 0o600)
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	info, err := file.Stat()
	if err == nil {
		err = syncFolder(l.dir)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("open the log: %w", err), file.Close())
	}
	if l.file != nil {
		err = l.file.Close()
	}
	l.file, l.segment, l.size = file, segment, info.Size()
	return err
}

// complete writes what of the pending lines is missing, and checks that the file ends
// with the head's entry, by a chain that is whole.
func (l *logFiles) complete(head logHead) error {
	there := l.size - head.Size
	if there < 0 || there > int64(len(head.Pending)) {
		return fmt.Errorf("%w: file %d has %d bytes, %d and up to %d are expected", errLog, l.segment, l.size, head.Size, len(head.Pending))
	}
	tail := make([]byte, there)
	if _, err := l.file.ReadAt(tail, head.Size); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the log: %w", err)
	}
	// A machine that fails may leave a file with its size and without some of its last pages,
	// zeros, which no line has. From the first of them on it is written again.
	whole := 0
	for whole < len(tail) && tail[whole] == head.Pending[whole] {
		whole++
	}
	for i := whole; i < len(tail); i++ {
		if tail[i] != head.Pending[i] && tail[i] != 0 {
			return fmt.Errorf("%w: its last lines in file %d are others", errLog, l.segment)
		}
	}
	if whole < len(tail) {
		if err := l.file.Truncate(head.Size + int64(whole)); err != nil {
			return fmt.Errorf("cut what a crash left of the log: %w", err)
		}
		l.size = head.Size + int64(whole)
	}
	if err := l.write(head.Pending[whole:]); err != nil {
		return err
	}
	// Also where all is there: it may be in the machine's memory only, and what is pending is
	// forgotten with the next decision.
	if l.syncing == nil {
		l.sync()
	}
	if err := l.synced(); err != nil {
		return err
	}
	if l.size == 0 {
		return nil // a file that has just been begun
	}
	end, _, err := readSegment(segmentPath(l.dir, l.segment), nil, nil)
	if err != nil {
		return fmt.Errorf("%w: %w", errLog, err)
	}
	if end == nil || end.Number != head.Number || end.Hash != head.Hash {
		return fmt.Errorf("%w: file %d does not end with entry %d as it was written", errLog, l.segment, head.Number)
	}
	return nil
}

// append writes the head's pending lines, and has them be synced meanwhile: the memory has
// them on disk, for the next start, until something else is pending. Before that synced says
// that they are on disk here too.
func (l *logFiles) append(head logHead) error {
	if head.Segment != l.segment {
		if err := l.start(head.Segment, true); err != nil {
			return err
		}
	}
	if l.size != head.Size {
		return fmt.Errorf("%w: file %d was meant to go on at byte %d, not %d", errLog, l.segment, head.Size, l.size)
	}
	return l.write(head.Pending)
}

func (l *logFiles) write(lines []byte) error {
	if len(lines) == 0 {
		return nil
	}
	if _, err := l.file.Write(lines); err != nil {
		return fmt.Errorf("write the log: %w", err)
	}
	l.size += int64(len(lines))
	if l.unsynced {
		return nil
	}
	l.sync()
	return nil
}

// sync begins one of what was written.
func (l *logFiles) sync() {
	done, file := make(chan error, 1), l.file
	l.syncs++
	go func() { done <- file.Sync() }()
	l.syncing = done
}

// synced returns once all that was written is on disk. After an error nobody knows what is.
func (l *logFiles) synced() error {
	if l.syncing == nil {
		return nil
	}
	err := <-l.syncing
	l.syncing = nil
	if err != nil {
		return fmt.Errorf("sync the log: %w", err)
	}
	return nil
}

// intact reports what has become of the newest file since it was written to last: nobody
// else has any business with it.
func (l *logFiles) intact() error {
	open, err := l.file.Stat()
	if err != nil {
		return fmt.Errorf("look at the log: %w", err)
	}
	named, err := os.Stat(segmentPath(l.dir, l.segment))
	if err != nil {
		return fmt.Errorf("%w: %w", errLog, err)
	}
	if !os.SameFile(open, named) || open.Size() != l.size {
		return fmt.Errorf("%w: file %d was cut, added to or replaced", errLog, l.segment)
	}
	return nil
}

// room reports whether another file may be begun, where the head is about to.
func (l *logFiles) room(next logHead) error {
	if next.Segment == l.segment {
		return nil
	}
	all, err := segments(l.dir)
	if err != nil {
		return err
	}
	if len(all) >= l.most {
		return fmt.Errorf("the log is full: move the oldest of its %d files elsewhere", len(all))
	}
	return nil
}

func (l *logFiles) close() error { return errors.Join(l.synced(), l.file.Close()) }
