package consensus

import "fmt"

// relink makes the links those of the members: new ones are dialled, those of servers
// that are members no more end, with what these have connected. The loop calls it, and
// the start.
func (n *Node) relink() {
	m := n.members.Load()
	n.peersMu.Lock()
	defer n.peersMu.Unlock()
	old := *n.links.Load()
	links := make(map[uint64]*link)
	for _, p := range m.all() {
		if p.ID == n.cfg.ID {
			continue
		}
		l := old[p.ID]
		if l == nil {
			l = n.startLink(p.ID, n.addrs(p.Peer))
		}
		l.become(n.addrs(p.Peer), 0)
		links[p.ID] = l
	}
	for id, l := range old {
		switch {
		case links[id] != nil:
		case l.isGuest(m.version):
			links[id] = l
		default:
			l.stop()
		}
	}
	n.links.Store(&links)
	for in := range n.inbounds {
		if member := m.member(in.id); links[in.id] == nil || member != nil && in.guest {
			_ = in.nc.Close() // it introduces itself again, and is told
		}
	}
}

// addrs returns where a member may be found: where the membership says, and where the
// configuration does, in case that a whole ensemble has moved while it was down.
func (n *Node) addrs(p Peer) []string {
	addrs := []string{p.Addr}
	for _, c := range n.cfg.Peers {
		if c.ID == p.ID && c.Addr != p.Addr {
			addrs = append(addrs, c.Addr)
		}
	}
	return addrs
}

// startLink makes a link and starts it. The caller holds peersMu.
func (n *Node) startLink(id uint64, addrs []string) *link {
	l := newLink(n, id, addrs)
	l.fault = n.fault(id)
	n.wg.Go(l.run) // ends with the link's context
	return l
}

// become says what the link's peer is now. One that becomes a member introduces itself
// again.
func (l *link) become(addrs []string, guest uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.guest != 0 && guest == 0 && l.conn != nil {
		_ = l.conn.Close() // the sender finds out
	}
	l.addrs, l.guest = addrs, guest
}

// isGuest tells whether the peer knows a later membership than this node.
func (l *link) isGuest(version uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.guest > version
}

// self is what this node says of itself to its peers.
func (n *Node) self() self {
	m := n.members.Load()
	me := self{id: n.cfg.ID, number: n.disk.number, version: m.version}
	if p := m.member(n.cfg.ID); p != nil {
		me.addr = p.Addr
	}
	return me
}

// admit answers a peer that has introduced itself and tells whether to take what it
// sends. A server that is no member here may still be one by an entry that this node
// lacks, and the one that can bring it.
func (n *Node) admit(in *inbound) (bool, error) {
	m := n.members.Load()
	p := m.member(in.id)
	verdict := verdictPeer
	switch had := n.known.of(p); {
	case p == nil && in.version <= m.version:
		verdict = verdictNoMember
	case p != nil && had != 0 && had != in.number:
		verdict = verdictLostData
	}
	if err := in.answer(n.cfg.Secret, n.self(), verdict); err != nil {
		return false, err
	}
	switch verdict {
	case verdictNoMember:
		return false, nil // it says so itself
	case verdictLostData:
		return false, &lostDataError{in.id}
	}
	if p == nil {
		n.host(in)
		return true, nil
	}
	if err := n.known.meet(p, in.number); err != nil {
		return false, fmt.Errorf("cannot be noted: %w", err)
	}
	return true, nil
}

// host makes a link to a server that is no member here.
func (n *Node) host(in *inbound) {
	n.peersMu.Lock()
	defer n.peersMu.Unlock()
	in.guest = true
	old := *n.links.Load()
	if l := old[in.id]; l != nil {
		if l.isGuest(0) {
			l.become([]string{in.addr}, in.version)
		}
		return
	}
	links := make(map[uint64]*link, len(old)+1)
	for id, l := range old {
		links[id] = l
	}
	l := n.startLink(in.id, []string{in.addr})
	l.become([]string{in.addr}, in.version)
	links[in.id] = l
	n.links.Store(&links)
}

// leftOut notes that a peer knows a membership without this node.
func (n *Node) leftOut(version uint64) {
	for {
		old := n.out.Load()
		if version <= old || n.out.CompareAndSwap(old, version) {
			break
		}
	}
	wake(n.kick)
}

// isOut tells whether this node is a member no more, by what it knows or was told. It
// then has no leader, and starts no election.
func (n *Node) isOut() bool {
	return n.out.Load() > n.members.Load().version
}
