package localcluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
)

// bindTries bounds how often servers that bind their ports themselves are started on
// others because someone was faster.
const bindTries = 3

// startAll starts every server for the first time and returns when they are ready.
func (s *supervisor) startAll(ctx context.Context) error {
	wanted := s.State.Ports
	for try := 1; ; try++ {
		err := s.startOnce(ctx)
		bad, ok := errors.AsType[*StartError](err)
		if !ok || wanted != nil || try == bindTries || !strings.Contains(strings.Join(bad.Log, "\n"), "Address already in use") {
			return err
		}
		for _, n := range s.nodes {
			s.halt(n, "killed")
			s.unpark(n)
		}
		s.State.Ports = nil
	}
}

func (s *supervisor) startOnce(ctx context.Context) error {
	clients, err := s.bind()
	if err != nil {
		return err
	}
	defer closeAll(clients)
	inner, err := freeSockets(2 * s.State.Size)
	if err != nil {
		return err
	}
	defer closeAll(inner)
	s.State.Ports = portsOf(clients)
	s.mu.Lock()
	s.nodes = s.members(inner)
	s.mu.Unlock()
	if !s.engine.listens() {
		closeAll(clients)
		closeAll(inner)
		clients, inner = nil, nil
	}
	for i, n := range s.nodes {
		if err := os.MkdirAll(n.dir, 0o700); err != nil {
			return err
		}
		if err := s.engine.prepare(n.member); err != nil {
			return err
		}
		var pair []net.Listener
		if clients != nil {
			pair = []net.Listener{clients[i], inner[i]}
		}
		if err := s.launch(n, pair); err != nil {
			return err
		}
	}
	closeAll(clients) // the servers have their own copies; ours would take connections in
	closeAll(inner)
	return s.ready(ctx, s.nodes)
}

// members lays out the servers. Their ports among themselves are new at every up:
// nothing on disk knows them.
func (s *supervisor) members(inner []net.Listener) []*node {
	var peers []peer
	for i := range s.State.Size {
		peers = append(peers, peer{ID: i + 1, Addr: inner[i].Addr().String(), Election: inner[s.State.Size+i].Addr().String(), Client: address(s.State.Ports[i])})
	}
	var all []*node
	for i := range s.State.Size {
		all = append(all, &node{state: "stopped", member: member{
			id: i + 1, dir: nodeDir(s.Dir, i+1), client: peers[i].Client, peers: peers, secret: s.secret, dist: s.State.Dist,
		}})
	}
	return all
}

// launch starts one server, on its sockets if it takes them from here.
func (s *supervisor) launch(n *node, pair []net.Listener) error {
	var files []*os.File
	for _, l := range pair {
		f, err := fileOf(l)
		if err != nil {
			return err
		}
		defer f.Close() // the process has its own
		files = append(files, f)
	}
	control, answers, err := s.newController()
	if err != nil {
		return err
	}
	if answers != nil {
		defer answers.Close() // the process has its own
		files = append(files, answers)
	}
	s.mu.Lock()
	m := n.member
	m.faults = cutsOf(s.cuts, n.id).table()
	s.mu.Unlock()
	cmd, input, err := s.engine.command(m, files)
	if err != nil {
		return err
	}
	p, err := s.starter.start(cmd, input, logFile(s.Dir, n.id), func() { s.park(n) })
	if err != nil {
		return &StartError{Node: n.id, Reason: err.Error()}
	}
	if control != nil {
		control.out, p.control = p.stdin, control
	}
	s.mu.Lock()
	n.proc, n.state = p, "running"
	s.mu.Unlock()
	s.event("start", n, "")
	s.wg.Go(func() { // ends with the process
		<-p.done
		s.mu.Lock()
		unexpected := n.proc == p && (n.state == "running" || n.state == "paused")
		if unexpected {
			n.state = "dead"
		}
		s.mu.Unlock()
		s.event("exit", n, p.cmd.ProcessState.String())
		if unexpected {
			s.logf("server %d ended by itself: %v", n.id, p.cmd.ProcessState)
		}
	})
	return nil
}

// park keeps the ports of a server that has ended.
func (s *supervisor) park(n *node) {
	var seats []io.Closer
	for _, addr := range n.addresses() {
		seat, err := park(addr)
		if err != nil {
			s.logf("server %d: the port of %s is not kept while it is down: %v", n.id, addr, err)
			continue
		}
		seats = append(seats, seat)
	}
	s.mu.Lock()
	n.seats = append(n.seats, seats...)
	s.mu.Unlock()
}

// unpark gives the ports up, for the server or for good.
func (s *supervisor) unpark(n *node) {
	s.mu.Lock()
	seats := n.seats
	n.seats = nil
	s.mu.Unlock()
	for _, seat := range seats {
		_ = seat.Close() // it only kept a port
	}
}

// addresses returns those where the server listens.
func (n *node) addresses() []string {
	mine := n.peers[n.id-1]
	return slices.DeleteFunc([]string{n.client, mine.Addr, mine.Election}, func(a string) bool { return a == "" })
}

// halt ends a server, by force if it is to be "killed".
func (s *supervisor) halt(n *node, state string) {
	s.mu.Lock()
	p := n.proc
	if p == nil || p.gone() {
		s.mu.Unlock()
		return
	}
	n.state = state
	s.mu.Unlock()
	if state == "killed" {
		p.kill()
	} else {
		p.stop(stopPatience)
	}
}

// running tells whether the server's process is there.
func (s *supervisor) running(n *node) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return n.proc != nil && !n.proc.gone()
}

// ready returns when the servers in nodes serve and a write was committed and read
// through each of them.
func (s *supervisor) ready(ctx context.Context, nodes []*node) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := s.each(nodes, func(n *node) error {
		return s.await(ctx, n, func(a answer) bool { return a.mode != "" })
	})
	if err != nil {
		return err
	}
	var addrs []string
	for _, n := range nodes {
		addrs = append(addrs, n.client)
	}
	if err := commits(ctx, addrs); err != nil {
		return s.failed(nodes, err)
	}
	return nil
}

// failed says which server is to blame: one that ended, or else the first.
func (s *supervisor) failed(nodes []*node, err error) error {
	for _, n := range nodes {
		if !s.running(n) {
			return &StartError{n.id, fmt.Sprintf("it ended (%v)", n.proc.cmd.ProcessState), tail(logFile(s.Dir, n.id), 10)}
		}
	}
	return &StartError{nodes[0].id, err.Error(), tail(logFile(s.Dir, nodes[0].id), 10)}
}

// await returns when what the server says of itself is as wanted, or when it cannot
// become so any more.
func (s *supervisor) await(ctx context.Context, n *node, wanted func(answer) bool) error {
	err := until(ctx, func() (bool, error) {
		if !s.running(n) {
			return false, s.failed([]*node{n}, errNotReady)
		}
		a, err := ask(ctx, n.client)
		return err == nil && wanted(a), nil
	})
	if errors.Is(err, context.DeadlineExceeded) {
		return &StartError{n.id, fmt.Sprintf("it is not ready after %v", patience), tail(logFile(s.Dir, n.id), 10)}
	}
	return err
}

// each calls f for every node at once and returns the first failure by number.
func (s *supervisor) each(nodes []*node, f func(*node) error) error {
	errs := make([]error, len(nodes))
	var wg sync.WaitGroup
	for i, n := range nodes {
		wg.Go(func() { errs[i] = f(n) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// status asks every server that runs.
func (s *supervisor) status(ctx context.Context) *Status {
	st := &Status{Name: s.State.Name, Engine: s.State.Engine, Up: true, Dir: s.Dir}
	s.mu.Lock()
	nodes := append([]*node{}, s.nodes...)
	st.Nodes = make([]NodeStatus, len(nodes))
	for i, n := range nodes {
		st.Servers = append(st.Servers, n.client)
		st.Nodes[i] = NodeStatus{ID: n.id, Address: n.client, State: n.state}
		if n.proc != nil && (n.state == "running" || n.state == "paused") {
			st.Nodes[i].PID = n.proc.pid
		}
		cut := cutsOf(s.cuts, n.id)
		st.Nodes[i].CutTo, st.Nodes[i].CutFrom = cut.to, cut.from
	}
	s.mu.Unlock()
	var wg sync.WaitGroup
	for i := range st.Nodes {
		n := &st.Nodes[i]
		if n.State != "running" {
			continue
		}
		wg.Go(func() {
			a, err := ask(ctx, n.Address)
			switch {
			case err != nil:
				n.State = "unreachable"
			case a.mode == "":
				n.State = "waiting"
			default:
				n.State, n.Version, n.Zxid = a.mode, a.version, a.zxid
			}
		})
	}
	wg.Wait()
	return st
}
