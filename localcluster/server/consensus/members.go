package consensus

import (
	"encoding/binary"
	"fmt"
	"slices"

	pb "go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"
)

// member is a peer as the replicated state knows it.
type member struct {
	Peer
	since uint64 // index of the entry that made it one; 1 for the first members
}

// membership is who belongs to the ensemble as of one entry of the log.
type membership struct {
	version uint64   // index of that entry; 0 for a node that was never told
	now     []member // in the order of their ids
	next    []member // nil, or who comes after now: until then a quorum of both decides
}

// maxMembers bounds an ensemble.
const maxMembers = 1 << 10

// all returns everybody that counts at the moment, each once.
func (m *membership) all() []member {
	all := slices.Clone(m.next)
	for _, p := range m.now {
		if find(m.next, p.ID) == nil {
			all = append(all, p)
		}
	}
	return all
}

// find returns a member by its id, or nil.
func find(ms []member, id uint64) *member {
	if i := slices.IndexFunc(ms, func(m member) bool { return m.ID == id }); i >= 0 {
		return &ms[i]
	}
	return nil
}

// member returns whoever has an id at the moment, or nil.
func (m *membership) member(id uint64) *member {
	if p := find(m.next, id); p != nil {
		return p
	}
	return find(m.now, id)
}

// noMember is the role of a node that is none.
const noMember = "none"

// role returns the role of a server that would have that one if it had a vote.
func (m *membership) role(id uint64, voter string) string {
	switch p := m.member(id); {
	case p == nil:
		return noMember
	case p.Observer:
		return "observer"
	}
	return voter
}

// peers returns the members as their owner knows them.
func peers(ms []member) []Peer {
	ps := make([]Peer, len(ms))
	for i, m := range ms {
		ps[i] = m.Peer
	}
	return ps
}

// since makes members of peers. Those that old has stay what they are, others begin
// at index.
func since(ps []Peer, old []member, index uint64) []member {
	ms := make([]member, len(ps))
	for i, p := range ps {
		ms[i] = member{Peer: p, since: index}
		if o := find(old, p.ID); o != nil {
			ms[i].since = o.since
		}
	}
	slices.SortFunc(ms, func(a, b member) int { return int(a.ID) - int(b.ID) })
	return ms
}

func (m *membership) append(b []byte) []byte {
	b = appendUints(b, m.version)
	b = appendMembers(b, m.now)
	return appendMembers(b, m.next)
}

func appendMembers(b []byte, ms []member) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(ms)))
	for _, m := range ms {
		b = appendUints(b, m.ID, m.since)
		role := byte(0)
		if m.Observer {
			role = 1
		}
		b = append(b, role)
		for _, s := range [...]string{m.Addr, m.Election, m.Client} {
			b = append(binary.LittleEndian.AppendUint32(b, uint32(len(s))), s...)
		}
	}
	return b
}

// membership reads what append wrote.
func (r *reader) membership() *membership {
	return &membership{version: r.uint(), now: r.members(), next: r.members()}
}

func (r *reader) members() []member {
	b := r.take(4)
	if b == nil {
		return nil
	}
	n := binary.LittleEndian.Uint32(b)
	if n > maxMembers {
		r.short = true
		return nil
	}
	var ms []member
	for range n {
		m := member{Peer: Peer{ID: r.uint()}, since: r.uint()}
		m.Observer = r.byte() == 1
		m.Addr, m.Election, m.Client = string(r.bytes()), string(r.bytes()), string(r.bytes())
		if r.short {
			return nil
		}
		ms = append(ms, m)
	}
	return ms
}

// splitState takes the membership off the front of a snapshot's data.
func splitState(data []byte) (*membership, []byte, error) {
	r := reader{b: data}
	m := r.membership()
	if r.short {
		return nil, nil, fmt.Errorf("a snapshot without members")
	}
	return m, r.b, nil
}

// confState says the same to the Raft library, for a membership that is not joint.
func (m *membership) confState() *pb.ConfState {
	conf := &pb.ConfState{}
	for _, p := range m.now {
		if p.Observer {
			conf.Learners = append(conf.Learners, p.ID)
		} else {
			conf.Voters = append(conf.Voters, p.ID)
		}
	}
	return conf
}

// Members returns the members of the ensemble as of the last entry that was applied
// here. It is empty for a node that waits to be one.
func (n *Node) Members() []Peer { return peers(n.members.Load().now) }

// setMembers takes over a membership: links come and go.
func (n *Node) setMembers(m *membership) {
	n.members.Store(m)
	n.relink()

}

// applyMembers applies an entry that changes the membership. The loop calls it.
func (n *Node) applyMembers(x *pb.Entry) error {
	cc := new(pb.ConfChangeV2)
	if err := proto.Unmarshal(x.Data, cc); err != nil {
		return fmt.Errorf("entry %d: %w", x.GetIndex(), err)
	}
	old := n.members.Load()
	m := &membership{version: x.GetIndex(), now: old.now}
	if len(cc.Changes) == 0 {
		m.now = old.next
	}
	r := reader{b: cc.Context}
	want := since(peers(r.members()), old.now, x.GetIndex())
	if r.short {
		if len(cc.Changes) > 0 {
			return fmt.Errorf("entry %d: members that cannot be read", x.GetIndex())
		}
	}
	n.log.conf = n.rn.ApplyConfChange(cc)
	switch {
	case len(cc.Changes) == 0:
	case len(n.log.conf.VotersOutgoing) > 0:
		m.next = want
	default:
		m.now = want
	}
	n.changing = 0
	n.setMembers(m)
	n.observe()
	if m.next == nil {
		n.cfg.Logf("members as of entry %d: %v", m.version, ids(m.now))
		n.cfg.Machine.Members(Entry{Index: x.GetIndex(), Term: x.GetTerm()}, peers(m.now))
	}
	return nil
}

// ids names members in a log line.
func ids(ms []member) []string {
	var s []string
	for _, m := range ms {
		if m.Observer {
			s = append(s, fmt.Sprint(m.ID, " (observer)"))
		} else {
			s = append(s, fmt.Sprint(m.ID))
		}
	}
	return s
}
