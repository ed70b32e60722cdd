package main

import (
	"errors"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// message is a field of a profile with these numbers in it, each under its own field.
func message(field protowire.Number, numbers ...[2]uint64) []byte {
	var body []byte
	for _, n := range numbers {
		body = protowire.AppendVarint(protowire.AppendTag(body, protowire.Number(n[0]), protowire.VarintType), n[1])
	}
	return protowire.AppendBytes(protowire.AppendTag(nil, field, protowire.BytesType), body)
}

// Setup: a function of the package, inlined into another's location, and samples with
// and without it. Test: those with it are counted, however deep it stands.
func TestTableSamples(t *testing.T) {
	t.Parallel()
	var plain []byte
	for i, name := range []string{"", "github.com/looplab/fsm.(*FSM).Event", "main.main", "github.com/looplab/fsmother.Run"} {
		plain = protowire.AppendString(protowire.AppendTag(plain, 6, protowire.BytesType), name)
		if i > 0 {
			plain = append(plain, message(5, [2]uint64{1, uint64(i)}, [2]uint64{2, uint64(i)})...)
		}
	}
	for id, functions := range map[uint64][]uint64{10: {2}, 11: {1, 2}, 12: {3}} {
		body := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), id)
		for _, f := range functions {
			body = append(body, message(4, [2]uint64{1, f})...)
		}
		plain = protowire.AppendBytes(protowire.AppendTag(plain, 4, protowire.BytesType), body)
	}
	for _, s := range []struct {
		locations []uint64
		count     uint64
	}{{[]uint64{10, 11}, 3}, {[]uint64{10}, 4}, {[]uint64{12, 10}, 5}} {
		body := sample(true, 0, 0, s.count, 1e7)
		var all []byte
		for _, l := range s.locations {
			all = protowire.AppendVarint(all, l)
		}
		body = protowire.AppendBytes(protowire.AppendTag(body, 1, protowire.BytesType), all)
		plain = protowire.AppendBytes(protowire.AppendTag(plain, 2, protowire.BytesType), body)
	}
	within, all, err := tableSamples(zipped(t, plain))
	if err != nil || within != 3 || all != 12 {
		t.Errorf("%d of %d samples, %v", within, all, err)
	}
	if _, _, err := tableSamples(zipped(t, plain[:len(plain)-2])); !errors.Is(err, errProfile) {
		t.Errorf("a cut profile: %v", err)
	}
	if _, _, err := tableSamples([]byte("no gzip")); err == nil {
		t.Error("a text was read as a profile")
	}
}

// What the table row decides on are whole lives, as swapd would read them.
func TestGroupOfFacts(t *testing.T) {
	t.Parallel()
	steps, err := groupOfFacts()
	if err != nil || len(steps) != lifeLength || len(steps[0]) != batchSize {
		t.Fatalf("%d steps, %v", len(steps), err)
	}
	if err := decideAll(steps, 2); err != nil {
		t.Error(err)
	}
}
