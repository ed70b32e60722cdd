package cluster

import (
	"strings"
	"testing"
)

func TestChooseBroker(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		environment map[string]string
		want        broker
		refused     string
	}{
		"nothing said":       {want: embeddedBroker},
		"embedded":           {environment: map[string]string{"KAFKA": "embedded"}, want: embeddedBroker},
		"apache":             {environment: map[string]string{"KAFKA": "apache"}, want: apacheBroker},
		"brokers":            {environment: map[string]string{"KAFKA_BROKERS": "h:1"}, want: externalBroker},
		"brokers come first": {environment: map[string]string{"KAFKA_BROKERS": "h:1", "KAFKA": "apache"}, want: externalBroker},
		"misspelt":           {environment: map[string]string{"KAFKA": "appache"}, refused: `not "appache"`},
		"external alone":     {environment: map[string]string{"KAFKA": "external"}, refused: `not "external"`},
	} {
		got, err := chooseBroker(func(n string) string { return test.environment[n] })
		if got != test.want || (err == nil) != (test.refused == "") || err != nil && !strings.Contains(err.Error(), test.refused) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// A folder stays on the Kafka it began on.
func TestKeepBroker(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, step := range []struct {
		kind broker
		ok   bool
	}{{apacheBroker, true}, {apacheBroker, true}, {embeddedBroker, false}, {externalBroker, false}, {apacheBroker, true}} {
		err := keepBroker(root, step.kind)
		if (err == nil) != step.ok || err != nil && !strings.Contains(err.Error(), "are on the apache Kafka") {
			t.Errorf("%s: %v", step.kind, err)
		}
	}
}
