package cluster_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// metricsMost bounds a scrape, in bytes.
const metricsMost = 4 << 20

// measures waits until a daemon's /metrics has a metric of at least this value;
// its name is as Prometheus writes it, with labels.
func (h *house) measures(ctx context.Context, daemon, metric string, least float64) error {
	return h.until(ctx, fmt.Sprintf("%s to measure %s of at least %v", daemon, metric, least), scrapeEvery, func() (bool, error) {
		value, there, err := h.metric(ctx, daemon, metric)
		return there && value >= least, err
	})
}

func (h *house) metric(ctx context.Context, daemon, metric string) (value float64, there bool, err error) {
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+h.up.Settings().Admin[daemon]+"/metrics", http.NoBody)
	if err != nil {
		return 0, false, err
	}
	res, err := http.DefaultClient.Do(ask)
	if err != nil {
		return 0, false, err
	}
	page, err := io.ReadAll(io.LimitReader(res.Body, metricsMost))
	if err = errors.Join(err, res.Body.Close()); err != nil || res.StatusCode != http.StatusOK {
		return 0, false, errors.Join(fmt.Errorf("%s answers a scrape with status %d", daemon, res.StatusCode), err)
	}
	for line := range strings.Lines(string(page)) {
		if text, found := strings.CutPrefix(line, metric+" "); found {
			value, err = strconv.ParseFloat(strings.TrimSpace(text), 64)
			return value, true, err
		}
	}
	return 0, false, nil
}

// logged demands that a daemon has written a line of the level ERROR with this message.
func (h *house) logged(daemon, message string) error {
	raw, err := os.ReadFile(filepath.Join(h.root, "log", daemon+".log"))
	if err != nil {
		return err
	}
	for line := range bytes.Lines(raw) {
		if bytes.Contains(line, []byte(`"level":"ERROR"`)) && bytes.Contains(line, []byte(`"msg":`+strconv.Quote(message))) {
			return nil
		}
	}
	return fmt.Errorf("%s has not logged %q as an error", daemon, message)
}
