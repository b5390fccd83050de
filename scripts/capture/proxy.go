package main

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"sync"
	"syscall"
)

// maxFrame bounds what is taken for a frame, in bytes.
const maxFrame = 1 << 20

// proxy stands between one client and the servers, and writes down every frame. Each
// connection goes to the next server.
type proxy struct {
	l       net.Listener
	servers []string
	wg      sync.WaitGroup

	mu    sync.Mutex
	open  []net.Conn
	count int
	text  []byte
}

func listen(servers []string) (*proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{l: l, servers: servers}
	p.wg.Go(p.accept) // ends with the listener
	return p, nil
}

func (p *proxy) addr() string { return p.l.Addr().String() }

func (p *proxy) accept() {
	for {
		client, err := p.l.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		n := p.count
		p.count++
		p.mu.Unlock()
		server, err := net.Dial("tcp", p.servers[n%len(p.servers)])
		if err != nil {
			_ = client.Close() // it tries again
			continue
		}
		p.mu.Lock()
		p.open = append(p.open, client, server)
		p.mu.Unlock()
		p.wg.Go(func() { p.carry(n, '>', server, client) })
		p.wg.Go(func() { p.carry(n, '<', client, server) })
	}
}

// carry passes frames on until either side ends.
func (p *proxy) carry(conn int, direction byte, to, from net.Conn) {
	defer func() { _, _ = to.Close(), from.Close() }()
	for {
		frame, err := readFrame(from)
		if err != nil {
			return
		}
		p.mu.Lock()
		p.text = append(fmt.Appendf(p.text, "%d %c %s", conn, direction, hex.EncodeToString(frame[4:])), '\n')
		p.mu.Unlock()
		if _, err := to.Write(frame); err != nil {
			return
		}
	}
}

// readFrame reads a frame with its length before it.
func readFrame(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxFrame {
		return nil, errors.New("too long for a frame")
	}
	frame := append(head[:], make([]byte, n)...)
	_, err := io.ReadFull(r, frame[4:])
	return frame, err
}

// cut ends the connections there are: the client takes its session up on another.
func (p *proxy) cut() {
	p.mu.Lock()
	open := p.open
	p.open = nil
	p.mu.Unlock()
	for _, nc := range open {
		_ = nc.Close() // it may be closed
	}
}

// cutOn has cmd ask for a cut with each byte that it writes to its standard output.
func (p *proxy) cutOn(cmd *exec.Cmd) { cmd.Stdout = cutter{p} }

type cutter struct{ p *proxy }

func (c cutter) Write(b []byte) (int, error) {
	c.p.cut()
	return len(b), nil
}

// close ends the proxy and waits for its goroutines.
func (p *proxy) close() error {
	err := p.l.Close()
	p.cut()
	p.wg.Wait()
	if errors.Is(err, syscall.EINVAL) {
		return nil // closed already
	}
	return err
}

func (p *proxy) lines() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text
}
