package server

import (
	"bufio"
	"encoding/binary"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zooctl/zooctl/localcluster/server/tree"
	"github.com/zooctl/zooctl/ops/wire"
)

// Bounds on what one connection may have under way, so that a client that
// sends without reading costs a fixed amount and then waits.
const (
	maxQueued      = 2000    // requests behind the oldest unanswered write
	maxQueuedBytes = 4 << 20 // and their bytes
	maxUnsent      = 4 << 20 // bytes of replies that the client has not read
	flushAt        = 64 << 10
	// handshakeTime bounds the wait for the first frame.
	handshakeTime = 10 * time.Second
)

// request is one that waits for its turn: a write that is in the log, or a read
// behind one.
type request struct {
	xid  int32
	op   wire.Op
	body []byte // of a read; a write's is in the log
	who  []byte // identities of a read when it came
	size int    // bytes that it counts for
	at   time.Time

	taken bool // a reconfig that is in the replicated state: who leads may change
}

// conn is one client connection. Its reader goroutine decodes requests and
// answers reads; writes, and reads behind writes, are answered by the goroutine
// that applies entries.
type conn struct {
	s     *Server
	nonce uint64 // unique in the ensemble: who owns a session is told by it
	nc    net.Conn
	out   *outbox

	active         atomic.Bool // heard from since the last sweep of touches
	waits          atomic.Bool // for a reconfig, and reads nothing meanwhile
	reads          atomic.Bool // of a server without the others: see readsOnly
	sid            atomic.Int64
	received, sent atomic.Int64
	timeout        atomic.Int32 // of the session, in milliseconds
	since          time.Time

	replied reply // the last; of whoever answers: the reader, or the applying goroutine while there is a queue
	direct  seen  // answered by the reader; under the outbox's lock

	who  atomic.Pointer[[]byte] // identities, encoded; the reader goroutine alone changes them
	sasl saslExchange           // the reader goroutine's

	ready chan struct{} // closed once the session is attached, or the connection is over

	mu      sync.Mutex
	room    sync.Cond // signalled when the queue shortens, or at the end
	queue   []request // unanswered, in order; the first is always a write
	queued  int       // bytes of queue
	seq     uint32    // writes sent to the log
	hello   *wire.ConnectRequest
	helloAt time.Time
	over    bool
	isReady bool

	queuedSeen seen // answered from the queue

	dirty bool // has replies to flush; of the applying goroutine alone
}

func (s *Server) newConn(nc net.Conn) *conn {
	c := &conn{s: s, nonce: s.nextNonce(), nc: nc, out: newOutbox(nc), ready: make(chan struct{}), since: time.Now()}
	c.room.L = &c.mu
	c.identify(addressIdentity(nc))
	return c
}

// serve runs the connection until it ends.
func (c *conn) serve() {
	defer c.end()
	br := bufio.NewReaderSize(c.nc, 16<<10)
	_ = c.nc.SetReadDeadline(time.Now().Add(handshakeTime))
	if !c.secure() {
		return
	}
	head, err := br.Peek(4)
	if err != nil {
		return
	}
	if word, ok := fourLetterWord(head); ok {
		c.s.answerWord(c, word, br)
		return
	}
	greet := c.handshake
	if !c.s.awaitLeader() {
		if !c.s.readsOnly() {
			c.s.stats.notServing.Add(1)
			return // a client tries the next server
		}
		greet = c.greetReader
	}
	frame, err := wire.ReadFrame(br, c.s.cfg.MaxFrame, nil)
	if err != nil || !greet(frame) {
		return
	}
	_ = c.nc.SetReadDeadline(time.Time{})
	for {
		if !wholeFrame(br) {
			c.out.flush(true) // what follows may be long in coming
		}
		c.awaitReader()
		if frame, err = wire.ReadFrame(br, c.s.cfg.MaxFrame, frame); err != nil {
			c.noteDrop()
			return
		}
		c.countReceived(len(frame))
		if !c.request(frame) {
			return
		}
	}
}

// wholeFrame tells whether the next frame can be read without waiting.
func wholeFrame(br *bufio.Reader) bool {
	if br.Buffered() < 4 {
		return false
	}
	head, err := br.Peek(4)
	return err == nil && int64(br.Buffered()) >= 4+int64(binary.BigEndian.Uint32(head))
}

// handshake opens or takes up a session and waits for it. It answers nothing
// itself: the reply follows the application of the session.
func (c *conn) handshake(frame []byte) bool {
	var req wire.ConnectRequest
	d := wire.NewDecoder(frame)
	req.Decode(&d)
	if d.Err() != nil {
		return false
	}
	c.countReceived(len(frame))
	c.s.stats.connects.Add(1)
	c.s.mu.RLock()
	last := c.s.tree.LastZxid()
	c.s.mu.RUnlock()
	// "lastZxidSeen > our last applied -> close with no reply (client tries next)".
	if req.LastZxidSeen > last {
		return false
	}
	req.Password = append([]byte(nil), req.Password...)
	c.mu.Lock()
	c.hello, c.helloAt = &req, time.Now()
	c.mu.Unlock()
	if err := c.s.openSession(c, &req); err != nil {
		return false
	}
	<-c.ready
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.isReady
}

// request deals with one frame and tells whether to go on.
func (c *conn) request(frame []byte) bool {
	var h wire.RequestHeader
	d := wire.NewDecoder(frame)
	h.Decode(&d)
	if d.Err() != nil {
		return false
	}
	c.active.Store(true)
	now := time.Now()
	switch {
	case h.Op == wire.OpAuth:
		return c.auth(h, &d)
	case h.Op == wire.OpSASL:
		return c.saslStep(h, &d)
	case knownWrite(h.Op) && c.reads.Load():
		return c.refuseWrite(h, now)
	case knownWrite(h.Op):
		return c.submit(h, d.Rest(), now)
	}
	if waits, over := c.waitBehind(h, d.Rest(), now); waits || over {
		return !over
	}
	c.s.mu.RLock()
	ok := c.s.read(ask{c, h, *c.who.Load()}, d.Rest())
	c.s.mu.RUnlock()
	if c.noteDirect(h, now) > flushAt {
		c.out.flush(true)
		ok = ok && c.out.waitBelow(maxUnsent)
	}
	return ok
}

// submit sends a write to the log. Its place in the queue is taken first, so
// that the reply cannot come before it.
func (c *conn) submit(h wire.RequestHeader, body []byte, now time.Time) bool {
	if !c.s.awaitLeader() {
		return false
	}
	if !c.push(request{xid: h.Xid, op: h.Op, size: len(body) + 64, at: now}) {
		return false
	}
	c.seq++ // this goroutine's alone after the handshake
	t := tree.Txn{Session: c.sid.Load(), Conn: c.nonce, Seq: c.seq, Op: h.Op, Rules: c.s.rules, Who: *c.who.Load(), Body: body}
	if h.Op == wire.OpReconfig {
		return c.submitReconfig(&t)
	}
	return c.s.propose(&t) == nil
}

// push adds a write to the queue, waiting for room. It returns false at the end.
func (c *conn) push(r request) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.hasRoom(r.size) {
		return false
	}
	c.queue = append(c.queue, r)
	c.queued += r.size
	c.s.limits.waiting.Add(1)
	return true
}

// waitBehind adds a read to the queue if a write is before it. Otherwise it may be
// answered at once: only this goroutine makes the queue longer, so an empty one stays
// empty. Looking and adding are one step, since a read that is first in the queue would
// wait for ever.
func (c *conn) waitBehind(h wire.RequestHeader, body []byte, now time.Time) (waits, over bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	size := len(body) + 64
	if len(c.queue) == 0 {
		return false, c.over
	}
	if !c.hasRoom(size) {
		return false, true
	}
	if len(c.queue) == 0 { // it was answered while there was no room
		return false, false
	}
	c.queue = append(c.queue, request{xid: h.Xid, op: h.Op, body: append([]byte(nil), body...), who: *c.who.Load(), size: size, at: now})
	c.queued += size
	c.s.limits.waiting.Add(1)
	return true, false
}

// hasRoom waits for room in the queue, and in what all queues may hold. A connection
// with nothing under way need not wait, so that each can go on. It returns false at the
// end. The caller holds c.mu, which it lets go of meanwhile.
func (c *conn) hasRoom(size int) bool {
	for waited := false; !c.over && len(c.queue) > 0 && c.full(size); waited = true {
		if !waited {
			c.s.stats.throttled.Add(1)
		}
		c.room.Wait()
	}
	return !c.over
}

// full tells whether a request of that size has to wait. The caller holds c.mu.
func (c *conn) full(size int) bool {
	return len(c.queue) >= maxQueued || c.queued+size > maxQueuedBytes || c.s.crowded()
}

// pop takes the oldest request off the queue. The caller holds c.mu.
func (c *conn) pop() request {
	r := c.queue[0]
	c.queue[0] = request{}
	c.queue = c.queue[1:]
	if len(c.queue) == 0 {
		c.queue = nil
	}
	c.queued -= r.size
	c.s.limits.waiting.Add(-1)
	c.room.Signal()
	return r
}

// pending tells whether an answer depends on the log.
func (c *conn) pending() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.queue) > 0 && !c.queue[0].taken || c.hello != nil && !c.isReady
}

// greeted tells whether a session has been asked for.
func (c *conn) greeted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hello != nil
}

// cut ends the connection at once; its reader notices and cleans up.
func (c *conn) cut() {
	c.mu.Lock()
	if !c.over {
		c.over = true
		c.room.Broadcast()
		c.open(false)
	}
	c.mu.Unlock()
	c.out.close()
}

// open releases the handshake. The caller holds c.mu.
func (c *conn) open(ok bool) {
	select {
	case <-c.ready:
	default:
		c.isReady = ok
		close(c.ready)
	}
}

// end is the reader's last act: what is in the outbox may still go out if the
// connection was ended in order.
func (c *conn) end() {
	if c.out.ending() {
		c.out.finish()
	}
	c.cut()
	c.drop()
	c.s.forget(c)
	c.out.wait()
}

func (c *conn) countReceived(bytes int) {
	c.received.Add(1)
	c.s.stats.received.Add(1)
	c.s.stats.bytesReceived.Add(int64(bytes))
}

// drop gives up what a connection that is over has in its queue.
func (c *conn) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.s.limits.waiting.Add(-int64(len(c.queue)))
	c.queue, c.queued = nil, 0
}

// noteDrop counts a connection that its client has left without a word.
func (c *conn) noteDrop() {
	c.mu.Lock()
	over := c.over
	c.mu.Unlock()
	if !over && !c.out.ending() {
		c.s.stats.dropped.Add(1)
	}
}

func (c *conn) countSent() {
	c.sent.Add(1)
	c.s.stats.sent.Add(1)
}

// noZxid is in the header of an event that no transaction triggers now.
const noZxid = -1

// event appends a notification to the outbox. Its header has the zxid of what
// triggered it, as servers tell since 3.9.
func (c *conn) event(typ wire.EventType, path string, zxid int64) {
	b := c.out.lock()
	start := len(b)
	h := wire.ReplyHeader{Xid: wire.XidNotification, Zxid: zxid}
	b = h.Append(append(b, 0, 0, 0, 0))
	e := wire.WatcherEvent{Type: typ, State: wire.StateSyncConnected, Path: path}
	b = wire.PutLength(e.Append(b), start)
	c.out.unlock(b)
	c.countSent()
}

// reply appends a reply to the outbox; body encodes what follows the header, or
// is nil.
func (c *conn) reply(h wire.ReplyHeader, body func([]byte) []byte) {
	b := c.out.lock()
	start := len(b)
	b = h.Append(append(b, 0, 0, 0, 0))
	if body != nil {
		b = body(b)
	}
	c.replied = reply{zxid: h.Zxid, size: len(b) - start - 4}
	binary.BigEndian.PutUint32(b[start:], uint32(c.replied.size))
	c.out.unlock(b)
	c.countSent()
}
