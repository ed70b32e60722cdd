// Command kafka runs Apache Kafka, one broker on the loopback interface, until SIGTERM or Ctrl-C; `make kafka` calls it.
// With a command after its flags it runs that with the broker's address in FERRY_TEST_KAFKA_BROKERS, on data that are gone
// afterwards, and answers the command's exit status; `make test-kafka` tests swap/bus so.
//
//	kafka [-root .ferry] [-port N] [-controller-port N] [command [arguments]]
//
// Beside it are what `make kafka` needs: pom.xml names the jars and log4j2.properties says what the broker logs. It imports
// deploy/parts alone.
package main
