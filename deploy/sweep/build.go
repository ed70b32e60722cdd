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

// build makes every program with the tags in a folder, beside links to the nodes.
func build(ctx context.Context, bin, nodes, tags string, packages ...string) error {
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return fmt.Errorf("make the folder of programs: %w", err)
	}
	args := append([]string{"build", "-tags", tags, "-o", bin + "/"}, packages...)
	if out, err := exec.CommandContext(ctx, "go", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("build with %s: %w: %s", tags, err, out)
	}
	for _, node := range []string{"btcd", "geth"} {
		target, err := filepath.Abs(filepath.Join(nodes, node))
		if err != nil {
			return fmt.Errorf("find %s: %w", node, err)
		}
		if err := relink(target, filepath.Join(bin, node)); err != nil {
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
