package cluster

import (
	"path/filepath"
	"strings"
	"testing"

	"ferry/deploy/parts"
)

// A cluster in which a daemon was killed and not started again still stops.
func TestStopAfterKill(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	dir, err := parts.OpenDir(root)
	if err != nil {
		t.Fatal(err)
	}
	c := &Cluster{config: Config{Root: root}, dir: dir, run: filepath.Join(root, "run"), failed: make(chan error, 1),
		running: map[string]*parts.Process{}, daemons: map[string]daemonSpec{}}
	for _, name := range []string{"first", "second"} {
		p, err := parts.StartProcess(parts.ProcessConfig{Name: name, Path: "/bin/sleep", Args: []string{"600"}, LogFile: dir.Log(name)})
		if err != nil {
			t.Fatal(err)
		}
		c.started(name, p)
	}
	if err := c.Kill("second"); err != nil {
		t.Fatal(err)
	}
	if err := c.Kill("second"); err == nil || !strings.Contains(err.Error(), `"second"`) {
		t.Errorf("killing it again: %v", err)
	}
	first := c.running["first"]
	if err := c.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-first.Done()
	select {
	case err := <-c.Failed():
		t.Errorf("a kill that was asked for is taken for a failure: %v", err)
	default:
	}
}
