package parts

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

const (
	maxLogBytes  = 16 << 20 // a larger log is set aside at the next start, over the one set aside before
	maxTailBytes = 4 << 10
	maxTailLines = 20
)

// processLog is the file that takes a child's output. The child writes to it directly, so nothing is lost when either dies.
type processLog struct {
	file  *os.File
	start int64 // where this run's output begins
}

func openLog(path string) (*processLog, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case info.Size() > maxLogBytes:
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, fmt.Errorf("setting the old log aside: %w", err)
		}
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &processLog{file: file, start: end}, nil
}

func (l *processLog) close() error { return l.file.Close() }

// tail is the end of what this run wrote, at most maxTailLines lines, each indented; empty if it wrote nothing or the file
// cannot be read, since it only ever decorates another error.
func (l *processLog) tail() string {
	info, err := l.file.Stat()
	if err != nil {
		return ""
	}
	from := max(l.start, info.Size()-maxTailBytes)
	text, err := io.ReadAll(io.NewSectionReader(l.file, from, maxTailBytes))
	if err != nil {
		return ""
	}
	text = bytes.TrimSpace(bytes.ToValidUTF8(text, []byte("?")))
	if len(text) == 0 {
		return ""
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) > maxTailLines {
		lines = lines[len(lines)-maxTailLines:]
	}
	return "    " + strings.Join(lines, "\n    ")
}
