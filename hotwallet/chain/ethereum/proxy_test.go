package ethereum_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"testing"
	"time"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/ethereum"
)

const traceMethod = "debug_traceBlockByHash"

// between stands before the node. It may change calls, answer them itself, and change
// answers.
type between struct {
	// call sees each body that asks, answer each body that is sent back with what it
	// answers. Nil changes nothing.
	call   func(body []byte) []byte
	answer func(call, body []byte) []byte
}

// serve returns where it listens.
func (b between) serve(t *testing.T, node string) string {
	t.Helper()
	to, err := url.Parse(node)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if b.call != nil {
			body = b.call(body)
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		r.Header.Del("Accept-Encoding") // what is changed has to be plain
		onward := httputil.NewSingleHostReverseProxy(to)
		onward.ModifyResponse = func(res *http.Response) error { return b.change(body, res) }
		onward.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func (b between) change(call []byte, res *http.Response) error {
	if b.answer == nil {
		return nil
	}
	raw, err := io.ReadAll(io.LimitReader(res.Body, 1<<24))
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return err
	}
	raw = b.answer(call, raw)
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(raw)), int64(len(raw))
	res.Header.Set("Content-Length", strconv.Itoa(len(raw)))
	return nil
}

// reader reads the scene's node through b.
func (s *scene) reader(t *testing.T, b between, traces ethereum.Traces) *ethereum.Adapter {
	t.Helper()
	a, err := ethereum.New(ethereum.Config{URL: b.serve(t, s.node.url), Networks: networks, Traces: traces, TraceTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func isGone(err error) bool { return errors.Is(err, chain.ErrBlockGone) }

// without makes the node not know the method, in its own words.
func without(body []byte) []byte {
	return bytes.Replace(body, []byte(traceMethod), []byte(traceMethod+"Not"), 1)
}

// refusing answers traces with an error of that code.
func refusing(code int, words string) between {
	return between{answer: func(call, body []byte) []byte {
		if !bytes.Contains(call, []byte(traceMethod)) {
			return body
		}
		id := regexpID.FindSubmatch(call)
		return fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%s,"error":{"code":%d,"message":%q}}`, id[1], code, words)
	}}
}
