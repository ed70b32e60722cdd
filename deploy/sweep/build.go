package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

// build makes programs with the tags in a folder.
func build(ctx context.Context, bin, tags string, packages ...string) error {
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return fmt.Errorf("make the folder of programs: %w", err)
	}
	args := append([]string{"build", "-tags", tags, "-o", bin + "/"}, packages...)
	if out, err := exec.CommandContext(ctx, "go", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("build with %s: %w: %s", tags, err, out)
	}
	return nil
}

// outfit makes a cluster's own folder of programs: links to the built ones and to
// those of others, so that one can be exchanged.
func outfit(own, built, others string) error {
	if err := os.MkdirAll(own, 0o755); err != nil {
		return fmt.Errorf("make the folder of programs: %w", err)
	}
	programs, err := os.ReadDir(built)
	if err != nil {
		return fmt.Errorf("list the built programs: %w", err)
	}
	for _, p := range programs {
		if err := relink(filepath.Join(built, p.Name()), filepath.Join(own, p.Name())); err != nil {
			return err
		}
	}
	for _, name := range []string{"btcd", "geth", "apache-kafka"} {
		target, err := filepath.Abs(filepath.Join(others, name))
		if err != nil {
			return fmt.Errorf("find %s: %w", name, err)
		}
		if err := relink(target, filepath.Join(own, name)); err != nil {
			return err
		}
	}
	return nil
}

// relink makes a link, in place of one that is there.
func relink(target, link string) error {
	if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("replace the link %s: %w", link, err)
	}
	if err := os.Symlink(target, link); err != nil {
		return fmt.Errorf("link %s: %w", link, err)
	}
	return nil
}
