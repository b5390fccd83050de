package tree

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"sync/atomic"

	"github.com/zooctl/zooctl/ops/wire"
)

const (
	magic   = "zooctl tree"
	version = 2
	// maxRecord bounds one record of a snapshot, in bytes. A znode's path and data
	// came in one frame.
	maxRecord = 64 << 20
	// chunk is how many znodes, and chunkBytes how many bytes, are written between two
	// yields.
	chunk      = 512
	chunkBytes = 128 << 10
)

// The kinds of records, each in its own frame, in this order.
const (
	recHead byte = iota + 1
	recSession
	recACL
	recNode
	recEnd
	recConfig // behind the head
)

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) } // made once by the library

// Snapshot is the tree as it was at one moment. It keeps the old image of every
// znode that changes while it is being written, so it must be written soon, or
// closed.
type Snapshot struct {
	t        *Tree
	gen      uint64
	zxid     int64
	sessions []Session
	acls     []string
	config   []byte // members, encoded
	saved    []saved
	done     atomic.Bool
}

// saved is a znode as it was, changed or deleted since.
type saved struct {
	path string
	data []byte
	acl  int32
	image
}

// Snapshot notes the tree as it is now. It takes time by the number of sessions
// only.
func (t *Tree) Snapshot() *Snapshot {
	t.gen++
	s := &Snapshot{t: t, gen: t.gen, zxid: t.zxid, acls: t.acls.raw[:len(t.acls.raw):len(t.acls.raw)], sessions: make([]Session, 0, len(t.sessions)), config: t.appendConfig(nil)}
	for _, sess := range t.sessions {
		s.sessions = append(s.sessions, *sess)
	}
	t.snaps = append(slices.DeleteFunc(t.snaps, func(s *Snapshot) bool { return s.done.Load() }), s)
	return s
}

// Close lets go of the snapshot. It may be called at any time from anywhere.
func (s *Snapshot) Close() { s.done.Store(true) }

// save keeps the image of a znode that is about to change, for the snapshots that
// are older than its last change.
func (t *Tree) save(n *Node) {
	if n.gen == t.gen {
		return
	}
	for _, s := range t.snaps {
		if n.gen < s.gen && !s.done.Load() {
			s.saved = append(s.saved, saved{n.path, n.data, n.acl, n.image})
		}
	}
	n.gen = t.gen
}

// WriteTo writes the snapshot and closes it. The caller holds the lock under
// which nobody applies; yield, called every few hundred znodes, may drop and
// retake it. A znode that changes after it was written is written again, as it
// was.
func (s *Snapshot) WriteTo(w io.Writer, yield func()) error {
	defer s.Close()
	out := &recordWriter{w: w}
	out.begin(recHead)
	out.b = wire.AppendInt32(wire.AppendString(out.b, magic), version)
	out.b = wire.AppendInt64(out.b, s.zxid)
	out.end()
	out.begin(recConfig)
	out.b = append(out.b, s.config...)
	out.end()
	for _, sess := range s.sessions {
		rec := wire.SessionRecord{ID: sess.ID, Timeout: sess.Timeout, Password: sess.Password}
		out.begin(recSession)
		out.b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(rec.Append(out.b), sess.Conn), sess.seq)
		out.end()
	}
	for _, raw := range s.acls {
		out.begin(recACL)
		out.b = append(out.b, raw...)
		out.end()
	}
	for _, node := range s.t.nodes {
		if node.gen >= s.gen {
			continue // changed since: its image is saved, or it is new
		}
		out.node(saved{node.path, node.data, node.acl, node.image})
		out.rest(yield)
	}
	for i := 0; i < len(s.saved); i++ { //nolint:intrange // yield lets it grow
		out.node(s.saved[i])
		out.rest(yield)
	}
	out.begin(recEnd)
	out.b = binary.BigEndian.AppendUint32(out.b, out.crc)
	out.end()
	return out.err
}

// recordWriter frames records and sums them up. Its error sticks.
type recordWriter struct {
	w   io.Writer
	b   []byte
	crc uint32
	err error

	nodes, bytes int // written since the last rest
}

// rest yields after so many znodes, or so many bytes: whoever waits for the tree, and
// with it the leader's heartbeat, must not wait for long.
func (o *recordWriter) rest(yield func()) {
	if o.nodes >= chunk || o.bytes >= chunkBytes {
		o.nodes, o.bytes = 0, 0
		yield()
	}
}

func (o *recordWriter) begin(kind byte) { o.b = append(o.b[:0], 0, 0, 0, 0, kind) }

func (o *recordWriter) end() {
	wire.PutLength(o.b, 0)
	o.crc = crc32.Update(o.crc, castagnoli(), o.b)
	if o.err == nil {
		_, o.err = o.w.Write(o.b)
	}
}

func (o *recordWriter) node(s saved) {
	o.begin(recNode)
	o.b = wire.AppendInt32(wire.AppendBytes(wire.AppendString(o.b, s.path), s.data), s.acl)
	for _, v := range [...]int64{s.czxid, s.mzxid, s.pzxid, s.ctime, s.mtime, s.owner} {
		o.b = wire.AppendInt64(o.b, v)
	}
	for _, v := range [...]int32{s.version, s.aversion, s.creates} {
		o.b = wire.AppendInt32(o.b, v)
	}
	o.end()
	o.nodes++
	o.bytes += len(o.b)
}

// ErrSnapshot means that bytes are not a whole, intact snapshot of a tree.
var ErrSnapshot = errors.New("not an intact snapshot of a tree")

// Load reads what a Snapshot wrote. It checks the sum and that the parts fit
// together, and allocates no more than what it has read justifies.
func Load(r io.Reader) (*Tree, error) {
	t := empty()
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
			_, ok = t.acls.intern(frame[1:])
			d = wire.NewDecoder(nil)
		case kind == recNode:
			ok = t.loadNode(&d)
		case kind == recEnd:
			if uint32(d.Int32()) != crc || d.Err() != nil {
				return nil, fmt.Errorf("%w: its checksum does not match", ErrSnapshot)
			}
			return t.loaded()
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
	t.sessions[r.ID] = &Session{ID: r.ID, Timeout: r.Timeout, Password: r.Password, Conn: uint64(d.Int64()), seq: uint32(d.Int32())}
	return true
}

func (t *Tree) loadNode(d *wire.Decoder) bool {
	n := &Node{path: d.String(), data: clone(d.Bytes()), acl: d.Int32(), tree: t}
	for _, v := range [...]*int64{&n.czxid, &n.mzxid, &n.pzxid, &n.ctime, &n.mtime, &n.owner} {
		*v = d.Int64()
	}
	for _, v := range [...]*int32{&n.version, &n.aversion, &n.creates} {
		*v = d.Int32()
	}
	if !validPath(n.path) || n.acl < 0 || int(n.acl) >= len(t.acls.lists) {
		return false
	}
	t.nodes[n.path] = n // one that is written twice is the same twice
	return true
}

// loaded joins the znodes that were read, which came in any order.
func (t *Tree) loaded() (*Tree, error) {
	nodes := t.nodes
	t.nodes = make(map[string]*Node, len(nodes))
	paths := make([]string, 0, len(nodes))
	for p := range nodes {
		paths = append(paths, p)
	}
	slices.Sort(paths) // a parent sorts before its children
	if len(paths) == 0 || paths[0] != "/" {
		return nil, fmt.Errorf("%w: no root", ErrSnapshot)
	}
	for _, p := range paths {
		n := nodes[p]
		if t.nodes[parent(p)] == nil && p != "/" {
			return nil, fmt.Errorf("%w: %q has no parent", ErrSnapshot, p)
		}
		if n.owner != 0 && t.sessions[n.owner] == nil {
			return nil, fmt.Errorf("%w: the owner of %q has no session", ErrSnapshot, p)
		}
		t.insert(n)
	}
	return t, nil
}
