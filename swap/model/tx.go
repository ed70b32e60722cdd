package model

// Tx is a transaction in the making: how to undo each of its writes.
type Tx struct{ undo []func() }

// Rollback undoes all writes, the last first.
func (t *Tx) Rollback() {
	for i := len(t.undo) - 1; i >= 0; i-- {
		t.undo[i]()
	}
	t.undo = nil
}

// Run runs f in a transaction and undoes it if f fails.
func Run(f func(t *Tx) error) error {
	t := &Tx{}
	if err := f(t); err != nil {
		t.Rollback()
		return err
	}
	return nil
}

// Set stores a row under its key.
func Set[K comparable, V any](t *Tx, table map[K]V, key K, row V) {
	old, had := table[key]
	t.undo = append(t.undo, func() {
		if had {
			table[key] = old
		} else {
			delete(table, key)
		}
	})
	table[key] = row
}

// Delete removes a row.
func Delete[K comparable, V any](t *Tx, table map[K]V, key K) {
	old, had := table[key]
	if !had {
		return
	}
	t.undo = append(t.undo, func() { table[key] = old })
	delete(table, key)
}

// Append adds rows to a table that only grows.
func Append[V any](t *Tx, table *[]V, rows ...V) {
	n := len(*table)
	t.undo = append(t.undo, func() { *table = (*table)[:n] })
	*table = append(*table, rows...)
}
