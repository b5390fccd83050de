package tree

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"

	"github.com/zooctl/zooctl/ops/wire"
)

// ErrSnapshot means that bytes are not a whole, intact snapshot of a tree.
var ErrSnapshot = errors.New("not an intact snapshot of a tree")

// Load reads what a Snapshot wrote. It checks the sum and that the parts fit
// together, and allocates no more than what it has read justifies.
func Load(r io.Reader) (*Tree, error) {
	t := empty()
	l := loader{t: t, acls: make(map[int32]int32)}
	var frame []byte
	var crc uint32
	for first := true; ; first = false {
		var err error
		if frame, err = wire.ReadFrame(r, maxRecord, frame); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrSnapshot, err)
		}
		d := wire.NewDecoder(frame)
		kind, ok := byte(0), false
		if len(frame) > 0 {
			kind = frame[0]
			d = wire.NewDecoder(frame[1:])
		}
		switch {
		case first != (kind == recHead):
		case kind == recHead:
			ok = d.String() == magic && d.Int32() == version
			t.zxid = d.Int64()
		case kind == recConfig:
			ok = t.loadConfig(&d)
		case kind == recSession:
			ok = t.loadSession(&d)
		case kind == recACL:
			ok = l.acl(&d)
		case kind == recNode:
			ok = l.node(&d)
		case kind == recEnd:
			if uint32(d.Int32()) != crc || d.Err() != nil {
				return nil, fmt.Errorf("%w: its checksum does not match", ErrSnapshot)
			}
			if err := l.end(); err != nil {
				return nil, err
			}
			return t, nil
		}
		if !ok || d.Err() != nil {
			return nil, fmt.Errorf("%w: a record of kind %d does not fit", ErrSnapshot, kind)
		}
		crc = crc32.Update(crc, castagnoli(), binary.BigEndian.AppendUint32(nil, uint32(len(frame))))
		crc = crc32.Update(crc, castagnoli(), frame)
	}
}

func (t *Tree) loadSession(d *wire.Decoder) bool {
	var r wire.SessionRecord
	r.Decode(d)
	t.sessions[r.ID] = &session{Session: Session{ID: r.ID, Timeout: r.Timeout, Password: r.Password, Conn: uint64(d.Int64()), seq: uint32(d.Int32())}}
	return true
}

// loader puts the znodes of a snapshot together, which come in any order, some twice.
type loader struct {
	t     *Tree
	acls  map[int32]int32 // their numbers here by those there
	early []*Node         // whose parents have not come yet
}

// acl reads a list of ACLs. It has no users yet.
func (l *loader) acl(d *wire.Decoder) bool {
	id := d.Int32()
	raw := string(d.Rest())
	list := make([]wire.ACL, d.Count(12))
	for i := range list {
		list[i].Decode(d)
	}
	_, again := l.acls[id]
	if _, twice := l.t.acls.ids[raw]; d.Err() != nil || len(list) == 0 || again || twice {
		return false
	}
	l.acls[id] = l.t.acls.add(raw, list)
	return true
}

func (l *loader) node(d *wire.Decoder) bool {
	t := l.t
	n := &Node{path: d.String(), data: clone(d.Bytes())}
	acl, known := l.acls[d.Int32()]
	n.acl = acl
	for _, v := range [...]*int64{&n.czxid, &n.mzxid, &n.pzxid, &n.ctime, &n.mtime, &n.owner} {
		*v = d.Int64()
	}
	for _, v := range [...]*int32{&n.version, &n.aversion, &n.creates} {
		*v = d.Int32()
	}
	if d.Err() != nil || !validPath(n.path) || !known || n.owner > 0 && t.sessions[n.owner] == nil {
		return false
	}
	if n.path != "/" && t.Node(parent(n.path)) == nil {
		l.early = append(l.early, n)
		return true
	}
	l.insert(n)
	return true
}

// insert takes a znode whose parent is there. One that is written twice is the same
// twice.
func (l *loader) insert(n *Node) {
	if l.t.Node(n.path) == nil {
		l.t.acls.again(n.acl)
		l.t.insert(n)
	}
}

// end joins what came before its parent, and finds the quotas.
func (l *loader) end() error {
	slices.SortStableFunc(l.early, func(a, b *Node) int { return strings.Compare(a.path, b.path) }) // a parent sorts before its children
	for _, n := range l.early {
		if l.t.Node(parent(n.path)) == nil {
			return fmt.Errorf("%w: %q has no parent", ErrSnapshot, n.path)
		}
		l.insert(n)
	}
	if l.t.root == nil {
		return fmt.Errorf("%w: no root", ErrSnapshot)
	}
	for _, acl := range l.acls {
		l.t.acls.drop(acl) // reading it held it once
	}
	l.t.findQuotas()
	return nil
}
