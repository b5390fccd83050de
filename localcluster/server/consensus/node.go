package consensus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
)

// Node is one member of the ensemble.
type Node struct {
	cfg    Config
	rn     *raft.RawNode // the loop's
	log    *storage
	disk   *disk
	links  atomic.Pointer[map[uint64]*link] // by the id of the peer; replaced, never changed
	status atomic.Pointer[Status]
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
	kick   chan struct{} // wakes the loop
	work   chan struct{} // wakes the appender

	mu       sync.Mutex
	inbox    []*pb.Message
	batches  [][]byte // proposals that wait for the loop, each an entry
	usual    int      // bytes that the last of them came to
	broken   []uint64 // links that broke since the loop looked
	sent     []uint64 // snapshots that left
	appends  []*pb.Message
	transfer uint64        // to whom the office is to go, or 0
	turn     chan struct{} // closed when the status is another
	snapshot *made         // finished by its goroutine
	marks    []mark        // of snapshots, that wait for the appender

	ticks    atomic.Int64                    // since the start
	faults   atomic.Pointer[map[uint64]Link] // what is wrong with links; nil where nothing is
	peersMu  sync.Mutex                      // held while it or links are replaced
	inbounds map[*inbound]struct{}           // connections of peers, under peersMu
	members  atomic.Pointer[membership]
	known    *acquaintances
	out      atomic.Uint64 // version of a membership without this node, of which a peer has told

	failed  chan struct{}
	failErr error
	once    sync.Once

	started   time.Time // the loop's from here on
	campaigns int
	making    bool // a snapshot is being written or read
	wanted    bool // a follower needs one
	applied   uint64
	appTerm   uint64
	sinceSnap int64              // bytes of the log
	countSnap uint64             // proposals
	led       bool               // there has been a leader
	lostAt    int64              // tick at which the leader got lost, or -1
	snapSize  int64              // of the last one made here, in bytes
	changing  int                // ticks until a change of members is proposed again
	joining   map[uint64]*joiner // new voters that the leader waits for
}

// Start opens the data directory, gives the machine what is in it, and starts the
// node. The listener is the node's from then on.
func Start(cfg Config) (*Node, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	n := &Node{
		cfg: cfg, inbounds: make(map[*inbound]struct{}), kick: make(chan struct{}, 1), work: make(chan struct{}, 1),
		failed: make(chan struct{}), started: time.Now(), lostAt: -1, turn: make(chan struct{}),
	}
	d, st, err := openDisk(&cfg)
	if err != nil {
		return nil, err
	}
	if n.known, err = openAcquaintances(cfg.Dir, cfg.NoSync); err != nil {
		return nil, errors.Join(err, d.close())
	}
	n.disk, n.log = d, st
	n.applied, n.appTerm = st.start.GetIndex(), st.start.GetTerm()
	n.log.request = n.wantSnapshot
	n.rn, err = raft.NewRawNode(&raft.Config{
		ID: cfg.ID, ElectionTick: electionTicks, HeartbeatTick: 1, Storage: st, Applied: n.applied, AsyncStorageWrites: true,
		MaxSizePerMsg: maxBatch, MaxInflightMsgs: 256, CheckQuorum: true, PreVote: true, DisableProposalForwarding: true,
		StepDownOnRemoval: true, Logger: quiet{cfg.Logf},
	})
	if err != nil {
		return nil, errors.Join(err, d.close())
	}
	n.status.Store(&Status{ID: cfg.ID, Role: st.members.role(cfg.ID, "follower")})
	n.ctx, n.cancel = context.WithCancel(context.Background())
	n.links.Store(&map[uint64]*link{})
	n.SetLinks(cfg.Links)
	n.setMembers(st.members)
	if n.applied <= 1 {
		cfg.Machine.Members(Entry{Index: n.applied, Term: n.appTerm}, n.Members())
	}
	if cfg.Listener != nil {
		n.wg.Go(n.accept) // ends with the listener
	}
	n.wg.Go(n.loop)
	n.wg.Go(n.appender)
	return n, nil
}

// Propose asks for payload to be put into the log. It never waits for disk or
// network and keeps no reference to payload. Whether it got there is told by Apply,
// here and everywhere, or never: see [Machine.Changed].
func (n *Node) Propose(payload []byte) error {
	st := n.status.Load()
	switch {
	case len(payload) > maxPayload:
		return ErrTooLong
	case n.ctx.Err() != nil:
		return ErrStopped
	case st.Leader == 0:
		return ErrNoLeader
	case st.Leader == n.cfg.ID:
		n.enqueue(payload)
		return nil
	}
	l := n.link(st.Leader)
	if l == nil {
		return ErrNoLeader
	}
	return l.send(frameProposal, payload)
}

// link returns the link to a peer, or nil.
func (n *Node) link(peer uint64) *link { return (*n.links.Load())[peer] }

// enqueue adds a proposal to the batch that waits for the loop.
func (n *Node) enqueue(payload []byte) {
	n.mu.Lock()
	last := len(n.batches) - 1
	if last < 0 || len(n.batches[last])+len(payload) > maxBatch {
		n.batches = append(n.batches, newBatch(max(len(payload), min(n.usual, maxUsual))))
		last++
	}
	n.batches[last] = appendPayload(n.batches[last], payload)
	n.mu.Unlock()
	wake(n.kick)
}

// Send gives msg to the machine of another server, if it can be reached now.
func (n *Node) Send(to uint64, msg []byte) error {
	l := n.link(to)
	if l == nil {
		return fmt.Errorf("no peer %d", to)
	}
	return l.send(frameMessage, msg)
}

// Status returns what the node knows at the moment.
func (n *Node) Status() Status {
	st := *n.status.Load()
	for _, m := range n.members.Load().now {
		if !m.Observer {
			st.Voters++
		}
	}
	for _, l := range *n.links.Load() {
		if st.Role == "leader" && l.up.Load() && n.ticks.Load()-l.heard.Load() <= electionTicks {
			st.Followers++
		}
	}
	return st
}

// Failed is closed when the node had to stop. Err then says why.
func (n *Node) Failed() <-chan struct{} { return n.failed }

// Err returns why the node had to stop, or nil.
func (n *Node) Err() error {
	select {
	case <-n.failed:
		return n.failErr
	default:
		return nil
	}
}

// fail stops the node for good.
func (n *Node) fail(err error) {
	n.once.Do(func() {
		n.failErr = err
		close(n.failed)
		n.cfg.Logf("stopping: %v", err)
		n.cancel()
	})
}

// Stop ends the node and waits for all its goroutines.
func (n *Node) Stop() error {
	n.cancel()
	if n.cfg.Listener != nil {
		_ = n.cfg.Listener.Close() // its accept ends
	}
	n.wg.Wait()
	return n.disk.close()
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
