//go:build unix

package server

import (
	"errors"
	"net"
	"syscall"
)

// tryWriter returns a function that writes to nc what the socket takes without
// blocking, or nil if nc is not a socket. It spares a reply the two switches of
// goroutine that handing it to a writer would cost.
func tryWriter(nc net.Conn) func([]byte) (int, error) {
	sc, ok := nc.(syscall.Conn)
	if !ok {
		return nil
	}
	rc, err := sc.SyscallConn()
	if err != nil {
		return nil
	}
	return func(b []byte) (n int, err error) {
		cerr := rc.Write(func(fd uintptr) bool {
			n, err = syscall.Write(int(fd), b)
			return true // one attempt
		})
		switch {
		case cerr != nil:
			return 0, cerr
		case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EINTR):
			return max(n, 0), nil
		}
		return max(n, 0), err
	}
}
