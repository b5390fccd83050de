package server

import (
	"net"
	"sync"
)

// keepOutbox is the largest buffer that an idle outbox keeps, in bytes.
const keepOutbox = 64 << 10

// outbox holds the bytes that one connection has yet to send. Anyone may add to
// it without waiting; what the socket does not take at once is left to a
// goroutine that exists only while it is needed.
type outbox struct {
	nc  net.Conn
	try func([]byte) (int, error) // writes without blocking; nil where that cannot be had

	mu      sync.Mutex
	drained sync.Cond // signalled when pending falls, or at the end
	buf     []byte    // to be sent after what is being sent
	sending int       // bytes that flush or drain holds at the moment
	busy    bool      // flush or drain is at work
	spare   []byte
	closed  bool
	last    bool           // close once everything is sent
	wg      sync.WaitGroup // the drain goroutine
}

func newOutbox(nc net.Conn) *outbox {
	o := &outbox{nc: nc, try: tryWriter(nc)}
	o.drained.L = &o.mu
	return o
}

// lock returns the buffer to append to; unlock takes it back.
func (o *outbox) lock() []byte {
	o.mu.Lock()
	return o.buf
}

func (o *outbox) unlock(b []byte) {
	if !o.closed {
		o.buf = b
	}
	o.mu.Unlock()
}

// flush sends what it can. With direct it writes on the caller's time as much
// as the socket takes without blocking; otherwise, and for the rest, a
// goroutine does.
func (o *outbox) flush(direct bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.busy || o.closed || len(o.buf) == 0 {
		o.settle()
		return
	}
	o.busy = true
	if !direct || o.try == nil {
		o.drain(nil)
		return
	}
	for len(o.buf) > 0 && !o.closed {
		b := o.swap()
		o.mu.Unlock()
		n, err := o.try(b)
		o.mu.Lock()
		if err != nil {
			o.shut()
			break
		}
		if n < len(b) {
			o.sending = len(b) - n
			o.drain(b[n:])
			return
		}
		o.done(b)
	}
	o.busy = false
	o.settle()
}

// drain starts the goroutine that sends rest and then the buffer, blocking. The
// goroutine ends when all is sent or the connection is closed, and [outbox.wait]
// waits for it. The caller holds the lock.
func (o *outbox) drain(rest []byte) {
	o.wg.Go(func() {
		for {
			if len(rest) > 0 {
				if _, err := o.nc.Write(rest); err != nil {
					o.close()
				}
			}
			o.mu.Lock()
			if rest != nil {
				o.done(rest)
			}
			if o.closed || len(o.buf) == 0 {
				o.busy = false
				o.settle()
				o.mu.Unlock()
				return
			}
			rest = o.swap()
			o.mu.Unlock()
		}
	})
}

// swap takes the buffer to be sent. The caller holds the lock.
func (o *outbox) swap() []byte {
	b := o.buf
	o.buf, o.spare = o.spare[:0], nil
	o.sending = len(b)
	return b
}

// done gives back a buffer that has been sent. The caller holds the lock.
func (o *outbox) done(b []byte) {
	o.sending = 0
	if cap(b) <= keepOutbox {
		o.spare = b[:0]
	}
	o.drained.Broadcast()
}

// settle closes the connection if its last byte has gone. The caller holds the
// lock.
func (o *outbox) settle() {
	if o.last && !o.busy && len(o.buf) == 0 {
		o.shut()
	}
}

func (o *outbox) shut() {
	if o.closed {
		return
	}
	o.closed = true
	o.buf, o.spare = nil, nil
	_ = o.nc.Close() // nothing is left to tell the peer
	o.drained.Broadcast()
}

// close cuts the connection at once. What was not sent is lost.
func (o *outbox) close() {
	o.mu.Lock()
	o.shut()
	o.mu.Unlock()
}

// closeAfterLast closes the connection once what is in the outbox is sent.
func (o *outbox) closeAfterLast() {
	o.mu.Lock()
	o.last = true
	o.mu.Unlock()
}

// finish returns once the last byte of a connection that is being closed in order has
// gone, whoever sends it, or the connection is closed otherwise.
func (o *outbox) finish() {
	o.flush(true)
	o.mu.Lock()
	defer o.mu.Unlock()
	for !o.closed {
		o.drained.Wait()
	}
}

// ending tells whether the connection is being closed in order.
func (o *outbox) ending() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.last
}

// waitBelow waits until fewer than n bytes are pending and tells whether the
// connection is still open.
func (o *outbox) waitBelow(n int) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.buf)+o.sending >= n && !o.closed {
		o.drained.Wait()
	}
	return !o.closed
}

// wait waits for the goroutine of a closed outbox.
func (o *outbox) wait() { o.wg.Wait() }
