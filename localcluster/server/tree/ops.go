package tree

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zooctl/zooctl/ops/wire"
)

// create makes a znode. The order of its checks is the real server's: flags, the
// shape of the path, the ACL, the parent, the characters of the path, the znode
// itself, the kind of the parent.
func (t *Tree) create(txn *Txn, op wire.Op, d *wire.Decoder, res *Result, out *wire.MultiResult) wire.Code {
	path, data := d.String(), d.Bytes()
	raw := d.Rest()
	for range d.Count(12) {
		d.Int32()
		d.Bytes()
		d.Bytes()
	}
	raw = raw[:len(raw)-d.Len()]
	flags := d.Int32()
	switch {
	case d.Err() != nil:
		return wire.CodeMarshallingError
	case flags < 0 || flags > wire.FlagTTLSeq:
		return wire.CodeBadArguments
	case flags > wire.FlagEphemeral|wire.FlagSequential:
		return wire.CodeUnimplemented
	case !strings.Contains(path, "/") || strings.Contains(path, "\x00"):
		return wire.CodeBadArguments
	}
	acl, ok := t.acls.intern(raw)
	if !ok {
		return wire.CodeInvalidACL
	}
	p := t.nodes[parent(path)]
	if p == nil || path[0] != '/' {
		return wire.CodeNoNode
	}
	if flags&wire.FlagSequential != 0 {
		path = fmt.Sprintf("%s%010d", path, p.creates)
	}
	switch {
	case !validPath(path):
		return wire.CodeBadArguments
	case t.nodes[path] != nil:
		return wire.CodeNodeExists
	case p.owner != 0:
		return wire.CodeNoChildrenForEphemerals
	}
	n := &Node{path: path, data: clone(data), acl: acl, gen: t.gen, image: image{czxid: t.zxid, mzxid: t.zxid, pzxid: t.zxid, ctime: txn.Time, mtime: txn.Time}}
	if flags&wire.FlagEphemeral != 0 {
		n.owner = txn.Session
	}
	t.save(p)
	creates, pzxid := p.creates, p.pzxid
	p.creates++
	p.pzxid = t.zxid
	t.insert(n)
	if t.multi {
		t.undo = append(t.undo, func() {
			t.remove(n)
			p.creates, p.pzxid = creates, pzxid
		})
	}
	res.Changes = append(res.Changes, Change{wire.EventNodeCreated, path})
	out.Path = path
	if op == wire.OpCreate2 {
		out.Stat = n.Stat()
	}
	return wire.CodeOK
}

// delete removes a znode without children: the version is checked before them.
func (t *Tree) delete(d *wire.Decoder, res *Result) wire.Code {
	var r wire.DeleteRequest
	r.Decode(d)
	switch {
	case d.Err() != nil:
		return wire.CodeMarshallingError
	case !strings.Contains(r.Path, "/") || strings.Contains(r.Path, "\x00") || special(r.Path):
		return wire.CodeBadArguments
	}
	n := t.nodes[r.Path]
	switch {
	case n == nil:
		return wire.CodeNoNode
	case r.Version != -1 && r.Version != n.version:
		return wire.CodeBadVersion
	case len(n.children) > 0:
		return wire.CodeNotEmpty
	}
	t.drop(n, res)
	return wire.CodeOK
}

// drop takes out a znode without children.
func (t *Tree) drop(n *Node, res *Result) {
	p := t.nodes[parent(n.path)]
	t.save(n)
	t.save(p)
	pzxid := p.pzxid
	t.remove(n)
	p.pzxid = t.zxid
	if t.multi {
		t.undo = append(t.undo, func() {
			t.insert(n)
			p.pzxid = pzxid
		})
	}
	res.Changes = append(res.Changes, Change{wire.EventNodeDeleted, n.path})
}

func (t *Tree) setData(txn *Txn, d *wire.Decoder, res *Result, out *wire.MultiResult) wire.Code {
	var r wire.SetDataRequest
	r.Decode(d)
	switch {
	case d.Err() != nil:
		return wire.CodeMarshallingError
	case !validPath(r.Path):
		return wire.CodeBadArguments
	}
	n := t.nodes[r.Path]
	switch {
	case n == nil:
		return wire.CodeNoNode
	case r.Version != -1 && r.Version != n.version:
		return wire.CodeBadVersion
	}
	t.save(n)
	data, old := n.data, n.image
	t.dataSize += int64(len(r.Data) - len(n.data))
	n.data = clone(r.Data)
	n.version++
	n.mzxid, n.mtime = t.zxid, txn.Time
	if t.multi {
		t.undo = append(t.undo, func() {
			t.dataSize += int64(len(data) - len(n.data))
			n.data, n.version, n.mzxid, n.mtime = data, old.version, old.mzxid, old.mtime
		})
	}
	res.Changes = append(res.Changes, Change{wire.EventNodeDataChanged, n.path})
	out.Stat = n.Stat()
	return wire.CodeOK
}

// check is legal in a multi alone; the server refuses it elsewhere.
func (t *Tree) check(d *wire.Decoder) wire.Code {
	var r wire.CheckRequest
	r.Decode(d)
	switch {
	case d.Err() != nil:
		return wire.CodeMarshallingError
	case !validPath(r.Path):
		return wire.CodeBadArguments
	}
	switch n := t.nodes[r.Path]; {
	case n == nil:
		return wire.CodeNoNode
	case r.Version != -1 && r.Version != n.version:
		return wire.CodeBadVersion
	}
	return wire.CodeOK
}

// closeSession ends a session and deletes what it owned, in the order of the
// paths, which is the same on every server.
func (t *Tree) closeSession(txn *Txn, res *Result) {
	paths := make([]string, 0, len(t.ephemerals[txn.Session]))
	for p := range t.ephemerals[txn.Session] {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	for _, p := range paths {
		t.drop(t.nodes[p], res)
	}
	delete(t.sessions, txn.Session)
	res.Closed = txn.Session
}

// clone copies data out of a frame; null stays null.
func clone(b []byte) []byte {
	if b == nil {
		return nil
	}
	return append(make([]byte, 0, len(b)), b...)
}
