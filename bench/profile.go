package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/encoding/protowire"
)

// profileMost bounds a profile, unpacked, in bytes.
const profileMost = 256 << 20

var errProfile = errors.New("malformed profile")

// profileShares reads a CPU profile (github.com/google/pprof's profile.proto) as
// the Go runtime writes it and adds up its samples, in seconds, by the value of the
// label partLabel; "" holds those without it.
func profileShares(raw []byte) (map[string]float64, error) {
	plain, err := unpacked(raw)
	if err != nil {
		return nil, err
	}
	const sampleField, stringField = 2, 6
	var samples [][]byte
	var texts []string
	err = fields(plain, func(n protowire.Number, _ uint64, body []byte) error {
		switch int(n) {
		case sampleField:
			samples = append(samples, body)
		case stringField:
			texts = append(texts, string(body))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	shares := map[string]float64{}
	for _, s := range samples {
		name, nanoseconds, err := sampleOf(s, texts)
		if err != nil {
			return nil, err
		}
		shares[name] += float64(nanoseconds) / 1e9
	}
	return shares, nil
}

// unpacked is a profile's message.
func unpacked(raw []byte) ([]byte, error) {
	zipped, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("unpack the profile: %w", err)
	}
	plain, err := io.ReadAll(io.LimitReader(zipped, profileMost))
	if err != nil {
		return nil, fmt.Errorf("unpack the profile: %w", err)
	}
	return plain, nil
}

// sampleOf reads the last value, which is CPU time, and the label's.
func sampleOf(raw []byte, texts []string) (name string, value uint64, err error) {
	const valueField, labelField, keyField, textField = 2, 3, 1, 2
	text := func(i uint64) string {
		if i < uint64(len(texts)) {
			return texts[i]
		}
		return ""
	}
	err = fields(raw, func(n protowire.Number, number uint64, body []byte) error {
		switch int(n) {
		case valueField:
			numbers, err := packed(number, body)
			if err != nil {
				return err
			}
			if len(numbers) > 0 {
				value = numbers[len(numbers)-1]
			}
		case labelField:
			var key, content uint64
			if err := fields(body, func(n protowire.Number, number uint64, _ []byte) error {
				switch int(n) {
				case keyField:
					key = number
				case textField:
					content = number
				}
				return nil
			}); err != nil {
				return err
			}
			if text(key) == partLabel {
				name = text(content)
			}
		}
		return nil
	})
	return name, value, err
}

// fields calls each with every field of a message: a number, or a body.
func fields(raw []byte, each func(n protowire.Number, number uint64, body []byte) error) error {
	for len(raw) > 0 {
		n, kind, size := protowire.ConsumeTag(raw)
		if size < 0 {
			return errProfile
		}
		raw = raw[size:]
		var number uint64
		var body []byte
		switch kind {
		case protowire.VarintType:
			number, size = protowire.ConsumeVarint(raw)
		case protowire.BytesType:
			body, size = protowire.ConsumeBytes(raw)
			if body == nil {
				body = []byte{}
			}
		default:
			size = protowire.ConsumeFieldValue(n, kind, raw)
		}
		if size < 0 {
			return errProfile
		}
		raw = raw[size:]
		if err := each(n, number, body); err != nil {
			return err
		}
	}
	return nil
}
