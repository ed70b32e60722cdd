package simulation

import (
	"hash/fnv"

	"ferry/swap/bus"
)

// kafka is a model of the log: topics of partitions that only grow. What real
// Kafka does to consumers (batches cut anywhere, records read again, partitions
// that change hands) is done to them by consumer.
type kafka struct{ topics map[string][][]bus.Record }

const partitions = 3

func newKafka() *kafka {
	k := &kafka{topics: map[string][][]bus.Record{}}
	for _, topic := range []string{bus.TopicFacts, bus.TopicOrders, bus.TopicRequotes, bus.TopicUpdates} {
		k.topics[topic] = make([][]bus.Record, partitions)
	}
	return k
}

func (k *kafka) publish(m bus.Message, source string, seq int64) {
	h := fnv.New32a()
	h.Write([]byte(m.Key))
	p := int32(h.Sum32() % partitions)
	records := k.topics[m.Topic]
	records[p] = append(records[p], bus.Record{Topic: m.Topic, Partition: p, Offset: int64(len(records[p])),
		Key: m.Key, Kind: m.Kind, Source: source, Seq: seq, Body: m.Body})
}

// relay publishes one outbox in order, under gapless numbers. Its cursor is
// advanced after its records are published, or not: then they come again.
type relay struct {
	source string
	rows   func() []bus.Message
	cursor int
}

// publish sends up to n rows; forget leaves the cursor where it was, as a relay
// does that dies before it is stored.
func (r *relay) publish(k *kafka, n int, forget bool) {
	rows := r.rows()
	end := min(r.cursor+n, len(rows))
	for i := r.cursor; i < end; i++ {
		k.publish(rows[i], r.source, int64(i+1))
	}
	if !forget {
		r.cursor = end
	}
}

func (r *relay) done() bool { return r.cursor == len(r.rows()) }

// consumer is what bus.Consumer keeps of a member of a group: where each
// partition's next batch starts. handle stores a batch or fails.
type consumer struct {
	topic  string
	next   [partitions]int64
	load   func(partition int32) (int64, error)
	handle func(b bus.Batch) error
}

// join starts at the stored offsets.
func (c *consumer) join() {
	for p := range int32(partitions) {
		c.rewind(p)
	}
}

// rewind goes back to the stored offset; where that can't be read, it stays.
func (c *consumer) rewind(p int32) {
	if stored, err := c.load(p); err == nil {
		c.next[p] = stored
	}
}

// poll hands on at most n records of a partition as one batch and reports how many
// there were. After a failure the next poll starts at the stored offset.
func (c *consumer) poll(k *kafka, p int32, n int) int {
	records := k.topics[c.topic][p]
	from := min(c.next[p], int64(len(records)))
	end := min(from+int64(n), int64(len(records)))
	if from == end {
		return 0
	}
	err := c.handle(bus.Batch{Topic: c.topic, Partition: p, From: from, Next: end, Records: records[from:end]})
	if err != nil {
		c.rewind(p)
		return int(end - from)
	}
	c.next[p] = end
	return int(end - from)
}

// behind reports whether the stored offsets are short of the log's end.
func (c *consumer) behind(k *kafka) bool {
	for p := range int32(partitions) {
		stored, err := c.load(p)
		if err != nil || stored < int64(len(k.topics[c.topic][p])) {
			return true
		}
	}
	return false
}
