package simulation

import "errors"

// death is what a daemon that is killed panics with; only living recovers it.
type death struct{}

// violation ends a seed: what must never be is.
type violation struct{ what string }

// errLost is a call of whose outcome nothing is known.
var errLost = errors.New("simulation: the answer was lost")

// living runs a daemon's step and reports whether it survived.
func living(step func()) (alive bool) {
	defer func() {
		switch cause := recover().(type) {
		case nil:
		case death:
			alive = false
		default:
			panic(cause)
		}
	}()
	step()
	return true
}

// around does something that leaves the process, with what may go wrong about it:
// it fails before it happened, or after, or the process dies before, or after.
func (w *World) around(do func() error) error {
	if w.rough == 0 || w.rng.IntN(10_000) >= w.rough {
		return do()
	}
	switch w.rng.IntN(4) {
	case 0:
		w.tell("  a daemon dies before a call")
		panic(death{})
	case 1:
		w.tell("  a call fails")
		return errLost
	case 2:
		w.tell("  a call's answer is lost")
		if err := do(); err != nil {
			return err
		}
		return errLost
	default:
		err := do()
		w.tell("  a daemon dies after a call (%v)", err)
		panic(death{})
	}
}

// value is around for calls that return something.
func value[T any](w *World, do func() (T, error)) (T, error) {
	var got T
	err := w.around(func() (err error) {
		got, err = do()
		return err
	})
	return got, err
}
