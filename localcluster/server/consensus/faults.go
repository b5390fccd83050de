package consensus

import (
	"io"
	"time"
)

// Link says what is wrong with the way between a node and one of its peers. Its zero
// value, and that of a peer which is not named, is a way that works.
//
// A partition is silence. Frames vanish while connections stay: neither side is told,
// and each finds out by its own clock. A follower misses its leader after 10 to 20
// ticks, a leader misses its quorum within 20, which is 200 to 400 ms with the usual
// tick. Connections that lost something break when the way works again, since a stream
// with a gap must not go on, and are dialled anew.
//
// Each node has a table of its own and obeys that alone. A partition between two of
// them is Mute and Deaf on one side, or Mute on both.
type Link struct {
	Peer  uint64
	Mute  bool          // nothing arrives there that this node sends
	Deaf  bool          // nothing arrives here that the peer sends
	Delay time.Duration // how much later arrives there what this node sends
}

// cut tells whether a connection could not be made: that takes both directions.
func (f Link) cut() bool { return f.Mute || f.Deaf }

// SetLinks replaces the table of what is wrong with the links of this node. It holds
// from now on, also for connections and peers that come later.
func (n *Node) SetLinks(faults []Link) {
	table := make(map[uint64]Link, len(faults))
	for _, f := range faults {
		table[f.Peer] = f
	}
	n.peersMu.Lock()
	defer n.peersMu.Unlock()
	n.faults.Store(&table)
	for id, l := range *n.links.Load() {
		l.setFault(table[id])
	}
	for in := range n.inbounds {
		if f := table[in.id]; in.lost.Load() && !f.Deaf {
			_ = in.nc.Close() // its goroutine notices
		}
	}
}

// fault returns what is wrong with the link to a peer.
func (n *Node) fault(peer uint64) Link {
	if t := n.faults.Load(); t != nil {
		return (*t)[peer]
	}
	return Link{}
}

// register notes a connection for SetLinks. The function that it returns undoes it.
func (n *Node) register(in *inbound) (forget func()) {
	n.peersMu.Lock()
	defer n.peersMu.Unlock()
	n.inbounds[in] = struct{}{}
	return func() {
		n.peersMu.Lock()
		defer n.peersMu.Unlock()
		delete(n.inbounds, in)
	}
}

// deaf tells whether what came by in does not arrive, and whether the connection must
// end for it: the way works again. Either this sees the new table, or SetLinks sees
// that something was lost.
func (n *Node) deaf(in *inbound) (lost, over bool) {
	if !n.fault(in.id).Deaf {
		return false, in.lost.Load()
	}
	in.lost.Store(true)
	return true, !n.fault(in.id).Deaf
}

// silence holds a connection that cannot be answered until the peer gives up, which
// the deadline of the handshake bounds, or until the way works again.
func (n *Node) silence(in *inbound) {
	in.lost.Store(true)
	if n.fault(in.id).cut() {
		_, _ = io.Copy(io.Discard, in.nc)
	}
}

// setFault tells the link what is wrong with it now.
func (l *link) setFault(f Link) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fault = f
	if l.lost && !f.Mute && l.conn != nil {
		_ = l.conn.Close() // the sender finds out
	}
	wake(l.more)
}

// waitForWay waits until the link may be dialled, or the node ends.
func (l *link) waitForWay() {
	for {
		l.mu.Lock()
		cut := l.fault.cut()
		l.mu.Unlock()
		if !cut {
			return
		}
		select {
		case <-l.ctx.Done():
			return
		case <-l.more:
		}
	}
}

// parcel is what is sent at one time.
type parcel struct {
	b     []byte
	snaps int // snapshots in it
	due   time.Time
}

// collect takes what is queued. A link that is mute loses it.
func (l *link) collect(spare []byte) (p parcel, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == 0 {
		return p, false
	}
	p = parcel{b: l.queue, snaps: l.snaps}
	l.queue, l.snaps = spare[:0], 0
	if l.fault.Delay > 0 {
		p.due = time.Now().Add(l.fault.Delay)
	}
	return p, true
}

// swallows tells whether what is sent now is lost.
func (l *link) swallows() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.mute()
}

// mute is swallows for a caller that holds the lock.
func (l *link) mute() bool {
	l.lost = l.lost || l.fault.Mute
	return l.fault.Mute
}
