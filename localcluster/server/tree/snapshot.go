package tree

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"slices"
	"sync/atomic"

	"github.com/zooctl/zooctl/ops/wire"
)

const (
	magic   = "zooctl tree"
	version = 3
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
	acls     []numbered
	config   []byte // members, encoded
	saved    []saved
	done     atomic.Bool
}

// numbered is a list of ACLs and the number by which znodes have it.
type numbered struct {
	id  int32
	raw string
}

// saved is a znode as it was, changed or deleted since.
type saved struct {
	path string
	data []byte
	acl  int32
	image
}

// Snapshot notes the tree as it is now. It takes time by the number of sessions and of
// different ACLs only.
func (t *Tree) Snapshot() *Snapshot {
	t.gen++
	s := &Snapshot{t: t, gen: t.gen, zxid: t.zxid, sessions: make([]Session, 0, len(t.sessions)), config: t.appendConfig(nil)}
	for _, sess := range t.sessions {
		s.sessions = append(s.sessions, sess.Session)
	}
	for id, a := range t.acls.all {
		if a != nil {
			s.acls = append(s.acls, numbered{int32(id), a.raw})
		}
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
	for _, a := range s.acls {
		out.begin(recACL)
		out.b = append(wire.AppendInt32(out.b, a.id), a.raw...)
		out.end()
	}
	s.write(out, s.t.root, yield)
	for i := 0; i < len(s.saved); i++ { //nolint:intrange // yield lets it grow
		out.node(s.saved[i])
		out.rest(yield)
	}
	out.begin(recEnd)
	out.b = binary.BigEndian.AppendUint32(out.b, out.crc)
	out.end()
	return out.err
}

// write writes a znode and those below it. Meanwhile others may come and go: what was
// deleted or changed has its image saved, and what is new is no part of the snapshot.
func (s *Snapshot) write(out *recordWriter, n *Node, yield func()) {
	if n.gen < s.gen {
		out.node(saved{n.path, n.data, n.acl, n.image})
		out.rest(yield)
	}
	for _, child := range n.children {
		s.write(out, child, yield)
	}
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
