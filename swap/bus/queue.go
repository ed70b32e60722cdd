package bus

import "github.com/jackc/pgx/v5"

// The compare-and-set as a count of rows changed, and as a statement that raises,
// and so rolls back the pipeline it is part of, unless that count is one.
var (
	countedAdvanceSQL = offsetAdvanceSQL + "SELECT (SELECT count(*) FROM moved) + (SELECT count(*) FROM fresh)"
	guardedAdvanceSQL = offsetAdvanceSQL +
		"SELECT expect((SELECT count(*) FROM moved) + (SELECT count(*) FROM fresh), 1, 'consumer_offset')"
	// guardedMoveSQL is the same where a row must be there already: a fraction of
	// the work, and what nearly every batch needs.
	guardedMoveSQL = `WITH moved AS (
    UPDATE consumer_offset SET next_offset = $5
    WHERE consumer = $1 AND topic = $2 AND partition = $3 AND next_offset = $4
    RETURNING 1
)
SELECT expect((SELECT count(*) FROM moved), 1, 'consumer_offset')`
)

// QueueAdvance adds AdvanceOffset to a pipeline of statements. Where the offset
// has moved the whole pipeline fails with SQLSTATE 40001.
func QueueAdvance(pipeline *pgx.Batch, consumer string, b Batch) {
	sql := guardedMoveSQL
	if b.From == 0 {
		sql = guardedAdvanceSQL
	}
	pipeline.Queue(sql, consumer, b.Topic, b.Partition, b.From, b.Next)
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
