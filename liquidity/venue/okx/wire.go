package okx

import (
	"fmt"
	"strings"

	"ferry/liquidity/venue/feed"
	"ferry/liquidity/venue/feed/scan"
)

// wire has lists of channels in a request.
type wire struct{ feed.Spoken }

// Hello implements feed.Wire.
func (w wire) Hello(names []string) [][]byte { return w.Subscribe(names) }

// Subscribe implements feed.Wire: a subscription begins with a snapshot.
func (w wire) Subscribe(names []string) [][]byte { return w.request("subscribe", names) }

// Unsubscribe implements feed.Wire.
func (w wire) Unsubscribe(names []string) [][]byte { return w.request("unsubscribe", names) }

func (wire) request(what string, names []string) [][]byte {
	args := make([]string, len(names))
	for i, name := range names {
		args[i] = `{"channel":"books","instId":"` + name + `"}`
	}
	return [][]byte{fmt.Appendf(nil, `{"op":"%s","args":[%s]}`, what, strings.Join(args, ","))}
}

// Route implements feed.Wire. Answers name their book too; they are of no harm to it.
func (wire) Route(raw []byte) (name, body []byte, err error) {
	return scan.Find(raw, "arg", "instId"), raw, nil
}
