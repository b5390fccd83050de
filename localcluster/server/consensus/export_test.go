package consensus

import "os"

// SetSync has the log of a node that is not started yet wait for the disk in another
// way.
func (cfg *Config) SetSync(sync func(*os.File) error) { cfg.sync = sync }

// Lost tells whether something that came by a connection of a peer was not taken.
func (n *Node) Lost(peer uint64) bool {
	n.peersMu.Lock()
	defer n.peersMu.Unlock()
	for in := range n.inbounds {
		if in.id == peer && in.lost.Load() {
			return true
		}
	}
	return false
}
