package scenario

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	gherkin "github.com/cucumber/gherkin/go/v26"
)

// Scenario is one case of a feature file, with its outline's example filled in.
type Scenario struct {
	// Name is unique among all; Feature is its file's name without the ending.
	Name, Feature string
	Steps         []string
	// Rows are the policy rows it is about (@row:name), Cases the nasty cases of peers
	// (@peer:name) that it answers.
	Rows, Cases []string
	// Pending scenarios are of what is not built yet (@pending): listed, not played.
	Pending bool
	// Exclusive scenarios shake what others would share.
	Exclusive bool
}

// Tags of scenarios.
const (
	tagPending = "@pending"
	tagRow     = "@row:"
	tagPeer    = "@peer:"
)

// maxScenarios bounds what Load reads.
const maxScenarios = 1000

// Load reads every feature file of a folder. A file that is no Gherkin, a step that is
// none of the language's, a tag that is not known and a name that is taken are errors.
func Load(files fs.FS) ([]Scenario, error) {
	names, err := fs.Glob(files, "*.feature")
	if err != nil {
		return nil, fmt.Errorf("list the features: %w", err)
	}
	var all []Scenario
	var errs []error
	for _, name := range names {
		some, err := read(files, name)
		all, errs = append(all, some...), append(errs, err)
	}
	taken := map[string]bool{}
	for _, s := range all {
		if taken[s.Name] {
			errs = append(errs, fmt.Errorf("%s: another scenario is called %q", s.Feature, s.Name))
		}
		taken[s.Name] = true
	}
	if len(all) == 0 || len(all) > maxScenarios {
		errs = append(errs, fmt.Errorf("there are %d scenarios, 1 to %d are taken", len(all), maxScenarios))
	}
	return all, errors.Join(errs...)
}

func read(files fs.FS, name string) (all []Scenario, err error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open a feature: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	ids := 0
	id := func() string { ids++; return strconv.Itoa(ids) }
	document, err := gherkin.ParseGherkinDocument(f, id)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var errs []error
	for _, pickle := range gherkin.Pickles(*document, name, id) {
		s := Scenario{Name: pickle.Name, Feature: strings.TrimSuffix(name, ".feature")}
		for _, tag := range pickle.Tags {
			errs = append(errs, s.tag(tag.Name))
		}
		for _, step := range pickle.Steps {
			s.Steps = append(s.Steps, step.Text)
			found, _, err := find(step.Text)
			if err != nil || step.Argument != nil {
				errs = append(errs, fmt.Errorf("%s: %s: %q: no such step: %w", name, s.Name, step.Text, err))
				continue
			}
			s.Exclusive = s.Exclusive || found.shakes
		}
		all = append(all, s)
	}
	return all, errors.Join(errs...)
}

func (s *Scenario) tag(name string) error {
	row, isRow := strings.CutPrefix(name, tagRow)
	peer, isPeer := strings.CutPrefix(name, tagPeer)
	switch {
	case name == tagPending:
		s.Pending = true
	case isRow && !slices.Contains(s.Rows, row):
		s.Rows = append(s.Rows, row)
	case isPeer && !slices.Contains(s.Cases, peer):
		s.Cases = append(s.Cases, peer)
	case !isRow && !isPeer:
		return fmt.Errorf("%s: %s: tag %s is not known", s.Feature, s.Name, name)
	}
	return nil
}
