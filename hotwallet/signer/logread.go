package signer

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"ferry/swap/asset"
)

// maxLine bounds one line of the log, in bytes: the spends of the largest transaction
// and the amounts of the largest batch are well within.
const maxLine = 256 << 10

// LogReport is what VerifyLog found.
type LogReport struct {
	// First and Last are the numbers of the entries that are there.
	First, Last uint64
	// Hash is the last line's: written down elsewhere, it fixes all before it.
	Hash string
	// Files is how many there are.
	Files int
	// Compared is whether the memory was there to say where the log ends: a signer that
	// runs keeps it for itself.
	Compared bool
	// Newest are the last entries, the oldest first.
	Newest []Entry
}

// VerifyLog reads all of the log of the signer in dir. It is an error if a line was cut
// out, changed or moved; where the signer does not run also if any are missing at the
// end. Files that were moved away from the beginning are no error: First says where it
// begins now.
func VerifyLog(dir string, n asset.Networks, newest int) (LogReport, error) {
	var r LogReport
	logDir := filepath.Join(dir, logName)
	all, err := segments(logDir)
	if err != nil {
		return r, err
	}
	var head *logHead
	for i, segment := range all {
		if i > 0 && segment != all[i-1]+1 {
			return r, fmt.Errorf("file %d of the log is missing", all[i-1]+1)
		}
		end, first, err := readSegment(segmentPath(logDir, segment), head, func(e Entry) {
			r.Newest = append(r.Newest, e)
			r.Newest = r.Newest[max(0, len(r.Newest)-newest):]
		})
		if err != nil {
			return r, err
		}
		if head == nil {
			r.First = first
		}
		if end != nil {
			head = end
		}
	}
	r.Files = len(all)
	if head != nil {
		r.Last, r.Hash = head.Number, head.Hash
	}
	return r, r.compare(dir, n)
}

// readSegment reads one file of the log and returns the head after it, and the number of
// its first entry. before is the head that it follows; nil where the file is the first
// that is there, whose first entry is taken at its word.
func readSegment(path string, before *logHead, each func(Entry)) (end *logHead, first uint64, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, fmt.Errorf("read the log: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	lines := bufio.NewScanner(file)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	lines.Split(wholeLines)
	end = before
	for lines.Scan() {
		if end == nil {
			if end, err = headBefore(lines.Bytes()); err != nil {
				return nil, 0, fmt.Errorf("%s: %w", path, err)
			}
		}
		e, err := end.follows(lines.Bytes())
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", path, err)
		}
		if first == 0 {
			first = e.Number
		}
		if each != nil {
			each(e)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, 0, fmt.Errorf("%s: %w", path, err)
	}
	return end, first, nil
}

// wholeLines splits at line ends, and takes a last line without one for an error.
func wholeLines(data []byte, atEOF bool) (int, []byte, error) {
	advance, token, err := bufio.ScanLines(data, false)
	if err == nil && atEOF && advance == 0 && len(data) > 0 {
		return 0, nil, errors.New("its last line was cut")
	}
	return advance, token, err
}

// headBefore is the head that a line says it follows.
func headBefore(line []byte) (*logHead, error) {
	var e Entry
	if err := json.Unmarshal(line, &e); err != nil || e.Number == 0 {
		return nil, errors.Join(errors.New("its first line is no entry"), err)
	}
	return &logHead{Number: e.Number - 1, Hash: e.Previous}, nil
}

// compare holds what was read against the memory, if that is free.
func (r *LogReport) compare(dir string, n asset.Networks) (err error) {
	public, err := readPublic(dir)
	if err != nil {
		return err
	}
	fingerprint := fingerprintOf(n, public)
	m, err := openMemoryBy(memoryKind.TryOpen, filepath.Join(dir, memoryName), fingerprint)
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil // the signer runs
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	r.Compared = true
	if m.head.Number != r.Last || r.Last > 0 && m.head.Hash != r.Hash {
		return fmt.Errorf("%w: it ends with entry %d, and the last one written is %d (start the signer: it completes what a crash kept from it, or says what is wrong)",
			errLog, r.Last, m.head.Number)
	}
	return nil
}

// logTrouble says what can be done about a log that does not match.
func logTrouble(dir string, err error) error {
	if !errors.Is(err, errLog) {
		return err
	}
	return fmt.Errorf("%w; put the files of %s back as they were, or, where they are lost for good, move what is left of them elsewhere and run signerd log anew --reason \"…\"",
		err, filepath.Join(dir, logName))
}

// BeginLogAnew has the log of the signer in dir, which must not run, go on in a new file,
// where the old ones are lost. What was written before stays fixed by the first line.
func BeginLogAnew(dir string, n asset.Networks, c Change) (err error) {
	if c.Reason == "" || c.By == "" {
		return errors.New("a reason and a name must be given")
	}
	public, err := readPublic(dir)
	if err != nil {
		return err
	}
	if err := ownFolder(dir); err != nil {
		return err
	}
	all, err := segments(filepath.Join(dir, logName))
	if err != nil || len(all) > 0 {
		return errors.Join(err, fmt.Errorf("%d files are in %s: move them elsewhere first", len(all), filepath.Join(dir, logName)))
	}
	m, err := openMemory(filepath.Join(dir, memoryName), fingerprintOf(n, public))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	head := logHead{Number: m.head.Number, Hash: m.head.Hash, Segment: m.head.Segment + 1}
	if err := head.add(Entry{At: c.At, What: loggedAnew, Reason: c.Reason + " (" + c.By + ")"}); err != nil {
		return err
	}
	return m.db.Update(func(tx *bolt.Tx) error { return keepHead(tx, head) })
}
