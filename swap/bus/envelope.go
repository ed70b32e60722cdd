package bus

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"ferry/swap"
)

// ErrMalformed means a record is not one of ours: a header is missing or its
// body does not decode. Such a record can never be applied.
var ErrMalformed = errors.New("malformed record")

// typeVersion is the schema version, part of the CloudEvents type.
const typeVersion = ".v1"

// Record is a message as it comes out of Kafka. The headers are CloudEvents 1.0
// in Kafka's binary mode; Source and Seq are ce_source and ce_sequence.
type Record struct {
	Topic     string
	Partition int32
	Offset    int64
	Key       string
	Kind      string
	// Source is whose outbox it came from; Seq its number there. A source's
	// records of one key arrive in order of Seq, possibly more than once.
	Source string
	Seq    int64
	Time   time.Time
	Body   []byte
}

func toKafka(m Message, source string, seq int64, at time.Time) *kgo.Record {
	header := func(k, v string) kgo.RecordHeader { return kgo.RecordHeader{Key: k, Value: []byte(v)} }
	return &kgo.Record{Topic: m.Topic, Key: []byte(m.Key), Value: m.Body, Headers: []kgo.RecordHeader{
		header("ce_specversion", "1.0"),
		header("ce_id", source+"/"+strconv.FormatInt(seq, 10)),
		header("ce_source", "/ferry/"+source),
		header("ce_type", "ferry."+m.Kind+typeVersion),
		header("ce_subject", m.Key),
		header("ce_time", at.UTC().Format(time.RFC3339Nano)),
		header("ce_sequence", strconv.FormatInt(seq, 10)),
		header("content-type", "application/json"),
	}}
}

func fromKafka(r *kgo.Record) (Record, error) {
	headers := map[string]string{}
	for _, h := range r.Headers {
		headers[h.Key] = string(h.Value)
	}
	out := Record{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Key: string(r.Key), Body: r.Value}
	where := fmt.Sprintf("%s/%d@%d", r.Topic, r.Partition, r.Offset)
	if headers["ce_specversion"] != "1.0" || len(r.Value) > MaxBody {
		return out, fmt.Errorf("%s is no CloudEvent of at most %d bytes: %w", where, MaxBody, ErrMalformed)
	}
	kind, ok := strings.CutPrefix(headers["ce_type"], "ferry.")
	kind, versioned := strings.CutSuffix(kind, typeVersion)
	if !ok || !versioned {
		return out, fmt.Errorf("%s has type %.60q: %w", where, headers["ce_type"], ErrMalformed)
	}
	source, ok := strings.CutPrefix(headers["ce_source"], "/ferry/")
	if !ok || source == "" {
		return out, fmt.Errorf("%s has source %.60q: %w", where, headers["ce_source"], ErrMalformed)
	}
	seq, err := strconv.ParseInt(headers["ce_sequence"], 10, 64)
	if err != nil || seq < 0 {
		return out, fmt.Errorf("%s has sequence %.30q: %w", where, headers["ce_sequence"], ErrMalformed)
	}
	at, err := time.Parse(time.RFC3339Nano, headers["ce_time"])
	if err != nil {
		return out, fmt.Errorf("%s has time %.40q: %w", where, headers["ce_time"], ErrMalformed)
	}
	out.Kind, out.Source, out.Seq, out.Time = kind, source, seq, at
	return out, nil
}

// Fact decodes a record of TopicFacts and stamps it with its source and number.
func (r Record) Fact() (swap.Fact, error) {
	var f swap.Fact
	if err := r.decode(&f); err != nil {
		return f, err
	}
	if err := f.Validate(); err != nil {
		return f, fmt.Errorf("%s/%d@%d: %w: %w", r.Topic, r.Partition, r.Offset, err, ErrMalformed)
	}
	if f.SwapID != r.Key || string(f.Kind) != r.Kind {
		return f, fmt.Errorf("%s/%d@%d: key or type differ from the body: %w", r.Topic, r.Partition, r.Offset, ErrMalformed)
	}
	f.Source, f.Seq = r.Source, r.Seq
	return f, nil
}

// Order decodes a record of TopicOrders.
func (r Record) Order() (swap.Order, error) {
	var o swap.Order
	if err := r.decode(&o); err != nil {
		return o, err
	}
	if err := o.Validate(); err != nil {
		return o, fmt.Errorf("%s/%d@%d: %w: %w", r.Topic, r.Partition, r.Offset, err, ErrMalformed)
	}
	return o, nil
}

// Update decodes a record of TopicUpdates.
func (r Record) Update() (swap.Update, error) {
	var u swap.Update
	err := r.decode(&u)
	return u, err
}

func (r Record) decode(into any) error {
	if err := json.Unmarshal(r.Body, into); err != nil {
		return fmt.Errorf("%s/%d@%d: %w: %w", r.Topic, r.Partition, r.Offset, err, ErrMalformed)
	}
	return nil
}
