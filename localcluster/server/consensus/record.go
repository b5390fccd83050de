package consensus

import (
	"encoding/binary"
	"errors"
	"fmt"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"
)

// A record of the log holds items, each behind a byte that says what it is. Integers
// are little-endian.
const (
	itemHard  = 1 // term, vote, commit
	itemEntry = 2 // index, term, type (1 byte), length of the data (4 bytes), data
	itemMark  = 3 // index, term, whether entries before are void (1 byte), length of the voters (4 bytes), voters, members
	itemData  = 4 // the number of this data directory
)

// mark says that a snapshot is on disk.
type mark struct {
	index, term uint64
	conf        *pb.ConfState
	members     *membership
	replaces    bool // the log before is void: the snapshot came from the leader
}

func (m mark) meta() *pb.SnapshotMetadata {
	return &pb.SnapshotMetadata{Index: &m.index, Term: &m.term, ConfState: m.conf}
}

func appendHard(b []byte, h *pb.HardState) []byte {
	return appendUints(append(b, itemHard), h.GetTerm(), h.GetVote(), h.GetCommit())
}

func appendEntry(b []byte, e *pb.Entry) []byte {
	b = appendUints(append(b, itemEntry), e.GetIndex(), e.GetTerm())
	b = append(b, byte(e.GetType()))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(e.Data)))
	return append(b, e.Data...)
}

func appendMark(b []byte, m mark) []byte {
	b = appendUints(append(b, itemMark), m.index, m.term)
	replaces := byte(0)
	if m.replaces {
		replaces = 1
	}
	conf, err := proto.Marshal(m.conf)
	if err != nil {
		panic(err) // it is a list of numbers
	}
	b = binary.LittleEndian.AppendUint32(append(b, replaces), uint32(len(conf)))
	return m.members.append(append(b, conf...))
}

func appendUints(b []byte, all ...uint64) []byte {
	for _, v := range all {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	return b
}

// past is what a log says: the state to go on with.
type past struct {
	number  uint64 // of the data directory
	hard    *pb.HardState
	marks   []mark
	entries []*pb.Entry // those that follow the last mark but one
}

// read adds one record. What it keeps of data it copies.
func (p *past) read(data []byte) error {
	r := reader{b: data}
	for len(r.b) > 0 && !r.short {
		switch kind := r.byte(); kind {
		case itemHard:
			term, vote, commit := r.uint(), r.uint(), r.uint()
			p.hard = &pb.HardState{Term: &term, Vote: &vote, Commit: &commit}
		case itemEntry:
			index, term, typ := r.uint(), r.uint(), pb.EntryType(r.byte())
			e := &pb.Entry{Index: &index, Term: &term, Type: &typ, Data: r.bytes()}
			if r.short {
				break
			}
			if err := p.add(e); err != nil {
				return err
			}
		case itemMark:
			m := mark{index: r.uint(), term: r.uint(), replaces: r.byte() == 1, conf: new(pb.ConfState)}
			err := proto.Unmarshal(r.bytes(), m.conf)
			if m.members = r.membership(); err != nil || r.short {
				return errors.Join(errors.New("a mark that cannot be read"), err)
			}
			p.mark(m)
		case itemData:
			p.number = r.uint()
		default:
			return fmt.Errorf("an item of unknown kind %d", kind)
		}
	}
	if r.short {
		return errors.New("an item is cut short")
	}
	return nil
}

// add puts an entry behind those before it. It takes the place of an entry with its
// index and of all that follow that one, as a new leader orders.
func (p *past) add(e *pb.Entry) error {
	n := len(p.entries)
	if n > 0 {
		first, last := p.entries[0].GetIndex(), p.entries[n-1].GetIndex()
		switch {
		case e.GetIndex() > last+1:
			return fmt.Errorf("entry %d follows entry %d", e.GetIndex(), last)
		case e.GetIndex() < first:
			n = 0
		default:
			n = int(e.GetIndex() - first)
		}
	}
	p.entries = append(p.entries[:n], e)
	return nil
}

// mark notes a snapshot. Entries are kept back to the one before it, in case that it
// turns out to be damaged.
func (p *past) mark(m mark) {
	for _, old := range p.marks {
		if old.index == m.index {
			return // the head of a segment says it again
		}
	}
	p.marks = append(p.marks, m)
	if m.replaces {
		p.entries = nil
	}
	if n := len(p.marks); n > 1 {
		p.forget(p.marks[n-2].index)
	}
}

// forget drops entries up to an index.
func (p *past) forget(index uint64) {
	k := 0
	for k < len(p.entries) && p.entries[k].GetIndex() <= index {
		k++
	}
	p.entries = p.entries[k:]
}

// storage returns what Raft begins with when the machine has the snapshot of m.
func (p *past) storage(m mark) (*storage, error) {
	p.forget(m.index)
	last := m.index
	if n := len(p.entries); n > 0 {
		if first := p.entries[0].GetIndex(); first != m.index+1 {
			return nil, fmt.Errorf("the log goes on with entry %d after the snapshot at %d", first, m.index)
		}
		last = p.entries[n-1].GetIndex()
	}
	if p.hard == nil {
		return nil, errors.New("the log says nothing of its term")
	}
	if commit := p.hard.GetCommit(); commit > last {
		return nil, fmt.Errorf("the log ends at entry %d, and %d was committed", last, commit)
	}
	if p.hard.GetCommit() < m.index {
		p.hard.Commit = &m.index // what is in a snapshot is committed
	}
	st := &storage{MemoryStorage: raft.NewMemoryStorage(), start: m.meta(), conf: m.conf, members: m.members}
	var err error
	if m.index > 0 {
		err = st.ApplySnapshot(&pb.Snapshot{Metadata: m.meta()})
	}
	if err == nil {
		err = st.SetHardState(p.hard)
	}
	if err == nil {
		err = st.Append(p.entries)
	}
	return st, err
}

// reader takes integers and bytes from the front of b. After the first that is not
// there it is short, and gives zeros.
type reader struct {
	b     []byte
	short bool
}

func (r *reader) take(n int) []byte {
	if n > len(r.b) {
		r.short, r.b = true, nil
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// bytes returns a copy.
func (r *reader) bytes() []byte {
	b := r.take(4)
	if b == nil {
		return nil
	}
	if b = r.take(int(binary.LittleEndian.Uint32(b))); len(b) == 0 {
		return nil
	}
	return append([]byte(nil), b...)
}
