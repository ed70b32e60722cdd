package simulator

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

// socket is a client's WebSocket. What clients are told is written past the library: whatever
// waits goes out in one write, without a timer and garbage for each message. The library reads,
// pings and closes; its frames and ours are whole writes, so that none is inside of another.
type socket struct {
	*websocket.Conn
	under net.Conn
	// frames is room for what goes out next.
	frames []byte
}

// batchMost is how many bytes one write gathers before what else waits is left for the next.
const batchMost = 64 << 10

// accept makes a WebSocket of a request, or answers it.
func accept(w http.ResponseWriter, r *http.Request) (*socket, error) {
	k := &keeper{ResponseWriter: w}
	conn, err := websocket.Accept(k, r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		return nil, fmt.Errorf("accept: %w", err)
	}
	return &socket{Conn: conn, under: k.conn}, nil
}

// keeper keeps the connection that the library takes over.
type keeper struct {
	http.ResponseWriter
	conn net.Conn
}

// Hijack implements http.Hijacker.
func (k *keeper) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(k.ResponseWriter).Hijack()
	k.conn = conn
	return conn, rw, err
}

// add has a message go out with the next flush, as a whole text frame (RFC 6455, 5.2), which a
// server does not mask.
func (s *socket) add(raw []byte) {
	const text, twoBytes, eightBytes = 0x81, 126, 127
	switch n := len(raw); {
	case n < twoBytes:
		s.frames = append(s.frames, text, byte(n))
	case n < 1<<16:
		s.frames = binary.BigEndian.AppendUint16(append(s.frames, text, twoBytes), uint16(n))
	default:
		s.frames = binary.BigEndian.AppendUint64(append(s.frames, text, eightBytes), uint64(n))
	}
	s.frames = append(s.frames, raw...)
}

// flush writes what was added.
func (s *socket) flush() error {
	if len(s.frames) == 0 {
		return nil
	}
	if err := s.under.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	_, err := s.under.Write(s.frames)
	s.frames = s.frames[:0]
	// The library's pings have limits of their own.
	if err = errors.Join(err, s.under.SetWriteDeadline(time.Time{})); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}
