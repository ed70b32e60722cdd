package gateway

// Statuses lets tests compare the table with the description.
func Statuses() map[string]int {
	table := map[string]int{}
	for code, status := range statuses {
		table[string(code)] = status
	}
	return table
}
