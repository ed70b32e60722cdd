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

// Values of headers that are the same on every record.
var (
	specVersion = []byte("1.0")
	contentType = []byte("application/json")
)

func toKafka(m Message, source string, seq int64, at time.Time) *kgo.Record {
	number := strconv.AppendInt(nil, seq, 10)
	return &kgo.Record{Topic: m.Topic, Key: []byte(m.Key), Value: m.Body, Headers: []kgo.RecordHeader{
		{Key: "ce_specversion", Value: specVersion},
		{Key: "ce_id", Value: append([]byte(source+"/"), number...)},
		{Key: "ce_source", Value: []byte("/ferry/" + source)},
		{Key: "ce_type", Value: []byte("ferry." + m.Kind + typeVersion)},
		{Key: "ce_subject", Value: []byte(m.Key)},
		{Key: "ce_time", Value: at.UTC().AppendFormat(nil, time.RFC3339Nano)},
		{Key: "ce_sequence", Value: number},
		{Key: "content-type", Value: contentType},
	}}
}

// envelope is what a record's headers say, as texts.
type envelope struct{ version, kind, source, sequence, at string }

func readEnvelope(headers []kgo.RecordHeader) envelope {
	var e envelope
	for _, h := range headers {
		switch h.Key {
		case "ce_specversion":
			e.version = string(h.Value)
		case "ce_type":
			e.kind = string(h.Value)
		case "ce_source":
			e.source = string(h.Value)
		case "ce_sequence":
			e.sequence = string(h.Value)
		case "ce_time":
			e.at = string(h.Value)
		}
	}
	return e
}

func fromKafka(r *kgo.Record) (Record, error) {
	e := readEnvelope(r.Headers)
	out := Record{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Key: string(r.Key), Body: r.Value}
	malformed := func(format string, args ...any) (Record, error) {
		return out, fmt.Errorf("%s/%d@%d %s: %w", r.Topic, r.Partition, r.Offset, fmt.Sprintf(format, args...), ErrMalformed)
	}
	if e.version != "1.0" || len(r.Value) > MaxBody {
		return malformed("is no CloudEvent of at most %d bytes", MaxBody)
	}
	kind, ok := strings.CutPrefix(e.kind, "ferry.")
	kind, versioned := strings.CutSuffix(kind, typeVersion)
	if !ok || !versioned {
		return malformed("has type %.60q", e.kind)
	}
	source, ok := strings.CutPrefix(e.source, "/ferry/")
	if !ok || source == "" {
		return malformed("has source %.60q", e.source)
	}
	seq, err := strconv.ParseInt(e.sequence, 10, 64)
	if err != nil || seq < 0 {
		return malformed("has sequence %.30q", e.sequence)
	}
	at, err := time.Parse(time.RFC3339Nano, e.at)
	if err != nil {
		return malformed("has time %.40q", e.at)
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

// RequoteRequest decodes a record of TopicRequotes.
func (r Record) RequoteRequest() (swap.RequoteRequest, error) {
	var q swap.RequoteRequest
	if err := r.decode(&q); err != nil {
		return q, err
	}
	if err := q.Validate(); err != nil {
		return q, fmt.Errorf("%s/%d@%d: %w: %w", r.Topic, r.Partition, r.Offset, err, ErrMalformed)
	}
	if q.SwapID != r.Key || r.Kind != KindRequote {
		return q, fmt.Errorf("%s/%d@%d: key or type differ from the body: %w", r.Topic, r.Partition, r.Offset, ErrMalformed)
	}
	return q, nil
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
