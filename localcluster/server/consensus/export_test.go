package consensus

// Lost tells whether something that came by a connection of a peer was not taken.
func (n *Node) Lost(peer uint64) bool {
	n.faultsMu.Lock()
	defer n.faultsMu.Unlock()
	for in := range n.inbounds {
		if in.from == peer && in.lost.Load() {
			return true
		}
	}
	return false
}
