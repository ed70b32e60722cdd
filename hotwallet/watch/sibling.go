package watch

import "context"

// watchSiblings adds the siblings' addresses that are new. Another process derives them.
// It is called when the node has named the next block and before that is read: whoever
// paid in it was given the address before, so that it is listed by now.
func (w *Watcher) watchSiblings(ctx context.Context) error {
	if w.config.Siblings == nil {
		return nil
	}
	addresses, next, err := w.config.Siblings(ctx, w.siblings)
	if err != nil {
		return err
	}
	w.config.Set.Add(addresses...)
	w.siblings = next
	return nil
}
