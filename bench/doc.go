// Command bench measures Ferry against baselines that run beside it, and prints
// what it found as ratios:
//
//	make bench             the whole table, under four minutes
//	make bench BENCH=quick every row once and briefly, under a minute
//	go run ./bench -rows relay,kafka
//
// It starts a PostgreSQL and a Kafka of its own, with fsync on, and removes them.
// Each row runs baseline and subject in turn, A B A B, so that whatever else the
// machine does falls on both; the figure is the median of the rounds' ratios, and
// its spread is printed with it. A row misses its goal only when the 25-75 % band
// of its ratios lies wholly below it. docs/performance.md says what each row is.
//
// A row is one file with one call of register. bench imports anything but cmd; no
// package imports it.
package main
