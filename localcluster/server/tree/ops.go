package tree

import (
	"slices"
	"strconv"
	"strings"

	"github.com/zooctl/zooctl/ops/wire"
)

// create makes a znode. The order of its checks is the real server's: kind, the shape
// of the path, the ACL, the parent and what may be done there, the characters of the
// path, the znode itself, the kind of the parent, the quota.
func (t *Tree) create(txn *Txn, op wire.Op, d *wire.Decoder, res *Result, out *wire.MultiResult) wire.Code {
	path, data := d.String(), d.Bytes()
	raw := d.Rest()
	for range d.Count(12) {
		d.Int32()
		d.Bytes()
		d.Bytes()
	}
	raw = raw[:len(raw)-d.Len()]
	flags, ttl := d.Int32(), int64(-1)
	if op == wire.OpCreateTTL {
		ttl = d.Int64()
	}
	if d.Err() != nil {
		return wire.CodeMarshallingError
	}
	if t.multi {
		var ok bool
		if op, ok = listed(op, flags); !ok {
			return wire.CodeMarshallingError
		}
		if op != wire.OpCreateTTL {
			ttl = -1
		}
	}
	owner, code := kind(txn, op, flags, ttl)
	switch {
	case code != wire.CodeOK:
		return code
	case !strings.Contains(path, "/") || strings.Contains(path, "\x00"):
		return wire.CodeBadArguments
	}
	acl, ok := t.acls.hold(raw, txn.Who, txn.Rules)
	if !ok {
		return wire.CodeInvalidACL
	}
	n := &Node{data: data, acl: acl, gen: t.gen, image: image{czxid: t.zxid, mzxid: t.zxid, pzxid: t.zxid, ctime: txn.Time, mtime: txn.Time, owner: owner}}
	if code := t.place(txn, n, path, sequential(flags), res); code != wire.CodeOK {
		t.acls.drop(acl)
		return code
	}
	t.grow(n, res)
	out.Op, out.Path = wire.OpCreate, n.path
	if op != wire.OpCreate {
		out.Op, out.Stat = wire.OpCreate2, n.Stat()
	}
	return wire.CodeOK
}

// place finds out whether a znode may be made at path, and puts it there if it may.
func (t *Tree) place(txn *Txn, n *Node, path string, numbered bool, res *Result) wire.Code {
	p := t.Node(parent(path))
	if p == nil || path[0] != '/' {
		return wire.CodeNoNode
	}
	if !t.may(txn, p, wire.PermCreate) {
		return wire.CodeNoAuth
	}
	if numbered {
		path += tenDigits(p.creates)
	}
	switch {
	case !validPath(path):
		return wire.CodeBadArguments
	case path == "/" || p.children[base(path)] != nil:
		return wire.CodeNodeExists
	case p.owner > 0:
		return wire.CodeNoChildrenForEphemerals
	case t.exceeds(txn, path, int64(len(n.data)), 1, res):
		return wire.CodeQuotaExceeded
	}
	n.path, n.data = path, clone(n.data)
	t.save(p)
	creates, pzxid := p.creates, p.pzxid
	p.creates++
	p.pzxid = t.zxid
	t.join(p, n)
	if t.multi {
		t.undo = append(t.undo, func() {
			t.remove(n)
			t.acls.drop(n.acl)
			p.creates, p.pzxid = creates, pzxid
		})
	}
	return wire.CodeOK
}

// grow follows up on a znode that is there now.
func (t *Tree) grow(n *Node, res *Result) {
	t.tookQuota(n)
	t.charge(n.path, int64(len(n.data)), 1)
	res.Changes = append(res.Changes, Change{wire.EventNodeCreated, n.path, t.guard(n), t.guard(n.parent)})
}

// tenDigits writes a number as the names of sequential znodes have it.
func tenDigits(n int32) string {
	var b [11]byte
	s := strconv.AppendInt(b[:0], int64(n), 10)
	if len(s) >= 10 || n < 0 { // a counter that has come round is as wide as it is
		if pad := 10 - len(s); pad > 0 {
			return "-" + strings.Repeat("0", pad) + string(s[1:])
		}
		return string(s)
	}
	return "0000000000"[:10-len(s)] + string(s)
}

// delete removes a znode without children: what may be done comes before the znode
// itself, and its version before its children.
func (t *Tree) delete(txn *Txn, d *wire.Decoder, res *Result) wire.Code {
	var r wire.DeleteRequest
	r.Decode(d)
	switch {
	case d.Err() != nil:
		return wire.CodeMarshallingError
	case !strings.Contains(r.Path, "/") || strings.Contains(r.Path, "\x00") || special(r.Path):
		return wire.CodeBadArguments
	}
	p := t.Node(parent(r.Path))
	if p == nil {
		return wire.CodeNoNode
	}
	if !t.may(txn, p, wire.PermDelete) {
		return wire.CodeNoAuth
	}
	n := t.Node(r.Path)
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
	p, gone := n.parent, t.guard(n)
	t.save(n)
	t.save(p)
	pzxid := p.pzxid
	t.remove(n)
	p.pzxid = t.zxid
	if t.multi { // the ACL is given up when there is no way back
		t.undo = append(t.undo, func() {
			t.join(p, n)
			p.pzxid = pzxid
		})
		t.dropped = append(t.dropped, n.acl)
	} else {
		t.acls.drop(n.acl)
	}
	t.lostQuota(n)
	t.charge(n.path, -int64(len(n.data)), -1)
	res.Changes = append(res.Changes, Change{wire.EventNodeDeleted, n.path, gone, t.guard(p)})
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
	n := t.Node(r.Path)
	more := int64(len(r.Data))
	switch {
	case n == nil:
		return wire.CodeNoNode
	case !t.may(txn, n, wire.PermWrite):
		return wire.CodeNoAuth
	case t.exceeds(txn, r.Path, more-int64(len(n.data)), 0, res):
		return wire.CodeQuotaExceeded
	case r.Version != -1 && r.Version != n.version:
		return wire.CodeBadVersion
	}
	more -= int64(len(n.data))
	t.save(n)
	data, old := n.data, n.image
	t.dataSize += more
	n.data = clone(r.Data)
	n.version++
	n.mzxid, n.mtime = t.zxid, txn.Time
	if t.multi {
		t.undo = append(t.undo, func() {
			t.dataSize -= more
			n.data, n.version, n.mzxid, n.mtime = data, old.version, old.mzxid, old.mtime
		})
	}
	t.charge(n.path, more, 0)
	res.Changes = append(res.Changes, Change{wire.EventNodeDataChanged, n.path, t.guard(n), t.guard(n)})
	out.Stat = n.Stat()
	return wire.CodeOK
}

// setACL replaces a list of ACLs. It is no change that a watch sees.
func (t *Tree) setACL(txn *Txn, d *wire.Decoder, out *wire.MultiResult) wire.Code {
	path := d.String()
	raw := d.Rest()
	for range d.Count(12) {
		d.Int32()
		d.Bytes()
		d.Bytes()
	}
	raw = raw[:len(raw)-d.Len()]
	version := d.Int32()
	switch {
	case d.Err() != nil:
		return wire.CodeMarshallingError
	case !validPath(path):
		return wire.CodeBadArguments
	}
	acl, ok := t.acls.hold(raw, txn.Who, txn.Rules)
	if !ok {
		return wire.CodeInvalidACL
	}
	n, code := t.Node(path), wire.CodeOK
	switch {
	case n == nil:
		code = wire.CodeNoNode
	case !t.may(txn, n, wire.PermAdmin):
		code = wire.CodeNoAuth
	case version != -1 && version != n.aversion:
		code = wire.CodeBadVersion
	}
	if code != wire.CodeOK {
		t.acls.drop(acl)
		return code
	}
	t.save(n)
	t.acls.drop(n.acl)
	n.acl = acl
	n.aversion++
	out.Stat = n.Stat()
	return wire.CodeOK
}

// check is legal in a multi alone; the server refuses it elsewhere.
func (t *Tree) check(txn *Txn, d *wire.Decoder) wire.Code {
	var r wire.CheckRequest
	r.Decode(d)
	switch {
	case d.Err() != nil:
		return wire.CodeMarshallingError
	case !validPath(r.Path):
		return wire.CodeBadArguments
	}
	switch n := t.Node(r.Path); {
	case n == nil:
		return wire.CodeNoNode
	case !t.may(txn, n, wire.PermRead):
		return wire.CodeNoAuth
	case r.Version != -1 && r.Version != n.version:
		return wire.CodeBadVersion
	}
	return wire.CodeOK
}

// closeSession ends a session and deletes what it owned, in the order of the
// paths, which is the same on every server.
func (t *Tree) closeSession(txn *Txn, res *Result) {
	s := t.sessions[txn.Session]
	owned := make([]*Node, 0, len(s.owned))
	for n := range s.owned {
		owned = append(owned, n)
	}
	slices.SortFunc(owned, func(a, b *Node) int { return strings.Compare(a.path, b.path) })
	for _, n := range owned {
		t.drop(n, res)
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
