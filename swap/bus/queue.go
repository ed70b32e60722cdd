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
	// guardedMovesSQL is that for several partitions.
	guardedMovesSQL = `WITH moved AS (
    UPDATE consumer_offset o SET next_offset = n.next
    FROM unnest($2::text[], $3::integer[], $4::bigint[], $5::bigint[]) AS n (topic, partition, base, next)
    WHERE o.consumer = $1 AND o.topic = n.topic AND o.partition = n.partition AND o.next_offset = n.base
    RETURNING 1
)
SELECT expect((SELECT count(*) FROM moved), cardinality($2::text[]), 'consumer_offset')`
)

// QueueAdvance adds AdvanceOffset for each batch to a pipeline of statements. Where
// any of the offsets has moved the whole pipeline fails with SQLSTATE 40001. No two
// batches may be of one partition.
func QueueAdvance(pipeline *pgx.Batch, consumer string, batches ...Batch) {
	var topics []string
	var partitions []int32
	var from, next []int64
	for _, b := range batches {
		if b.From == 0 {
			pipeline.Queue(guardedAdvanceSQL, consumer, b.Topic, b.Partition, b.From, b.Next)
			continue
		}
		topics, partitions = append(topics, b.Topic), append(partitions, b.Partition)
		from, next = append(from, b.From), append(next, b.Next)
	}
	switch len(topics) {
	case 0:
	case 1:
		pipeline.Queue(guardedMoveSQL, consumer, topics[0], partitions[0], from[0], next[0])
	default:
		pipeline.Queue(guardedMovesSQL, consumer, topics, partitions, from, next)
	}
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
