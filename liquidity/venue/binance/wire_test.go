package binance

import (
	"errors"
	"net/url"
	"testing"

	"ferry/liquidity"
	"ferry/liquidity/venue/feed"
	"ferry/swap/asset"
)

// Whose a message of a combined stream is, and what of it the book's protocol takes.
func TestRoute(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string][2]string{
		`{"stream":"ethbtc@depth@100ms","data":{"e":"depthUpdate"}}`:       {"ethbtc@depth@100ms", `{"e":"depthUpdate"}`},
		`{ "stream":"ethbtc@depth@100ms","data":{"e":"depthUpdate"} }`:     {"ethbtc@depth@100ms", ""},
		`{"data":{"e":"depthUpdate"},"stream":"ethbtc@depth@100ms"}`:       {"ethbtc@depth@100ms", ""},
		`{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1}}`: {"", `{"e":"serverShutdown","E":1}`},
		`{"result":null,"id":1}`:           {"", ""},
		`{"e":"depthUpdate","s":"ETHBTC"}`: {"", ""},
		`nonsense`:                         {"", ""},
	} {
		name, body, err := (&wire{}).Route([]byte(raw))
		if want[1] == "" {
			want[1] = raw // the general reader takes it as it is
		}
		if string(name) != want[0] || string(body) != want[1] || err != nil {
			t.Errorf("%s: %q, %q, %v", raw, name, body, err)
		}
	}
}

// An address of a combined stream is as the venue's documents have it, also once a URL was made of it.
func TestAddress(t *testing.T) {
	t.Parallel()
	const want = "wss://stream.binance.com:9443/stream?streams=ethbtc@depth@100ms/ltcbtc@depth@100ms"
	got := (&wire{}).Address("wss://stream.binance.com:9443/", []string{streamOf("ETHBTC"), streamOf("LTCBTC")})
	if u, err := url.Parse(got); err != nil || got != want || u.String() != want {
		t.Errorf("%s, %v", got, err)
	}
}

// Answers to requests say nothing about a book; a refusal ends the connection.
func TestAnswers(t *testing.T) {
	t.Parallel()
	p := Open("ETHBTC", liquidity.Instrument{Base: asset.ETH, Quote: asset.BTC, PriceDecimals: 8, SizeDecimals: 8})
	if m, err := p.Take([]byte(`{"result":null,"id":1}`)); err != nil || m.Kind != feed.Other {
		t.Errorf("%+v, %v", m, err)
	}
	for _, raw := range []string{`{"code":2,"msg":"Invalid request: unknown variant","id":1}`, `{"error":{"code":2,"msg":"Invalid request"},"id":1}`} {
		if _, err := p.Take([]byte(raw)); err == nil || errors.Is(err, feed.ErrMalformed) {
			t.Errorf("%s: %v", raw, err)
		}
	}
}
