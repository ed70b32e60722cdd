package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write(t, filepath.Join(root, "b", "x_test.go"), "package b\n\nfunc FuzzTwo(f *testing.F) {}\nfunc FuzzOne(f *testing.F) {\n}\n")
	write(t, filepath.Join(root, "a", "x_test.go"), "package a\n\nfunc FuzzA(g *testing.F) {}\nfunc fuzzNot(f *testing.F) {}\n")
	write(t, filepath.Join(root, "a", "x.go"), "package a\n\nfunc FuzzOutside(f *testing.F) {}\n")
	write(t, filepath.Join(root, ".ferry", "x_test.go"), "package c\n\nfunc FuzzHidden(f *testing.F) {}\n")
	write(t, filepath.Join(root, "a", "testdata", "x_test.go"), "package d\n\nfunc FuzzData(f *testing.F) {}\n")
	for only, want := range map[string]string{"": "a FuzzA;b FuzzOne FuzzTwo", "b FuzzT": "b FuzzTwo", "none": ""} {
		found, err := settings{root: root, only: regexp.MustCompile(only)}.find()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range found {
			got = append(got, strings.Join(append([]string{p.path}, p.targets...), " "))
		}
		if strings.Join(got, ";") != want {
			t.Errorf("%q finds %v, want %s", only, got, want)
		}
	}
}

// Inputs of all lengths are copied, none that is too long, and no more than asked
// for however often it is done.
func TestCopyCorpus(t *testing.T) {
	t.Parallel()
	s := settings{root: t.TempDir(), cache: t.TempDir(), keep: 3}
	p := pkg{path: "a"}
	for name, size := range map[string]int{"one": 1, "two": 2, "ten": 10, "hundred": 100, "thousand": 1000, "long": inputMost + 1} {
		write(t, filepath.Join(s.folder(p), "FuzzA", name), strings.Repeat("x", size))
	}
	for range 2 {
		if err := s.copyCorpus(p, "FuzzA"); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := sizes(filepath.Join(s.root, "a", "testdata", "fuzz", "FuzzA"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, i := range kept {
		names = append(names, i.name)
	}
	if !slices.Equal(names, []string{"one", "two", "hundred"}) {
		t.Errorf("kept %v", names)
	}
	if err := s.copyCorpus(p, "FuzzNothing"); err != nil {
		t.Errorf("a target without inputs: %v", err)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-time", "0s"}, {"-workers", "0"}, {"-keep", "-1"}, {"-only", "("}, {"-no-such-flag"}} {
		if err := run(t.Context(), args, io.Discard); err == nil {
			t.Errorf("%v was taken", args)
		}
	}
	if err := run(t.Context(), []string{"-root", t.TempDir()}, io.Discard); err == nil {
		t.Error("a module without fuzzers passed")
	}
}
