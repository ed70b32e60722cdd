package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a document. The database has that of the whole, too.
const (
	// SettingsMost is how many settings one names.
	SettingsMost = 2000
	// DocumentMost is how long it may be as JSON, in bytes.
	DocumentMost = 64 << 10
	pathMost     = 100
	valueMost    = 1000
)

// Document is the settings that a version names: values as texts by their paths, such as
// "pairs.BTC-ETH.spread_bps" and "30". It is never changed once it was handed over.
type Document map[string]string

// ParseDocument reads a document's JSON: one object of texts, no path twice.
func ParseDocument(raw []byte) (Document, error) {
	if len(raw) > DocumentMost {
		return nil, fmt.Errorf("a configuration of %d bytes: at most %d", len(raw), DocumentMost)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return nil, errors.New("a configuration is a JSON object of texts")
	}
	d := Document{}
	for decoder.More() {
		path, err := decoder.Token()
		if err != nil {
			return nil, fmt.Errorf("a configuration is a JSON object of texts: %w", err)
		}
		value, err := decoder.Token()
		if err != nil {
			return nil, fmt.Errorf("a configuration is a JSON object of texts: %w", err)
		}
		name, isText := path.(string)
		text, hasText := value.(string)
		if !isText || !hasText {
			return nil, fmt.Errorf("%.40q: a configuration has texts only", path)
		}
		if _, twice := d[name]; twice {
			return nil, fmt.Errorf("%.100q is set twice", name)
		}
		d[name] = text
	}
	if _, err := decoder.Token(); err != nil {
		return nil, fmt.Errorf("a configuration is a JSON object of texts: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the configuration")
	}
	return d, d.Validate()
}

// Validate checks a document's form, not what it sets.
func (d Document) Validate() error {
	if len(d) > SettingsMost {
		return fmt.Errorf("%d settings: at most %d", len(d), SettingsMost)
	}
	for _, path := range slices.Sorted(maps.Keys(d)) {
		if path == "" || len(path) > pathMost || !printable(path) {
			return fmt.Errorf("%.40q is no path of a setting: 1 to %d printable bytes", path, pathMost)
		}
		if len(d[path]) > valueMost || !printable(d[path]) {
			return fmt.Errorf("%s: a value has at most %d bytes, all printable", path, valueMost)
		}
	}
	raw, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("encode a configuration: %w", err)
	}
	if len(raw) > DocumentMost {
		return fmt.Errorf("a configuration of %d bytes: at most %d", len(raw), DocumentMost)
	}
	return nil
}

// printable reports text without control characters, which could steer a terminal.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) })
}

// Change is one setting that two documents don't agree on.
type Change struct {
	Path string `json:"path"`
	// From and To are the values; nil where a document does not name it.
	From *string `json:"from"`
	To   *string `json:"to"`
}

// Diff lists what is different in the second document, by path.
func Diff(from, to Document) []Change {
	var list []Change
	paths := slices.Concat(slices.Collect(maps.Keys(from)), slices.Collect(maps.Keys(to)))
	slices.Sort(paths)
	for _, path := range slices.Compact(paths) {
		c := Change{Path: path}
		if v, ok := from[path]; ok {
			c.From = &v
		}
		if v, ok := to[path]; ok {
			c.To = &v
		}
		if c.From == nil || c.To == nil || *c.From != *c.To {
			list = append(list, c)
		}
	}
	return list
}

// Apply is a copy of the document with changes made. A change that does not begin with
// what the document says is refused.
func (d Document) Apply(changes []Change) (Document, error) {
	next := maps.Clone(d)
	if next == nil {
		next = Document{}
	}
	for _, c := range changes {
		had, ok := d[c.Path]
		if ok != (c.From != nil) || ok && had != *c.From {
			return nil, fmt.Errorf("%s is not what the change begins with", c.Path)
		}
		delete(next, c.Path)
		if c.To != nil {
			next[c.Path] = *c.To
		}
	}
	return next, nil
}
