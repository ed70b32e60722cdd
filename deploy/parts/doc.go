// Package parts starts, health-checks and stops what Ferry needs beside itself when no real one is given: a private
// PostgreSQL cluster, a Kafka broker (franz-go's kfake, on TCP and on disk, or Apache Kafka where its jars are),
// btcd and bchd on simnet, litecoind on regtest and geth on a developer chain. `ferry demo` and tests on real parts use it; a deployment with DATABASE_URL,
// KAFKA_BROKERS and node URLs does not.
//
// It promises:
//
//   - Every part is a child process in a group of its own. It is always waited for, it gets a signal when the supervisor
//     dies, and whatever it leaves behind in its group is killed before it is reaped.
//   - Data stay: a second start on the same folder resumes from disk, on the same ports where they are free. PostgreSQL
//     and both Kafkas also survive SIGKILL with everything acknowledged; the chain nodes do not (a killed node forgets blocks
//     and looks like a deep reorganisation), so they are stopped by SIGTERM and waited for.
//   - One supervisor per root folder, one process per data folder, kept by locks that end with their holder.
//   - Nothing listens anywhere but on the loopback interface or on a Unix socket that only its owner reaches.
//   - A part that dies early is an error that ends with the last lines of its log.
//
// It runs on Linux only: parent-death signals, /proc and pidfd semantics are used as they are there.
//
// It may import the standard library, golang.org/x/sys, pgx, franz-go with kadm and kfake, and nothing of Ferry.
package parts
