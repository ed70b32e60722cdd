package bus

import "github.com/jackc/pgx/v5"

// The compare-and-set as a count of rows changed, and as a statement that raises,
// and so rolls back the pipeline it is part of, unless that count is one.
var (
	countedAdvanceSQL = offsetAdvanceSQL + "SELECT (SELECT count(*) FROM moved) + (SELECT count(*) FROM fresh)"
	guardedAdvanceSQL = offsetAdvanceSQL +
		"SELECT expect((SELECT count(*) FROM moved) + (SELECT count(*) FROM fresh), 1, 'consumer_offset')"
)

// QueueAdvance adds AdvanceOffset to a pipeline of statements. Where the offset
// has moved the whole pipeline fails with SQLSTATE 40001.
func QueueAdvance(pipeline *pgx.Batch, consumer string, b Batch) {
	pipeline.Queue(guardedAdvanceSQL, consumer, b.Topic, b.Partition, b.From, b.Next)
}

// QueuePut adds Put to a pipeline of statements.
func QueuePut(pipeline *pgx.Batch, messages ...Message) {
	if len(messages) == 0 {
		return
	}
	topics, keys, kinds, bodies := columns(messages)
	pipeline.Queue(putSQL, topics, keys, kinds, bodies)
}

func columns(messages []Message) (topics, keys, kinds, bodies []string) {
	for _, m := range messages {
		topics, keys = append(topics, m.Topic), append(keys, m.Key)
		kinds, bodies = append(kinds, m.Kind), append(bodies, string(m.Body))
	}
	return topics, keys, kinds, bodies
}
