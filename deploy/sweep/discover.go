package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// pointTag compiles the points in.
const pointTag = "crashpoints"

// programs are those with points, and the daemons that run each.
var programs = map[string][]string{
	"gatewayd": {"gatewayd"}, "liquidityd": {"liquidityd"}, "swapd": {"swapd"}, "attestd": {"attestd"}, "signerd": {"signerd"},
	"hotwalletd": {"hotwalletd-bitcoin", "hotwalletd-ethereum"},
}

// programOf is the program that a daemon runs.
func programOf(daemon string) string {
	name, _, _ := strings.Cut(daemon, "-")
	return name
}

// discover finds the points of each built program: the literals of crash.Point in
// the module's packages that it links, as far as the linker kept them.
func discover(ctx context.Context, bin string) (map[string][]string, error) {
	found := map[string][]string{}
	for program := range programs {
		files, err := sources(ctx, program, pointTag)
		if err != nil {
			return nil, err
		}
		built, err := os.ReadFile(filepath.Join(bin, program))
		if err != nil {
			return nil, fmt.Errorf("read the built %s: %w", program, err)
		}
		for _, file := range files {
			names, err := pointsOf(file)
			if err != nil {
				return nil, err
			}
			for _, name := range names {
				if bytes.Contains(built, []byte(name)) && !slices.Contains(found[program], name) {
					found[program] = append(found[program], name)
				}
			}
		}
		if len(found[program]) == 0 {
			return nil, fmt.Errorf("%s has no crash point: was it built with the tag %s?", program, pointTag)
		}
		slices.Sort(found[program])
	}
	return found, nil
}

// sources lists the module's files that a program is built from with the tags.
func sources(ctx context.Context, program, tags string) ([]string, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-tags", tags, "-json=ImportPath,Dir,GoFiles", "ferry/cmd/"+program)
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("list what %s is built from: %w: %s", program, err, problems.String())
	}
	var files []string
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath string   `json:"ImportPath"`
			Dir        string   `json:"Dir"`
			GoFiles    []string `json:"GoFiles"`
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return files, nil
		} else if err != nil {
			return nil, fmt.Errorf("list what %s is built from: %w", program, err)
		}
		if !strings.HasPrefix(p.ImportPath, "ferry/") {
			continue
		}
		for _, f := range p.GoFiles {
			files = append(files, filepath.Join(p.Dir, f))
		}
	}
}

// pointsOf reads the points of one file. A name that is no literal is an error:
// it could not be found in the build.
func pointsOf(path string) ([]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	var names []string
	var wrong error
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || !isPoint(call.Fun) {
			return true
		}
		name := ""
		if len(call.Args) == 1 {
			if literal, ok := call.Args[0].(*ast.BasicLit); ok && literal.Kind == token.STRING {
				name, err = strconv.Unquote(literal.Value)
			}
		}
		if name == "" || err != nil {
			wrong = fmt.Errorf("%s: a crash point's name must be a literal", path)
		}
		names = append(names, name)
		return true
	})
	return names, wrong
}

func isPoint(fun ast.Expr) bool {
	selector, ok := fun.(*ast.SelectorExpr)
	if !ok || selector.Sel.Name != "Point" {
		return false
	}
	pkg, ok := selector.X.(*ast.Ident)
	return ok && pkg.Name == "crash"
}
