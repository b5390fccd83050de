package server

import (
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

// DefaultMaxOutstanding is how many requests of all clients may wait for the log
// before clients have to wait with more, as in Apache ZooKeeper.
const DefaultMaxOutstanding = 1000

// limits is what clients may take of the server, all together and each address.
type limits struct {
	waiting atomic.Int64 // requests in the queues of connections

	perAddr map[netip.Addr]int // connections; under connsMu
	warned  time.Time          // of a connection that was refused; of the accepting goroutine
}

// warnEvery bounds how often a client that is refused again and again is told of in
// the log.
const warnEvery = time.Second

// addrOf is the address that a connection counts for: the zero one where it has none.
func addrOf(nc net.Conn) netip.Addr {
	if a, ok := nc.RemoteAddr().(*net.TCPAddr); ok {
		return a.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}

// refused says why a connection from addr is one too many, or "". The caller holds
// connsMu.
func (s *Server) refused(addr netip.Addr) string {
	switch {
	case s.cfg.MaxTotal > 0 && len(s.conns) >= s.cfg.MaxTotal:
		return "too many connections"
	case s.cfg.MaxConns > 0 && s.limits.perAddr[addr] >= s.cfg.MaxConns:
		return "too many connections from " + addr.String()
	}
	return ""
}

// reject ends a connection that is one too many. Its client gets a reset, as from
// Apache ZooKeeper, which sends nothing either.
func (s *Server) reject(nc net.Conn, why string) {
	s.stats.rejected.Add(1)
	if now := time.Now(); now.Sub(s.limits.warned) >= warnEvery {
		s.limits.warned = now
		s.cfg.Logf("a connection is refused: %s", why)
	}
	if t, ok := nc.(*net.TCPConn); ok {
		_ = t.SetLinger(0) // or it ends in another way
	}
	_ = nc.Close() // nobody is to hear of it
}

// crowded tells whether a connection with requests under way has to wait with more.
func (s *Server) crowded() bool { return s.limits.waiting.Load() >= int64(s.cfg.MaxOutstanding) }
