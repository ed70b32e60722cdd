package mutation

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Mutant is the row's file without the row. The file is read from the module at root.
func (r Row) Mutant(root string) ([]byte, error) {
	source, err := os.ReadFile(filepath.Join(root, r.File))
	if err != nil {
		return nil, fmt.Errorf("row %s: %w", r.Name, err)
	}
	if n := strings.Count(string(source), r.Old); n != 1 || r.Old == r.New {
		return nil, fmt.Errorf("row %s: its text is %d times in %s, not once: %q", r.Name, n, r.File, r.Old)
	}
	return []byte(strings.Replace(string(source), r.Old, r.New, 1)), nil
}

// overlay writes what go build -overlay reads: each mutant in the place of its file.
func (r Row) overlay(root, folder string) (path string, err error) {
	replace := map[string]string{}
	for i, row := range append([]Row{r}, r.Also...) {
		row.Name = r.Name
		mutant, err := row.Mutant(root)
		if err != nil {
			return "", err
		}
		file := filepath.Join(folder, fmt.Sprintf("mutant%d.go", i))
		if err := os.WriteFile(file, mutant, 0o600); err != nil {
			return "", fmt.Errorf("write the mutant of row %s: %w", r.Name, err)
		}
		original, err := filepath.Abs(filepath.Join(root, row.File))
		if err != nil {
			return "", fmt.Errorf("find %s: %w", row.File, err)
		}
		replace[original] = file
	}
	list, err := json.Marshal(map[string]map[string]string{"Replace": replace})
	if err != nil {
		return "", fmt.Errorf("write the overlay of row %s: %w", r.Name, err)
	}
	path = filepath.Join(folder, "overlay.json")
	if err := os.WriteFile(path, list, 0o600); err != nil {
		return "", fmt.Errorf("write the overlay of row %s: %w", r.Name, err)
	}
	return path, nil
}
