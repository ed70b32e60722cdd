package postgres

import (
	"embed"
	"fmt"
	"regexp"
	"strings"
)

//go:embed *.sql
var files embed.FS

// Statements of the lease, the ledger and halts, which all parts of the store use.
var (
	lockChainSQL   = statement("LOCK_CHAIN")
	checkTokenSQL  = statement("CHECK_TOKEN")
	lockLeaseSQL   = statement("LOCK_LEASE")
	takeLeaseSQL   = statement("TAKE_LEASE")
	postEntriesSQL = statement("POST_ENTRIES")
	haltSQL        = statement("HALT")
	staffActionSQL = statement("STAFF_ACTION")
	alarmSQL       = statement("ALARM")
)

// heading starts a statement: its name in capitals on a comment line of its own.
var heading = regexp.MustCompile(`(?m)^-- ([A-Z][A-Z_]+)$`)

var statements = readStatements()

// statement finds a statement by its heading. It is called for package variables
// only: a missing one is a mistake in the code and stops the start.
func statement(name string) string {
	text, ok := statements[name]
	if !ok {
		panic(fmt.Sprintf("hotwallet/postgres: no .sql file has a statement %s", name))
	}
	return text
}

func readStatements() map[string]string {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic("hotwallet/postgres: " + err.Error())
	}
	found := map[string]string{}
	for _, e := range entries {
		raw, err := files.ReadFile(e.Name())
		if err != nil {
			panic("hotwallet/postgres: " + err.Error())
		}
		text := string(raw)
		places := heading.FindAllStringSubmatchIndex(text, -1)
		for i, at := range places {
			end := len(text)
			if i+1 < len(places) {
				end = places[i+1][0]
			}
			name := text[at[2]:at[3]]
			if _, twice := found[name]; twice {
				panic(fmt.Sprintf("hotwallet/postgres: two statements are called %s", name))
			}
			found[name] = strings.TrimSpace(text[at[1]:end])
		}
	}
	return found
}
