package postgres

// Settings are what the sessions of the store's pool should run with, by name
// (pgx's RuntimeParams). Every statement here finds its rows by key. A plan made
// while a table is small would read all of it, and is kept for as long as the
// connection lives, or until the table has grown and been analysed; and planning
// again at each execution costs more than most of the statements. The store is
// correct without them.
func Settings() map[string]string {
	return map[string]string{
		"plan_cache_mode":  "force_generic_plan",
		"enable_seqscan":   "off",
		"enable_hashjoin":  "off",
		"enable_mergejoin": "off",
	}
}
