package histories

import (
	"cmp"
	"encoding/json"
	"io"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/zooctl/zooctl/ops/wire"
)

// kind is what a record tells of.
type kind string

// The kinds. A multi is several records, one for each znode, with one call and return.
const (
	create  kind = "create"
	set     kind = "set"
	remove  kind = "delete"
	check   kind = "check" // of a version, in a multi
	next    kind = "next"  // a sequential znode; Value is its name
	hold    kind = "hold"  // an ephemeral znode
	get     kind = "get"   // answered by the server as far as it is
	read    kind = "read"  // the same behind a sync
	list    kind = "list"  // the children, behind a sync
	event   kind = "event"
	connect kind = "connect" // a new connection, and perhaps a new session
	expired kind = "expired" // the client was told so
	closed  kind = "closed"  // the client has ended its session
)

// outcome is what a client knows of an operation.
type outcome string

const (
	done    outcome = "ok"
	refused outcome = "refused" // it had no effect
	unknown outcome = "unknown" // it may have had, or may have one later
)

// record is one thing that a client did or saw. Those of a client are in order.
type record struct {
	Client  int           `json:"client"`
	Session int64         `json:"session"`
	Server  string        `json:"server"`
	Kind    kind          `json:"kind"`
	Path    string        `json:"path,omitempty"`
	Value   string        `json:"value,omitempty"`   // written, or found
	Version int32         `json:"version"`           // that a write wants (-1: any), or that was found or made
	Watch   bool          `json:"watch,omitempty"`   // a get that leaves a watch
	Call    time.Duration `json:"call"`              // when it was asked for, on a clock that all clients share
	Return  time.Duration `json:"return"`            // when the answer was there; never, for some of unknown outcome
	Outcome outcome       `json:"outcome,omitempty"` // of an operation
	Code    wire.Code     `json:"code,omitempty"`    // why it was refused
	Zxid    int64         `json:"zxid,omitempty"`    // in the header of the reply
	Mzxid   int64         `json:"mzxid,omitempty"`   // of the znode found
	Made    int32         `json:"made,omitempty"`    // the version that a set made
	Names   []string      `json:"names,omitempty"`   // children found
	Timeout time.Duration `json:"timeout,omitempty"` // that a session was granted
}

// never is later than every time.
const never = time.Duration(math.MaxInt64)

// writes tells whether the record is of an operation that changes something.
func (r *record) writes() bool {
	return slices.Contains([]kind{create, set, remove, next, hold}, r.Kind)
}

// found tells whether the record shows a znode, or that there is none.
func (r *record) found() bool { return (r.Kind == get || r.Kind == read) && r.Outcome != unknown }

// ledger gathers the records of all clients.
type ledger struct {
	began time.Time
	mu    sync.Mutex
	all   []record
}

func (l *ledger) now() time.Duration { return time.Since(l.began) }

func (l *ledger) add(r ...record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, r...)
}

// history returns what was recorded, with the end of each operation of unknown outcome
// as far as it is known.
func (l *ledger) history() []record {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := slices.Clone(l.all)
	settle(h)
	return h
}

// settle bounds operations of unknown outcome: they have had their effect when their
// session is taken up again, or is known to have ended.
func settle(h []record) {
	for _, mine := range byClient(h) {
		until := map[int64]time.Duration{}
		for _, r := range slices.Backward(mine) {
			switch {
			case r.Kind == connect || r.Kind == expired:
				until[r.Session] = r.Return
			case r.Outcome == unknown:
				r.Return = never
				if t, ok := until[r.Session]; ok {
					r.Return = t
				}
			}
		}
	}
}

// byClient returns the records of each client in order.
func byClient(h []record) map[int][]*record {
	m := map[int][]*record{}
	for i := range h {
		m[h[i].Client] = append(m[h[i].Client], &h[i])
	}
	return m
}

// byCall returns the records that fit, by the time at which they were asked for.
func byCall(h []record, fits func(*record) bool) []*record {
	var some []*record
	for i := range h {
		if fits(&h[i]) {
			some = append(some, &h[i])
		}
	}
	slices.SortStableFunc(some, func(a, b *record) int { return cmp.Compare(a.Call, b.Call) })
	return some
}

// write writes a history, a record a line.
func write(w io.Writer, h []record) error {
	enc := json.NewEncoder(w)
	for i := range h {
		if err := enc.Encode(&h[i]); err != nil {
			return err
		}
	}
	return nil
}
