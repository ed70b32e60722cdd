package signer

import (
	"os"
	"path/filepath"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"
)

// switchPoll is how often the switches' file is looked at for changes to be logged. A
// decision reads it in any case.
const switchPoll = 250 * time.Millisecond

// logTurned adds the changes since the one that was logged last.
func logTurned(tx *bolt.Tx, head *logHead, s Switches, now time.Time) error {
	var last Change
	if _, err := load(tx.Bucket(bucketLog), keySwitch, &last); err != nil {
		return err
	}
	since := slices.IndexFunc(s.Changes, func(c Change) bool { return c == last }) + 1
	if since == len(s.Changes) {
		return nil
	}
	for _, c := range s.Changes[since:] {
		if err := head.add(Entry{At: now, What: loggedSwitch, Switch: &c}); err != nil {
			return err
		}
	}
	return store(tx.Bucket(bucketLog), keySwitch, s.Changes[len(s.Changes)-1])
}

// watch has every change of the switches logged soon, though nothing is asked.
func (s *Signer) watch() {
	defer close(s.unwatched)
	ticker := time.NewTicker(switchPoll)
	defer ticker.Stop()
	seen := s.begunWith
	for {
		select {
		case <-s.quit:
			return
		case <-ticker.C:
		}
		info, err := os.Stat(filepath.Join(s.dir, switchName))
		if err != nil || seen != nil && os.SameFile(seen, info) && seen.ModTime().Equal(info.ModTime()) {
			continue // that it is missing is told by the next decision
		}
		look := &decision{made: make(chan struct{})}
		s.asked <- look
		<-look.made
		if look.err != nil {
			s.log.Error("the log of the switches is behind", "error", look.err)
			continue
		}
		seen = info
	}
}
