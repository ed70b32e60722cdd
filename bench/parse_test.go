package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

func TestParseStat(t *testing.T) {
	t.Parallel()
	line := "4711 (a) b (c) S 12 4711 4711 0 -1 4194560 100 200 0 0 150 50 30 20 20 0 1 0 1000 0 0\n"
	p, err := parseStat([]byte(line))
	if want := (process{pid: 4711, parent: 12, own: 2, waited: 0.5}); err != nil || p != want {
		t.Errorf("%+v, %v; want %+v", p, err, want)
	}
	for _, bad := range []string{"", "1 2 3", "1 (x) S 2 3", "x (a) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15", "1 (a) S x 2 3 4 5 6 7 8 9 10 11 12 13 14 15",
		"1 (a) S 1 2 3 4 5 6 7 8 9 10 11 x 13 14 15"} {
		if p, err := parseStat([]byte(bad)); err == nil {
			t.Errorf("%q gave %+v", bad, p)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("4711 (a) b (c) S 12 4711 4711 0 -1 4194560 100 200 0 0 150 50 30 20 20 0"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if _, err := parseStat(raw); err == nil && !bytes.ContainsRune(raw, ')') {
			t.Error("read a line without a name")
		}
	})
}

func TestParsePgbench(t *testing.T) {
	t.Parallel()
	out := "latency average = 0.6 ms\ninitial connection time = 9 ms\ntps = 20116.25 (without initial connection time)\n"
	if tps, err := parsePgbench([]byte(out)); err != nil || tps != 20116.25 {
		t.Errorf("%f, %v", tps, err)
	}
	for _, bad := range []string{"", "tps = x (without initial connection time)\n", "tps = 0.0 (without initial connection time)\n", "tps = 12 (including connections)\n"} {
		if tps, err := parsePgbench([]byte(bad)); err == nil {
			t.Errorf("%q gave %f", bad, tps)
		}
	}
}

// sample encodes one of a profile: values, and a label by its places in the texts.
func sample(packed bool, key, text uint64, values ...uint64) []byte {
	var s []byte
	if packed {
		var all []byte
		for _, v := range values {
			all = protowire.AppendVarint(all, v)
		}
		s = protowire.AppendBytes(protowire.AppendTag(s, 2, protowire.BytesType), all)
	} else {
		for _, v := range values {
			s = protowire.AppendVarint(protowire.AppendTag(s, 2, protowire.VarintType), v)
		}
	}
	if key == 0 {
		return s
	}
	l := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), key)
	l = protowire.AppendVarint(protowire.AppendTag(l, 2, protowire.VarintType), text)
	return protowire.AppendBytes(protowire.AppendTag(s, 3, protowire.BytesType), l)
}

func zipped(t *testing.T, plain []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestProfileShares(t *testing.T) {
	t.Parallel()
	var plain []byte
	for _, s := range [][]byte{sample(true, 1, 2, 1, 3e9), sample(false, 1, 2, 1, 1e9), sample(true, 1, 3, 1, 2e9), sample(true, 0, 0, 1, 5e9), sample(true, 3, 2, 1, 7e9)} {
		plain = protowire.AppendBytes(protowire.AppendTag(plain, 2, protowire.BytesType), s)
	}
	for _, text := range []string{"", "part", "swapd", "relay"} {
		plain = protowire.AppendString(protowire.AppendTag(plain, 6, protowire.BytesType), text)
	}
	got, err := profileShares(zipped(t, plain))
	if err != nil || got["swapd"] != 4 || got["relay"] != 2 || got[""] != 12 || len(got) != 3 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := profileShares(zipped(t, plain[:len(plain)-2])); !errors.Is(err, errProfile) {
		t.Errorf("a cut profile: %v", err)
	}
	if _, err := profileShares([]byte("no gzip")); err == nil {
		t.Error("a text was read as a profile")
	}
}

func TestRanked(t *testing.T) {
	t.Parallel()
	if got := ranked(map[string]float64{"a": 1, "b": 3, "c": 0.001}, 4); got != "b 75 %, a 25 %" {
		t.Error(got)
	}
	if got := ranked(nil, 1); !strings.Contains(got, "too little") {
		t.Error(got)
	}
}
