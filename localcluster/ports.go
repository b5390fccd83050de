package localcluster

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"time"
)

// usual is the first client port of a cluster, if it and those behind it are free.
const usual = 2181

// Ports are looked for below the range from which systems take the ports of
// outgoing connections (Linux from 32768, macOS from 49152): the port of a server
// that is down must not be taken by anyone's connection meanwhile.
const (
	lowPort  = 20000
	highPort = 32000
)

// portTries bounds the search for free ports.
const portTries = 200

// sockets binds a socket for each port.
func sockets(ports []int) ([]net.Listener, error) {
	var all []net.Listener
	for _, p := range ports {
		l, err := listenAt(p)
		if err != nil {
			closeAll(all)
			return nil, fmt.Errorf("%w: 127.0.0.1:%d: %w", ErrPortInUse, p, errors.Unwrap(err))
		}
		all = append(all, l)
	}
	return all, nil
}

// freeSockets binds n sockets on ports that nobody uses.
func freeSockets(n int) ([]net.Listener, error) {
	var last error
	for range portTries {
		first := lowPort + rand.IntN(highPort-lowPort-n)
		all, err := sockets(span(first, n))
		if err == nil {
			return all, nil
		}
		last = err
	}
	return nil, last
}

func span(first, n int) []int {
	ports := make([]int, n)
	for i := range ports {
		ports[i] = first + i
	}
	return ports
}

// rebind binds the sockets of servers that were there before. The kernel may take a
// moment to let go of the ports of a process that was killed.
func rebind(ports []int) ([]net.Listener, error) {
	for end := time.Now().Add(2 * time.Second); ; time.Sleep(firstPause) {
		all, err := sockets(ports)
		if err == nil || time.Now().After(end) {
			return all, err
		}
	}
}

func portsOf(ls []net.Listener) []int {
	ports := make([]int, len(ls))
	for i, l := range ls {
		ports[i] = portOf(l)
	}
	return ports
}

func closeAll(ls []net.Listener) {
	for _, l := range ls {
		_ = l.Close() // it only keeps a port
	}
}

// fileOf returns the socket of l for a child process.
func fileOf(l net.Listener) (*os.File, error) {
	t, ok := l.(*net.TCPListener)
	if !ok {
		return nil, fmt.Errorf("not a TCP socket: %v", l.Addr())
	}
	return t.File()
}
