package parts

import (
	"bytes"
	"fmt"
	"path/filepath"
)

func apacheKafkaData(dir string) string { return filepath.Join(dir, "data") }

// apacheKafkaSettings are those of one broker that is its own controller (Kafka's documentation, "KRaft" and "Broker
// Configs"). The quorum is static: its one voter is in these settings and not in the data, so that another start may have
// other ports.
func apacheKafkaSettings(dir string, ports map[string]int) []byte {
	broker, controller := loopback(ports["kafka"]), loopback(ports["controller"])
	var text bytes.Buffer
	for _, setting := range [][2]string{
		{"process.roles", "broker,controller"},
		{"node.id", "1"},
		{"controller.quorum.voters", "1@" + controller},
		{"listeners", "PLAINTEXT://" + broker + ",CONTROLLER://" + controller},
		{"advertised.listeners", "PLAINTEXT://" + broker},
		{"listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"},
		{"controller.listener.names", "CONTROLLER"},
		{"inter.broker.listener.name", "PLAINTEXT"},
		{"log.dirs", apacheKafkaData(dir)},
		// There is no second broker to copy to.
		{"offsets.topic.replication.factor", "1"},
		{"transaction.state.log.replication.factor", "1"},
		{"transaction.state.log.min.isr", "1"},
		{"share.coordinator.state.topic.replication.factor", "1"},
		{"share.coordinator.state.topic.min.isr", "1"},
		// As few as a broker of one user needs: each is files to open at a start.
		{"offsets.topic.num.partitions", "8"},
		{"transaction.state.log.num.partitions", "8"},
		{"group.initial.rebalance.delay.ms", "0"}, // one member has nobody to wait for
		{"auto.create.topics.enable", "false"},    // a topic's partitions are decided, not made by a misspelt name
		{"log.flush.interval.messages", "1"},      // fsync before the acknowledgement, as the embedded broker does
	} {
		fmt.Fprintf(&text, "%s=%s\n", setting[0], setting[1])
	}
	return text.Bytes()
}
