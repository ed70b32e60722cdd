package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// inputMost bounds an input that is committed.
const inputMost = 4 << 10

// copyCorpus copies some of what the target has kept to its package's testdata, unless there is as much already: of all
// lengths, since the short ones alone would all be of what is refused at once.
func (s settings) copyCorpus(p pkg, target string) error {
	from := filepath.Join(s.folder(p), target)
	to := filepath.Join(s.root, filepath.FromSlash(p.path), "testdata", "fuzz", target)
	there, err := sizes(to)
	if err != nil {
		return err
	}
	inputs, err := sizes(from)
	if err != nil {
		return err
	}
	inputs = slices.DeleteFunc(inputs, func(i input) bool { return i.size > inputMost })
	room := min(max(s.keep-len(there), 0), len(inputs))
	if room == 0 {
		return nil
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for n := range room {
		name := inputs[n*len(inputs)/room].name
		raw, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, name), raw, 0o644); err != nil {
			return err
		}
	}
	return nil
}

type input struct {
	name string
	size int64
}

// sizes lists a folder's files, the shortest first; none if there is no folder.
func sizes(folder string) ([]input, error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []input
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		if info.Mode().IsRegular() {
			all = append(all, input{e.Name(), info.Size()})
		}
	}
	slices.SortStableFunc(all, func(a, b input) int { return int(a.size - b.size) })
	return all, nil
}
