package postgres

// Flights is how many transactions of a Gathered are under way at most.
const Flights = flights

// Standing is how many flights are taken, and how many batches wait for one.
func (g *Gathered) Standing() (taken, waiting int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.flight), len(g.waiting)
}
