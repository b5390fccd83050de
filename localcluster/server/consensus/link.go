package consensus

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	pb "go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"
)

// The kinds of frames between peers. A frame is its length (4 bytes), its kind (1
// byte) and a body.
const (
	frameRaft     byte = 1 // a message of the Raft library
	frameProposal byte = 2 // for the leader's log
	frameMessage  byte = 3 // for the peer's machine
)

const (
	maxFrame  = 1 << 30   // a snapshot is one frame
	maxQueue  = 256 << 20 // bytes that wait for a peer; more cuts the link
	firstRead = 64 << 10  // what an announced frame may cost before its bytes come
	dialFirst = 2 * time.Millisecond
	dialLast  = 50 * time.Millisecond
	// dialRefused is the pause after one side has refused the other.
	dialRefused = time.Second
)

var (
	errQueueFull = errors.New("peer does not keep up")
	errRefused   = errors.New("refused")
)

// link is the way to one peer: a connection that this node dials and only sends
// on. It is made again for as long as the node runs.
type link struct {
	n    *Node
	peer uint64
	up   atomic.Bool
	ctx  context.Context // ends with the node, or when the peer is none any more
	stop context.CancelFunc
	told atomic.Bool // that the peer does not take this node was logged

	heard atomic.Int64 // tick at which the peer's last frame came

	mu    sync.Mutex
	addrs []string // of the peer; one of them is right
	guest uint64   // not 0 for no member: the version of the membership that it knows
	conn  net.Conn // nil while down
	queue []byte
	snaps int           // snapshots in queue
	fault Link          // what is wrong with it
	lost  bool          // something that was sent by conn did not arrive
	more  chan struct{} // wakes the sender
}

func newLink(n *Node, peer uint64, addrs []string) *link {
	l := &link{n: n, peer: peer, addrs: addrs, more: make(chan struct{}, 1)}
	l.ctx, l.stop = context.WithCancel(n.ctx)
	return l
}

// run keeps the link up. It ends with the link's context.
func (l *link) run() {
	defer l.stop()
	wait := dialFirst
	for try := 0; l.ctx.Err() == nil; try++ {
		l.waitForWay()
		nc, err := l.dial(try)
		if err != nil {
			if wait = min(2*wait, dialLast); errors.Is(err, errRefused) {
				wait = dialRefused
			}
			l.pause(wait)
			continue
		}
		wait = dialFirst
		l.carry(nc)
		l.n.mu.Lock()
		l.n.broken = append(l.n.broken, l.peer)
		l.n.mu.Unlock()
		wake(l.n.kick)
		l.pause(wait)
	}
}

func (l *link) pause(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-l.ctx.Done():
	case <-t.C:
	}
}

// dial connects to one of the peer's addresses, which take turns.
func (l *link) dial(try int) (net.Conn, error) {
	l.mu.Lock()
	addr := l.addrs[try%len(l.addrs)]
	l.mu.Unlock()
	d := net.Dialer{Timeout: time.Second}
	nc, err := d.DialContext(l.ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	if err := l.meet(nc); err != nil {
		_ = nc.Close()
		if !l.told.Swap(true) {
			l.n.cfg.Logf("peer %d at %s: %v", l.peer, addr, err)
		}
		return nil, err
	}
	l.told.Store(false)
	return nc, nil
}

// meet introduces the two sides.
func (l *link) meet(nc net.Conn) error {
	n := l.n
	g, err := greet(nc, n.cfg.Secret, n.self(), l.peer)
	if err != nil {
		return err
	}
	switch g.verdict {
	case verdictNoMember:
		n.leftOut(g.version)
		return fmt.Errorf("%w: this server is no member of the ensemble", errRefused)
	case verdictLostData:
		err := &lostDataError{n.cfg.ID}
		n.fail(err)
		return err
	}
	if err := n.known.meet(n.members.Load().member(l.peer), g.number); err != nil {
		return fmt.Errorf("%w: %w", errRefused, err)
	}
	return nil
}

// carry sends what is queued until the connection breaks. A second goroutine
// notices that the peer has gone while there is nothing to send; it ends when the
// connection is closed.
func (l *link) carry(nc net.Conn) {
	l.mu.Lock()
	l.conn, l.queue, l.snaps, l.lost = nc, nil, 0, false
	l.mu.Unlock()
	l.up.Store(true)
	defer closeOn(l.ctx.Done(), nc)() // a peer that does not read cannot hold up Stop
	gone := make(chan struct{})
	go func() { // ends with nc, which this function closes, and is waited for below
		defer close(gone)
		_, _ = io.Copy(io.Discard, nc)
	}()
	defer func() {
		l.up.Store(false)
		l.mu.Lock()
		l.conn, l.queue = nil, nil
		l.mu.Unlock()
		_ = nc.Close()
		<-gone
	}()
	l.pump(nc, gone)
}

// pump sends what is queued, each part when it is due, until the connection breaks.
func (l *link) pump(nc net.Conn, gone <-chan struct{}) {
	var spare []byte
	var late []parcel // in order; empty unless there is a delay
	due := time.NewTimer(0)
	defer due.Stop()
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-gone:
			return
		case <-l.more:
		case <-due.C:
		}
		p, ok := l.collect(spare)
		if ok && len(late) == 0 && p.due.IsZero() {
			if !l.deliver(nc, p) {
				return
			}
			if spare = p.b; cap(spare) > 1<<20 {
				spare = nil
			}
			continue
		}
		if ok {
			late, spare = append(late, p), nil
		}
		for len(late) > 0 && !time.Now().Before(late[0].due) {
			if !l.deliver(nc, late[0]) {
				return
			}
			late = late[1:]
		}
		if len(late) > 0 {
			due.Reset(time.Until(late[0].due))
		}
	}
}

// deliver writes one part, and tells whether the connection goes on.
func (l *link) deliver(nc net.Conn, p parcel) bool {
	if l.swallows() {
		return true
	}
	if _, err := nc.Write(p.b); err != nil {
		return false
	}
	if p.snaps > 0 {
		l.n.mu.Lock()
		l.n.sent = append(l.n.sent, l.peer)
		l.n.mu.Unlock()
		wake(l.n.kick)
	}
	return true
}

// send queues one frame. It fails at once while the link is down.
func (l *link) send(kind byte, body []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.room(len(body)); err != nil || l.mute() {
		return err
	}
	l.queue = binary.BigEndian.AppendUint32(l.queue, uint32(len(body)+1))
	l.queue = append(append(l.queue, kind), body...)
	wake(l.more)
	return nil
}

// sendRaft queues a message of the Raft library.
func (l *link) sendRaft(m *pb.Message) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.room(0); err != nil || l.mute() {
		return err
	}
	start := len(l.queue)
	b, err := proto.MarshalOptions{}.MarshalAppend(append(l.queue, 0, 0, 0, 0, frameRaft), m)
	if err != nil {
		return err
	}
	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start-4))
	l.queue = b
	if m.GetType() == pb.MsgSnap {
		l.snaps++
	}
	wake(l.more)
	return nil
}

// room checks that n more bytes may wait. The caller holds the lock.
func (l *link) room(n int) error {
	switch {
	case l.conn == nil:
		return fmt.Errorf("peer %d cannot be reached", l.peer)
	case len(l.queue) > 0 && len(l.queue)+n > maxQueue:
		_ = l.conn.Close() // the sender finds out
		return errQueueFull
	}
	return nil
}
