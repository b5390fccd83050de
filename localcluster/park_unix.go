//go:build linux || darwin

package localcluster

import (
	"io"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// parked is a socket that is bound and does not listen: whoever connects to its port
// is refused, and nobody else can listen there.
type parked int

// park keeps the port of addr for a server that is down. Without it another program,
// another cluster of this user's for one, could listen there, and the clients of this
// cluster would take it for their own.
func park(addr string) (io.Closer, error) {
	a, err := net.ResolveTCPAddr("tcp4", addr)
	if err != nil {
		return nil, err
	}
	syscall.ForkLock.RLock()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err == nil {
		unix.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, err
	}
	p := parked(fd)
	// Connections of the dead server linger on the port for a minute. What lets the
	// socket be bound beside them would let others listen beside it.
	err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrInet4{Port: a.Port, Addr: [4]byte(a.IP.To4())})
	}
	if err == nil {
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 0)
	}
	if err != nil {
		_ = p.Close()
		return nil, err
	}
	return p, nil
}

// Close gives the port up.
func (p parked) Close() error { return unix.Close(int(p)) }
