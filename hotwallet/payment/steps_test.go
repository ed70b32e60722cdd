package payment_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// steps are the crash points that the sources of payments name, each by the effect that
// it stands before or after, and which of these were met.
type steps struct {
	// named is, for each point, the boundaries of which one has to be met.
	named map[string][]string
	// within are the effects of each function, and the functions that it calls.
	within map[string][]string

	mu  sync.Mutex
	met map[string]bool
}

// newSteps reads the sources of the engine and of the house's payments.
func newSteps(t *testing.T) *steps {
	t.Helper()
	s := &steps{named: map[string][]string{}, within: map[string][]string{}, met: map[string]bool{}}
	var declared []ast.Decl
	for _, folder := range []string{".", "../sweep"} {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			declared = append(declared, file.Decls...)
		}
	}
	for _, d := range declared {
		s.learn(d)
	}
	for _, d := range declared {
		s.read(t, d)
	}
	if len(s.named) < 10 {
		t.Fatalf("only these points were found: %v", s.named)
	}
	return s
}

// learn notes what a function does to other parts, and by which of the package's own.
func (s *steps) learn(d ast.Decl) {
	f, ok := d.(*ast.FuncDecl)
	if !ok {
		return
	}
	ast.Inspect(d, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if _, effect := calls(call); effect != "" {
				s.within[f.Name.Name] = append(s.within[f.Name.Name], effect)
			} else if method, ok := call.Fun.(*ast.SelectorExpr); ok {
				s.within[f.Name.Name] = append(s.within[f.Name.Name], method.Sel.Name)
			}
		}
		return true
	})
}

// effects are those of a function and of what it calls, to a depth.
func (s *steps) effects(name string, depth int) (all []string) {
	if len(s.within[name]) == 0 || depth == 0 {
		return []string{name}
	}
	for _, n := range s.within[name] {
		all = append(all, s.effects(n, depth-1)...)
	}
	return all
}

// read finds the points of a declaration. The effect of a "before" is the next call of
// another part after it, that of an "after" the last one before it.
func (s *steps) read(t *testing.T, d ast.Decl) {
	t.Helper()
	last, waiting := "", ""
	ast.Inspect(d, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		point, effect := calls(call)
		switch {
		case effect != "":
			last = effect
			if waiting != "" {
				s.name(waiting, "before", effect)
			}
			waiting = ""
		case strings.HasSuffix(point, ".before"):
			waiting = point
		case point != "":
			for _, effect := range s.before(d, last) {
				s.name(point, "after", effect)
			}
		}
		return true
	})
	if waiting != "" {
		t.Fatalf("%s stands before nothing", waiting)
	}
}

// before is the last effect before a point; where a declaration has none of its own, all
// those of the functions that it calls.
func (s *steps) before(d ast.Decl, last string) []string {
	if f, ok := d.(*ast.FuncDecl); ok && last == "" {
		return s.effects(f.Name.Name, 3)
	}
	return []string{last}
}

func (s *steps) name(point, when, effect string) {
	s.named[point] = append(s.named[point], when+" "+effect)
	if effect == "stand" { // a payment stands still, or a batch
		s.named[point] = []string{when + " StoreReason", when + " StoreBatchReason"}
	}
}

// calls is the point that a call names, or the effect that it has on another part.
func calls(call *ast.CallExpr) (point, effect string) {
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	switch on := method.X.(type) {
	case *ast.Ident:
		if literal, ok := firstOf(call.Args).(*ast.BasicLit); ok && on.Name == "crash" {
			point, _ = strconv.Unquote(literal.Value) // the parser has read it
			return point, ""
		}
		if method.Sel.Name == "stand" && on.Name == "what" {
			return "", "stand"
		}
	case *ast.SelectorExpr:
		if slices.Contains([]string{"Store", "Payer", "Signer", "Attestor", "Coroner"}, on.Sel.Name) {
			return "", method.Sel.Name
		}
	}
	return "", ""
}

func firstOf(args []ast.Expr) ast.Expr {
	if len(args) == 0 {
		return nil
	}
	return args[0]
}

// meet notes boundaries that were passed.
func (s *steps) meet(boundaries []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range boundaries {
		s.met[b] = true
	}
}

// all fails for each point at which no cell could have died.
func (s *steps) all(t *testing.T) {
	t.Helper()
	for point, boundaries := range s.named {
		if !slices.ContainsFunc(boundaries, func(b string) bool { return s.met[b] }) {
			t.Errorf("no purpose passes %s (%v)", point, boundaries)
		}
	}
}
