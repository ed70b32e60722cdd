package ethereum

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/ethereum/go-ethereum/rpc"
)

// maxReply bounds a reply. A full block with receipts is a few megabytes; a large
// mempool may be more, and is then read from the pending block instead.
const maxReply = 32 << 20

var errReplyTooLong = errors.New("the node's reply is too long")

// boundedClient is for rpc.Client, which honours contexts but reads bodies of any
// length by itself.
func boundedClient() *http.Client {
	return &http.Client{
		Transport: bounded{&http.Transport{MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute}},
		// A node has no reason to send calls elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.next.RoundTrip(r)
	if err == nil {
		res.Body = &boundedBody{res.Body, maxReply}
	}
	return res, err
}

type boundedBody struct {
	io.ReadCloser
	left int64
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errReplyTooLong
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	return n, err
}

// withoutURL drops the address from an error, which may contain a provider's key,
// and the body of an answer that is no JSON-RPC.
func withoutURL(err error) error {
	var status rpc.HTTPError
	if errors.As(err, &status) {
		return errors.New("status " + status.Status)
	}
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// answered reports whether the node itself refused: the call arrived.
func answered(err error) (rpc.Error, bool) {
	var e rpc.Error
	return e, errors.As(err, &e)
}
