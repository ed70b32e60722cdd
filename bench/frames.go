package main

import (
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// tableSamples counts a CPU profile's samples, and those with a frame, inlined or not, of
// a function of tablePackage.
func tableSamples(raw []byte) (within, all uint64, err error) {
	const sampleField, locationField, functionField, stringField = 2, 4, 5, 6
	var samples, locations, functions [][]byte
	var texts []string
	plain, err := unpacked(raw)
	if err != nil {
		return 0, 0, err
	}
	err = fields(plain, func(n protowire.Number, _ uint64, body []byte) error {
		switch int(n) {
		case sampleField:
			samples = append(samples, body)
		case locationField:
			locations = append(locations, body)
		case functionField:
			functions = append(functions, body)
		case stringField:
			texts = append(texts, string(body))
		}
		return nil
	})
	if err != nil {
		return 0, 0, err
	}
	ours, err := tableFunctions(functions, texts)
	if err != nil {
		return 0, 0, err
	}
	at, err := locationsOf(locations, ours)
	if err != nil {
		return 0, 0, err
	}
	for _, s := range samples {
		count, found, err := sampleAt(s, at)
		if err != nil {
			return 0, 0, err
		}
		all += count
		if found {
			within += count
		}
	}
	return within, all, nil
}

// tableFunctions are the ids of tablePackage's functions.
func tableFunctions(functions [][]byte, texts []string) (map[uint64]bool, error) {
	const idField, nameField = 1, 2
	ours := map[uint64]bool{}
	for _, f := range functions {
		var id, name uint64
		if err := fields(f, func(n protowire.Number, number uint64, _ []byte) error {
			switch int(n) {
			case idField:
				id = number
			case nameField:
				name = number
			}
			return nil
		}); err != nil {
			return nil, err
		}
		if name < uint64(len(texts)) && strings.HasPrefix(texts[name], tablePackage) {
			ours[id] = true
		}
	}
	return ours, nil
}

// locationsOf are the ids of locations that have a line of one of the functions.
func locationsOf(locations [][]byte, ours map[uint64]bool) (map[uint64]bool, error) {
	const idField, lineField, functionField = 1, 4, 1
	at := map[uint64]bool{}
	for _, l := range locations {
		var id uint64
		found := false
		if err := fields(l, func(n protowire.Number, number uint64, body []byte) error {
			switch int(n) {
			case idField:
				id = number
			case lineField:
				return fields(body, func(n protowire.Number, number uint64, _ []byte) error {
					found = found || int(n) == functionField && ours[number]
					return nil
				})
			}
			return nil
		}); err != nil {
			return nil, err
		}
		at[id] = found
	}
	return at, nil
}

// sampleAt is how often a sample was taken, and whether its stack has such a location.
func sampleAt(raw []byte, at map[uint64]bool) (count uint64, found bool, err error) {
	const locationField, valueField = 1, 2
	err = fields(raw, func(n protowire.Number, number uint64, body []byte) error {
		numbers, err := packed(number, body)
		if err != nil {
			return err
		}
		switch int(n) {
		case locationField:
			for _, id := range numbers {
				found = found || at[id]
			}
		case valueField:
			if count == 0 && len(numbers) > 0 {
				count = numbers[0]
			}
		}
		return nil
	})
	return count, found, err
}

// packed are a repeated field's numbers, written one by one or together.
func packed(number uint64, body []byte) ([]uint64, error) {
	if body == nil {
		return []uint64{number}, nil
	}
	var all []uint64
	for len(body) > 0 {
		v, size := protowire.ConsumeVarint(body)
		if size < 0 {
			return nil, errProfile
		}
		all, body = append(all, v), body[size:]
	}
	return all, nil
}
