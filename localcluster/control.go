package localcluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// request is what a supervisor is asked on its socket: one JSON value, answered by
// one report. The connection of a request to end stays open until the supervisor is
// gone.
type request struct {
	Op     string     `json:"op"` // status, start, stop, kill, pause, resume, isolate, partition, heal, down, keep (down without removing the data)
	Nodes  []string   `json:"nodes,omitempty"`
	Groups [][]string `json:"groups,omitempty"`  // partition
	OneWay bool       `json:"one_way,omitempty"` // isolate, partition
}

// requestLimit bounds a request, in bytes.
const requestLimit = 64 << 10

// listenControl makes the supervisor's socket. The lock says that no other
// supervisor is there, so a socket that is was left by one that was killed.
func listenControl(dir string) (*net.UnixListener, error) {
	file := socketFile(dir)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, err
	}
	if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: file, Net: "unix"})
	if err != nil {
		return nil, err
	}
	return l, os.Chmod(file, 0o600)
}

// answerAll takes requests until the socket is closed.
func (s *supervisor) answerAll(ctx context.Context) {
	for {
		c, err := s.control.AcceptUnix()
		if err != nil {
			return
		}
		go s.answer(ctx, c) // ends with the request, or with the supervisor
	}
}

// answer serves one request.
func (s *supervisor) answer(ctx context.Context, c *net.UnixConn) {
	if uid, err := peerUID(c); err != nil || uid != os.Getuid() && uid != 0 {
		s.logf("refused a request of user %d: %v", uid, err)
		_ = c.Close() // nothing is owed to a stranger
		return
	}
	var r request
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second)) // a caller writes at once
	if err := json.NewDecoder(io.LimitReader(c, requestLimit)).Decode(&r); err != nil {
		_ = c.Close() // it went, or is no zooctl
		return
	}
	err := s.handle(ctx, r)
	rep := report{Fault: faultOf(err)}
	if down := r.Op == "down" || r.Op == "keep"; err == nil && !down {
		rep.Status = s.status(ctx)
	} else if down {
		defer close(s.ended) // and the kernel closes c when this process is gone
		_ = json.NewEncoder(c).Encode(rep)
		return
	}
	_ = json.NewEncoder(c).Encode(rep) // the caller may have gone
	_ = c.Close()
}

func (s *supervisor) handle(ctx context.Context, r request) error {
	switch r.Op {
	case "status":
		return nil
	case "down":
		return s.end(true)
	case "keep":
		return s.end(false)
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return ErrNotRunning
	}
	switch r.Op {
	case "start":
		return s.start(ctx, r.Nodes)
	case "stop":
		return s.halts(ctx, r.Nodes, "stopped")
	case "kill":
		return s.halts(ctx, r.Nodes, "killed")
	case "pause":
		return s.pause(ctx, r.Nodes)
	case "resume":
		return s.resume(ctx, r.Nodes)
	case "isolate":
		return s.isolate(ctx, r.Nodes, r.OneWay)
	case "partition":
		return s.partition(ctx, r.Groups, r.OneWay)
	case "heal":
		return s.heal(ctx)
	}
	return fmt.Errorf("%w: request %q", ErrBadSpec, r.Op)
}

// start starts servers that are down and returns when they serve again; where there
// is no quorum even so, when they run.
func (s *supervisor) start(ctx context.Context, selectors []string) error {
	nodes, err := s.choose(ctx, selectors, func(n *node) bool { return !s.running(n) })
	if err != nil {
		return err
	}
	for _, n := range nodes {
		if s.running(n) {
			continue
		}
		if err := s.restart(n); err != nil {
			return err
		}
	}
	return s.recovered(ctx, nodes)
}

// restart starts one server on the ports that it had.
func (s *supervisor) restart(n *node) (err error) {
	s.unpark(n)
	defer func() {
		if err != nil {
			s.park(n)
		}
	}()
	if !s.engine.listens() {
		return s.launch(n, nil)
	}
	var ports []int
	for _, addr := range []string{n.client, n.peers[n.id-1].Addr} {
		a, err := net.ResolveTCPAddr("tcp", addr)
		if err != nil {
			return err
		}
		ports = append(ports, a.Port)
	}
	pair, err := rebind(ports)
	if err != nil {
		return err
	}
	defer closeAll(pair)
	return s.launch(n, pair)
}

// halts ends servers, all at once.
func (s *supervisor) halts(ctx context.Context, selectors []string, state string) error {
	nodes, err := s.choose(ctx, selectors, s.running)
	if err != nil {
		return err
	}
	return s.each(nodes, func(n *node) error {
		s.halt(n, state)
		return nil
	})
}

// call asks the supervisor of the cluster in dir. One that is not there is
// ErrNotRunning.
func call(ctx context.Context, dir string, r request) (*Status, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", socketFile(dir))
	switch {
	case errors.Is(err, os.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOTDIR):
		return nil, ErrNotRunning
	case err != nil:
		return nil, err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	if err := json.NewEncoder(c).Encode(r); err != nil {
		return nil, errors.Join(ctx.Err(), fmt.Errorf("%w: its supervisor went away: %w", ErrNotRunning, err))
	}
	var rep report
	if err := json.NewDecoder(c).Decode(&rep); err != nil {
		return nil, errors.Join(ctx.Err(), fmt.Errorf("%w: its supervisor went away: %w", ErrNotRunning, err))
	}
	if r.Op == "down" || r.Op == "keep" {
		_, _ = io.Copy(io.Discard, c) // until the supervisor is gone
	}
	return rep.Status, rep.Fault.err()
}
