package consensus

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"time"
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

	sync func(*os.File) error // nil, or how tests wait for the disk
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

// electionTicks is the number of ticks without a leader that start an election.
// driftTicks is the number that make a node adrift: enough for an election that nobody
// won, and one more. Clients are not sent away meanwhile: those that try each server once
// would find none.
const (
	electionTicks = 10
	driftTicks    = 3 * electionTicks
)

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
