package migrations_test

import (
	"context"
	"testing"

	"ferry/migrations/pgtest"
)

func TestSwapSchema(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, "swap")
	_, err := pool.Exec(context.Background(), "INSERT INTO entry (key, kind) VALUES ('a', 'b')")
	if err != nil {
		t.Fatal(err)
	}
}
