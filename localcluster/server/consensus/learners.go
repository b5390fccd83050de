package consensus

// Learners returns the servers that this node is connected to and hears from, if it leads:
// followers and observers.
func (n *Node) Learners() []Peer {
	if n.status.Load().Role != "leader" {
		return nil
	}
	links := *n.links.Load()
	var all []Peer
	for _, p := range n.Members() {
		if l := links[p.ID]; l != nil && l.up.Load() && n.ticks.Load()-l.heard.Load() <= electionTicks {
			all = append(all, p)
		}
	}
	return all
}
