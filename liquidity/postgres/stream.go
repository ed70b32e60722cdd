package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgxpool"
)

// stream is a connection on which transactions are sent while the ones before are being
// answered: the server takes them one after the other, in the order in which they were sent,
// and waits for nobody in between. pgx's own pipeline is for one goroutine; here one sends
// while another reads. At most one sends at a time, and at most one reads.
type stream struct {
	conn *pgxpool.Conn
	// users are the transactions that are not answered yet, failed that the connection can't
	// be used any more; under the chain's mutex.
	users  int
	failed bool
	// unread is that an answer was not read to its end: whatever comes next on the connection may be
	// the rest of it.
	unread atomic.Bool
}

// closeWithin bounds the farewell to a connection that has failed.
const closeWithin = time.Second

// openStream takes a connection from the pool, and prepares the statements there.
func openStream(ctx context.Context, pool *pgxpool.Pool, statements ...statement) (*stream, error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	for _, s := range statements {
		if _, err := conn.Conn().Prepare(ctx, s.name, s.sql); err != nil {
			conn.Release()
			return nil, fmt.Errorf("prepare %s: %w", s.name, err)
		}
	}
	return &stream{conn: conn}, nil
}

// call is a statement with its arguments, as texts in its own order.
type call struct {
	statement statement
	args      [][]byte
}

// send sends a transaction, to be answered within a time.
func (s *stream) send(within time.Duration, calls ...call) error {
	if s.unread.Load() {
		return errStream
	}
	pg := s.conn.Conn().PgConn()
	if err := pg.Conn().SetDeadline(time.Now().Add(within)); err != nil {
		return fmt.Errorf("bound the wait for the database: %w", err)
	}
	to := pg.Frontend()
	for _, c := range calls {
		to.SendBind(&pgproto3.Bind{PreparedStatement: c.statement.name, Parameters: c.args})
		to.SendExecute(&pgproto3.Execute{})
	}
	to.SendSync(&pgproto3.Sync{})
	if err := to.Flush(); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	return nil
}

// errStream means that the connection has failed: what was sent may be stored or not.
var errStream = errors.New("the connection has failed")

// read reads the answer to the oldest transaction that is not answered: how many rows its
// last statement changed. An error that is no errStream means that nothing is stored.
func (s *stream) read() (changed int64, err error) {
	if s.unread.Load() {
		return 0, errStream
	}
	from := s.conn.Conn().PgConn().Frontend()
	for {
		message, failure := from.Receive()
		if failure != nil {
			s.unread.Store(true)
			return 0, errors.Join(errStream, failure, err)
		}
		switch m := message.(type) {
		case *pgproto3.CommandComplete:
			changed = pgconn.NewCommandTag(string(m.CommandTag)).RowsAffected()
		case *pgproto3.ErrorResponse:
			err = pgconn.ErrorResponseToPgError(m)
		case *pgproto3.ReadyForQuery:
			return changed, err
		}
	}
}

// close gives the connection back, or ends one that has failed.
func (s *stream) close() {
	defer s.conn.Release()
	err := s.conn.Conn().PgConn().Conn().SetDeadline(time.Time{})
	if s.failed || err != nil {
		ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
		defer cancel()
		_ = s.conn.Conn().Close(ctx) // what it was of use for is known to have failed
	}
}

// calling is the statement's call with those arguments, which are texts.
func (s statement) calling(args pgx.NamedArgs) (call, error) {
	c := call{statement: s, args: make([][]byte, len(s.names))}
	for i, name := range s.names {
		value, ok := args[name].(string)
		if !ok {
			return c, fmt.Errorf("the argument %s of a statement is missing, or no text", name)
		}
		c.args[i] = []byte(value)
	}
	return c, nil
}
