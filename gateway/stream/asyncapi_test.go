package stream

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ferry/gateway/api"
)

var (
	schemaLine   = regexp.MustCompile(`^    ([A-Za-z]+):$`)
	propertyLine = regexp.MustCompile(`^        ([a-z_]+):`)
)

// described reads the properties of every schema from docs/asyncapi.yaml, and its
// whole text.
func described(t *testing.T) (map[string][]string, string) {
	t.Helper()
	raw, err := os.ReadFile("../../docs/asyncapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, schemas, ok := strings.Cut(string(raw), "\n  schemas:\n")
	if !ok {
		t.Fatal("there are no schemas")
	}
	found, name, inside := map[string][]string{}, "", false
	for line := range strings.SplitSeq(schemas, "\n") {
		if m := schemaLine.FindStringSubmatch(line); m != nil {
			name, inside = m[1], false
		} else if line == "      properties:" {
			inside = true
		} else if m := propertyLine.FindStringSubmatch(line); m != nil && inside {
			found[name] = append(found[name], m[1])
		}
	}
	return found, string(raw)
}

func fields(shape reflect.Type) []string {
	var names []string
	for i := range shape.NumField() {
		name, _, _ := strings.Cut(shape.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// Every message has exactly the fields that are described, and every limit that is
// described is the one that is kept.
func TestDescription(t *testing.T) {
	t.Parallel()
	found, text := described(t)
	want := map[string][]string{
		"Subscribe": shapes[kindSubscribe], "Unsubscribe": shapes[kindUnsubscribe], "AskQuote": shapes[kindQuote], "StopQuote": shapes[kindQuoteStop],
		"Acknowledgement": fields(reflect.TypeFor[ack]()), "Prices": fields(reflect.TypeFor[prices]()), "Quote": fields(reflect.TypeFor[indicative]()),
		"Swap": fields(reflect.TypeFor[updates]()), "Recent": fields(reflect.TypeFor[recents]()), "RecentSwap": fields(reflect.TypeFor[recentSwap]()),
		"Error": fields(reflect.TypeFor[failure]()), "Rate": fields(reflect.TypeFor[api.Rate]()), "SwapUpdate": fields(reflect.TypeFor[api.SwapUpdate]()),
		"Mismatch": fields(reflect.TypeFor[api.Mismatch]()),
	}
	for name, list := range want {
		if got := slices.Sorted(slices.Values(found[name])); !slices.Equal(got, slices.Sorted(slices.Values(list))) {
			t.Errorf("%s has %v, described are %v", name, list, got)
		}
	}
	if extra := len(found) - len(want); extra != 1 { // CloudEvent is the bus's
		t.Errorf("described are %v", slices.Collect(maps.Keys(found)))
	}
	l := DefaultLimits()
	flat := strings.Join(strings.Fields(text), " ")
	for _, sentence := range []string{
		fmt.Sprintf("%d connections per client", l.PerClient), fmt.Sprintf("%d swaps per connection", l.Swaps),
		fmt.Sprintf("%d KiB per message", l.MessageBytes>>10), fmt.Sprintf("%d messages a second (%d at once)", l.MessagesPerSecond, l.MessageBurst),
		fmt.Sprintf("about every %d ms", l.Tick.Milliseconds()), fmt.Sprintf("more than %.0f s", l.SlowAfter.Seconds()),
		fmt.Sprintf("%.0f s without a pong; pings come every %.0f s", l.PongWithin.Seconds(), l.PingEvery.Seconds()),
		fmt.Sprintf("nothing at all for %.0f s", l.WriteTimeout.Seconds()), fmt.Sprintf("maxItems: %d", updatesAtOnce), fmt.Sprintf("maxItems: %d", MismatchesShown),
		fmt.Sprintf("maxLength: %d", idLongest), errStopping.reason, errTooSlow.reason, errSilent.reason,
	} {
		if !strings.Contains(flat, sentence) {
			t.Errorf("docs/asyncapi.yaml does not say %q", sentence)
		}
	}
}
