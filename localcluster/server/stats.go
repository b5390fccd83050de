package server

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/zooctl/zooctl/localcluster/server/consensus"
	"github.com/zooctl/zooctl/localcluster/server/metrics"
	"github.com/zooctl/zooctl/ops/wire"
)

// stats counts what the four-letter words, the admin commands and Prometheus are told.
// Each field is named for the metric of Apache ZooKeeper that it is.
type stats struct {
	received, sent atomic.Int64 // packets
	bytesReceived  atomic.Int64

	read, update metrics.Summary // from a request's arrival to its reply; all others are reads
	fsync        metrics.Summary
	slowSyncs    atomic.Int64 // those over slowSync
	snapshot     metrics.Summary
	election     metrics.Summary // from the loss of the leader, or the start, to the next one
	restore      metrics.Summary
	init         metrics.Summary // reading the data at the start

	proposals sizes
	commits   atomic.Int64 // writes applied while this server led
	learned   atomic.Int64 // and while it followed
	looking   atomic.Int64 // how often it had no leader

	connects   atomic.Int64 // sessions asked for
	rejected   atomic.Int64 // connections over a limit
	dropped    atomic.Int64 // connections that ended without a closed session
	notServing atomic.Int64 // connections ended since there was no leader
	throttled  atomic.Int64 // requests that had to wait for room
	authFailed atomic.Int64
	expired    atomic.Int64 // sessions, by this leader

	snapshotErrors, snapshotLimited atomic.Int64 // of the admin command
	restoreErrors, restoreLimited   atomic.Int64

	trace atomic.Int64 // the trace mask, which only is remembered

	ledSince  atomic.Int64 // Unix nanoseconds, or 0
	lostSince atomic.Int64 // since when there is no leader, likewise
	ended     seen         // of connections that are over; under the table's lock
	lastSnap  atomic.Pointer[snapMark]
	snapZxid  atomic.Int64 // of the snapshot that is being written
}

// snapMark says which snapshot is the last on disk.
type snapMark struct {
	zxid int64
	when time.Time
}

// defaultTrace is Apache ZooKeeper's: requests, sessions, errors and the like.
const defaultTrace = 306

// latency returns how long requests of either kind took.
func (st *stats) latency() *metrics.Digest {
	d := st.read.Digest()
	d.Merge(st.update.Digest())
	return d
}

// reset is what srst does: "Server stats reset."
func (s *Server) resetStats() {
	st := &s.stats
	for _, x := range []*metrics.Summary{&st.read, &st.update, &st.fsync, &st.snapshot, &st.election, &st.restore, &st.init} {
		x.Reset()
	}
	for _, n := range []*atomic.Int64{
		&st.received, &st.sent, &st.bytesReceived, &st.commits, &st.learned, &st.looking, &st.connects, &st.rejected, &st.dropped, &st.notServing,
		&st.throttled, &st.expired, &st.snapshotErrors, &st.snapshotLimited, &st.restoreErrors, &st.restoreLimited,
	} {
		n.Store(0)
	}
	st.proposals.reset()
	s.eachSeen(func(x *seen) { x.replies = bounds{} })
}

// resetConnections is what crst does.
func (s *Server) resetConnections() {
	s.eachSeen(func(x *seen) { *x = seen{replies: x.replies} })
	for _, c := range s.clients() {
		c.received.Store(0)
		c.sent.Store(0)
	}
}

// meter takes the times of the disk.
func (s *Server) meter() consensus.Meter {
	return consensus.Meter{
		Synced: func(d time.Duration) {
			s.stats.fsync.Observe(d)
			if d > slowSync {
				s.stats.slowSyncs.Add(1)
			}
		},
		Snapshots: func(d time.Duration) {
			s.stats.snapshot.Observe(d)
			s.stats.lastSnap.Store(&snapMark{zxid: s.stats.snapZxid.Load(), when: time.Now()})
		},
	}
}

// noteLeader times elections and terms of office. Its caller is told of changes, one at
// a time.
func (s *Server) noteLeader(st *consensus.Status, now time.Time) {
	x := &s.stats
	if st.Leader != st.ID {
		x.ledSince.Store(0)
	} else if x.ledSince.CompareAndSwap(0, now.UnixNano()) {
		x.proposals.reset()
	}
	switch lost := x.lostSince.Load(); {
	case len(s.cfg.Peers) <= 1 && !s.cfg.Join: // nothing is elected
	case st.Leader == 0 && lost == 0:
		x.looking.Add(1)
		x.lostSince.Store(now.UnixNano())
	case st.Leader != 0 && lost != 0:
		x.election.Observe(time.Duration(now.UnixNano() - lost))
		x.lostSince.Store(0)
	}
}

// sizes are those of the writes that were applied while this server led, in bytes.
type sizes struct{ last, min, max atomic.Int64 }

func (z *sizes) add(n int) {
	z.last.Store(int64(n))
	if m := z.min.Load(); m == 0 || int64(n) < m {
		z.min.Store(int64(n)) // only the applying goroutine adds
	}
	if int64(n) > z.max.Load() {
		z.max.Store(int64(n))
	}
}

func (z *sizes) reset() {
	z.last.Store(0)
	z.min.Store(0)
	z.max.Store(0)
}

// bounds returns the sizes as bounds.
func (z *sizes) bounds() bounds {
	return bounds{last: int(z.last.Load()), min: int(z.min.Load()), max: int(z.max.Load())}
}

// bounds are sizes in bytes; last is 0 as long as there was none.
type bounds struct{ last, min, max int }

func (b *bounds) add(n int) {
	b.last, b.max = n, max(b.max, n)
	if b.min == 0 || n < b.min {
		b.min = n
	}
}

// told returns the numbers as Apache ZooKeeper tells them: -1 where there was none.
func (b bounds) told() (last, lo, hi int) {
	if b.last == 0 {
		return -1, -1, -1
	}
	return b.last, b.min, b.max
}

// String is as in srvr.
func (b bounds) String() string {
	last, lo, hi := b.told()
	return fmt.Sprintf("%d/%d/%d", last, lo, hi)
}

// seen is what one connection has been answered. It has no lock: its owner has one.
type seen struct {
	count           int64
	total, min, max time.Duration
	at              time.Duration // of the last reply, since the server's start
	latency         time.Duration // of the last reply
	op              wire.Op
	cxid            int64 // the last that was no special one, plus 1
	zxid            int64
	replies         bounds
}

// reply is what is known of a reply once it is in the outbox.
type reply struct {
	zxid int64
	size int
}

// add takes note of a reply.
func (x *seen) add(op wire.Op, xid int32, r reply, at, took time.Duration) {
	if x.count == 0 || took < x.min {
		x.min = took
	}
	x.count++
	x.total += took
	x.max = max(x.max, took)
	x.at, x.latency, x.op, x.zxid = at, took, op, r.zxid
	if xid >= 0 {
		x.cxid = int64(xid) + 1
	}
	x.replies.add(r.size)
}

// merge adds what another has seen. The later of the two tells of the last reply.
func (x *seen) merge(o seen) {
	if o.replies.last != 0 {
		if x.replies.last == 0 || o.at >= x.at {
			x.replies.last = o.replies.last
		}
		if x.replies.min == 0 || o.replies.min < x.replies.min {
			x.replies.min = o.replies.min
		}
		x.replies.max = max(x.replies.max, o.replies.max)
	}
	if o.count == 0 {
		return
	}
	if x.count == 0 || o.min < x.min {
		x.min = o.min
	}
	if x.count == 0 || o.at >= x.at {
		x.at, x.latency, x.op, x.zxid = o.at, o.latency, o.op, o.zxid
	}
	x.count, x.total, x.max, x.cxid = x.count+o.count, x.total+o.total, max(x.max, o.max), max(x.cxid, o.cxid)
}

// average returns the mean latency.
func (x *seen) average() time.Duration { return x.total / time.Duration(max(x.count, 1)) }

// noteDirect takes note of a reply that the reader goroutine has just added, and
// returns how many bytes wait in the outbox. It takes the outbox's lock, which its
// caller would take for the size alone.
func (c *conn) noteDirect(h wire.RequestHeader, began time.Time) int {
	took := time.Since(began)
	c.s.stats.read.Observe(took)
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	c.direct.add(h.Op, h.Xid, c.replied, began.Sub(c.s.started)+took, took)
	return len(c.out.buf)
}

// noteQueued takes note of a reply to a request that was in the queue. The caller
// holds c.mu.
func (c *conn) noteQueued(r *request, now time.Time) {
	took := max(now.Sub(r.at), 0)
	if knownWrite(r.op) || r.op == wire.OpCreateSession {
		c.s.stats.update.Observe(took)
	} else {
		c.s.stats.read.Observe(took)
	}
	c.queuedSeen.add(r.op, r.xid, c.replied, now.Sub(c.s.started), took)
}

// seen returns what the connection has been answered since its start or the last crst.
func (c *conn) seen() seen {
	c.mu.Lock()
	x := c.queuedSeen
	c.mu.Unlock()
	c.out.mu.Lock()
	y := c.direct
	c.out.mu.Unlock()
	x.merge(y)
	return x
}

// eachSeen has f change what is kept of each connection.
func (s *Server) eachSeen(f func(*seen)) {
	for _, c := range s.clients() {
		c.mu.Lock()
		f(&c.queuedSeen)
		c.mu.Unlock()
		c.out.mu.Lock()
		f(&c.direct)
		c.out.mu.Unlock()
	}
	s.connsMu.Lock()
	f(&s.stats.ended)
	s.connsMu.Unlock()
}

// replySizes returns the sizes of the replies to all connections.
func (s *Server) replySizes() bounds {
	s.connsMu.Lock()
	all := s.stats.ended
	s.connsMu.Unlock()
	for _, c := range s.clients() {
		all.merge(c.seen())
	}
	return all.replies
}
