package server

import (
	"bytes"
	"net"
	"testing"
	"testing/synctest"
)

// shutConn is a connection of which only the end is of interest.
type shutConn struct {
	net.Conn
	shut chan struct{}
}

func (c shutConn) Close() error { close(c.shut); return nil }

// TestLastReplyOfAnotherIsSent: a connection that is closed in order is not closed while
// another goroutine is about to send its last reply.
func TestLastReplyOfAnotherIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nc := shutConn{shut: make(chan struct{})}
		o := newOutbox(nc)
		release := make(chan struct{})
		var sent bytes.Buffer
		o.try = func(b []byte) (int, error) {
			<-release
			select {
			case <-nc.shut:
				return 0, net.ErrClosed
			default:
			}
			return sent.Write(b)
		}
		o.unlock(append(o.lock(), "refused"...))
		go o.flush(true) // ends with release
		synctest.Wait()
		o.closeAfterLast()
		finished := make(chan struct{})
		go func() { o.finish(); o.close(); close(finished) }()
		synctest.Wait()
		close(release)
		<-finished
		if sent.String() != "refused" {
			t.Errorf("sent %q", &sent)
		}
		<-nc.shut
	})
}
