package consensus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
)

// Peer is one member of the ensemble.
type Peer struct {
	ID       uint64
	Addr     string // host:port of its listener for peers
	Observer bool   // it gets the log, and has no vote

	// These are kept with the member for its owner; the package does not use them.
	Election, Client string
}

// Config describes a node.
type Config struct {
	ID       uint64
	Peers    []Peer // all first members, this one included; the same on all of them. What the data says of members comes before it
	Join     bool   // a node without data waits until the members of an ensemble add it, and Peers says nothing
	Dir      string // of this node alone; made if missing
	LogDir   string // where the log is, if not in Dir; of this node alone
	Listener net.Listener
	Secret   []byte // the peers prove to each other that they know it
	Machine  Machine
	Links    []Link // what is wrong with its links from the start; see SetLinks

	Tick          time.Duration // between heartbeats; 0 is 20 ms. An election starts after 10 to 20 of them without a leader
	NoSync        bool          // do not wait for the disk
	SnapshotBytes int64         // of log between two snapshots on disk, at least; 0 is 16 MiB. It is as much as the last of them, if that was more
	SnapshotCount uint64        // of proposals between them, at most; 0 is no bound
	KeepBytes     int64         // of applied log kept in memory for followers that lag; 0 is 8 MiB
	Meter         Meter
	Logf          func(format string, args ...any)
}

// Meter is told how long the disk takes. Its functions may be nil; they are called from
// the node's goroutines, and must not wait.
type Meter struct {
	Synced    func(time.Duration) // after each fsync of the log
	Snapshots func(time.Duration) // after each snapshot of this machine that is on disk
}

// Entry is one step of the replicated log.
type Entry struct {
	Index, Term uint64
	Time        int64    // of the leader's clock when it was proposed, in milliseconds since 1970
	Payloads    [][]byte // in order; valid only during Apply
}

// Status is what a node knows of itself and of the leader.
type Status struct {
	ID, Leader      uint64 // Leader is 0 when none is known
	Adrift          bool   // none has been known for longer than a handover takes, or this node is no member
	Term            uint64
	Commit, Applied uint64
	Role            string // "leader", "follower", "observer", "candidate", or "none" for a node that is no member
	Voters          int    // of the ensemble
	Followers       int    // on the leader: those that it is connected to and hears from
}

// Machine is what the log is for. All but Receive are called from one goroutine, one at
// a time.
type Machine interface {
	// Apply applies an entry.
	Apply(Entry)
	// Snapshot notes the state and returns at once. The function that it returns
	// writes it out while later entries are applied.
	Snapshot() (write func(io.Writer) error)
	// Restore replaces the state by one that Snapshot wrote.
	Restore(io.Reader) error
	// Receive takes a message that a peer sent with Send. It is called from the
	// goroutine of that peer's connection.
	Receive(from uint64, msg []byte)
	// Members tells that the membership is another as of an entry, or, before the
	// first entry, who the first members are. It comes in the order of Apply.
	Members(e Entry, members []Peer)
	// Target returns the membership that the replicated state asks for, nil if it asks
	// for none. A leader moves towards it.
	Target() []Peer
	// Unreachable tells the leader's machine that its target cannot be reached: no
	// quorum of the voters in it is there and up to date. The machine may propose to
	// give it up. It may be told several times.
	Unreachable(target []Peer)
	// Changed tells of a new leader, term or role, or of a broken link to the
	// leader: every proposal made here before may be lost.
	Changed(Status)
}

// The ways in which a proposal is refused.
var (
	ErrNoLeader = errors.New("no leader is known")
	ErrStopped  = errors.New("node is stopped")
	ErrTooLong  = errors.New("proposal is too long")
)

// maxPayload bounds one proposal, maxBatch what is put into one entry if it is
// more than one, in bytes.
const (
	maxPayload = 64 << 20
	maxBatch   = 1 << 20
	maxUsual   = 64 << 10 // room that a batch begins with, at most
)

// electionTicks is the number of ticks without a leader that start an election, and
// that make a node adrift.
const electionTicks = 10

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
	snapshot *made  // finished by its goroutine
	marks    []mark // of snapshots, that wait for the appender

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
		failed: make(chan struct{}), started: time.Now(), lostAt: -1,
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

func (cfg *Config) check() error {
	cfg.Peers = slices.Clone(cfg.Peers)
	slices.SortFunc(cfg.Peers, func(a, b Peer) int { return int(a.ID) - int(b.ID) })
	if cfg.ID == 0 {
		return errors.New("no server has the id 0")
	}
	for i, p := range cfg.Peers {
		if i > 0 && cfg.Peers[i-1].ID == p.ID {
			return fmt.Errorf("two servers have the id %d", p.ID)
		}
	}
	if (len(cfg.Peers) > 1 || cfg.Join) && (cfg.Listener == nil || len(cfg.Secret) == 0) {
		return errors.New("an ensemble needs a listener for peers and a secret")
	}
	setDefault(&cfg.Tick, 20*time.Millisecond)
	setDefault(&cfg.SnapshotBytes, 16<<20)
	setDefault(&cfg.KeepBytes, 8<<20)
	if cfg.Logf == nil {
		cfg.Logf = func(string, ...any) {}
	}
	return nil
}

func setDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
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
