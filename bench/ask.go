package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"

	"golang.org/x/sync/errgroup"
)

// askAll sends n requests over indicateClients connections, one after the other on each,
// and checks every answer. It writes and reads HTTP/1.1 by hand, so that the client costs
// little beside what it measures, and the same for both.
func askAll(ctx context.Context, address string, n int, want []byte) error {
	group, ctx := errgroup.WithContext(ctx)
	for c := range indicateClients {
		group.Go(func() error {
			return askSome(ctx, address, n/indicateClients+min(1, max(0, n%indicateClients-c)), want)
		})
	}
	return group.Wait()
}

func askSome(ctx context.Context, address string, n int, want []byte) (err error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // ends the reads
	defer stop()
	request := []byte("GET " + indicatePath + " HTTP/1.1\r\nHost: " + address + "\r\n\r\n")
	in := bufio.NewReader(conn)
	body := make([]byte, len(want))
	for range n {
		if _, err := conn.Write(request); err != nil {
			return fmt.Errorf("ask: %w", err)
		}
		if err := readAnswer(in, body); err != nil {
			return err
		}
		if !bytes.Equal(body, want) {
			return fmt.Errorf("the answer is %q, not %q", body, want)
		}
	}
	return nil
}

// readAnswer reads an answer that must be as long as body.
func readAnswer(in *bufio.Reader, body []byte) error {
	length, first := -1, true
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
		line = bytes.TrimRight(line, "\r\n")
		if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) {
			return fmt.Errorf("the answer begins %q", line)
		}
		first = false
		if len(line) == 0 {
			break
		}
		if name, value, ok := bytes.Cut(line, []byte(":")); ok && bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return textproto.ProtocolError("content length of " + string(value))
			}
		}
	}
	if length != len(body) {
		return fmt.Errorf("the answer has %d bytes, not %d", length, len(body))
	}
	if _, err := io.ReadFull(in, body); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	return nil
}
