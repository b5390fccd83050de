package tree

import (
	"iter"
	"maps"
	"strings"

	"github.com/zooctl/zooctl/ops/wire"
)

// Tree is the replicated state: znodes and sessions.
type Tree struct {
	root      *Node
	count     int // of znodes
	sessions  map[int64]*session
	collected map[*Node]struct{}  // containers and znodes with a time to live
	quotas    map[string]struct{} // paths that have a quota
	acls      acls
	zxid      int64
	dataSize  int64
	ephCount  int

	members       []Member // of the ensemble; none where a server stands alone
	configVersion int64    // zxid of what made them so, or 0
	pending       *pending // nil, or the change of members that is under way

	gen   uint64 // counts the snapshots taken
	snaps []*Snapshot

	multi   bool     // one is being applied
	undo    []func() // how to undo what it has done so far
	dropped []int32  // ACLs of what it has deleted so far
}

// Node is one znode. It is valid until the next Apply.
//
// A million of them are scanned by the garbage collector again and again, so what is
// rarely there has no field of its own.
type Node struct {
	path     string
	data     []byte
	parent   *Node            // nil for the root
	children map[string]*Node // by name; nil until there is one
	image
	gen  uint64 // the last snapshot that need not save this znode any more
	acl  int32  // in the table of ACLs
	most int32  // the most children that the map has had room for
}

// image is what a snapshot keeps of a znode beside its path, data and ACL.
type image struct {
	czxid, mzxid, pzxid int64
	ctime, mtime        int64
	version, aversion   int32
	creates             int32 // children ever created: what the names of sequential ones count
	owner               int64 // session of an ephemeral; below 0 for what is collected, see kinds.go; or 0
}

// New returns the tree of a fresh ensemble: the root and what is below
// /zookeeper.
func New() *Tree {
	t := empty()
	world, _ := t.acls.hold(wire.AppendACLs(nil, wire.WorldACL()), nil, 0)
	readOnly, _ := t.acls.hold(wire.AppendACLs(nil, []wire.ACL{{Perms: wire.PermRead, Scheme: "world", ID: "anyone"}}), nil, 0)
	for _, path := range []string{"/", "/zookeeper", "/zookeeper/quota"} {
		t.insert(&Node{path: path, data: []byte{}, acl: world})
		t.acls.again(world)
	}
	t.acls.drop(world) // it was held once too often
	t.insert(&Node{path: ConfigPath, data: []byte{}, acl: readOnly, image: image{aversion: -1}})
	return t
}

func empty() *Tree {
	return &Tree{sessions: make(map[int64]*session), collected: make(map[*Node]struct{}), quotas: make(map[string]struct{})}
}

// insert puts n below its parent, which must be there, and changes nothing else.
func (t *Tree) insert(n *Node) {
	if n.path != "/" {
		t.join(t.Node(parent(n.path)), n)
		return
	}
	t.root = n
	t.count++
	t.dataSize += int64(len(n.path) + len(n.data))
}

// join is insert for one whose parent is known.
func (t *Tree) join(p, n *Node) {
	t.count++
	t.dataSize += int64(len(n.path) + len(n.data))
	switch {
	case n.owner > 0:
		t.sessions[n.owner].own(n)
		t.ephCount++
	case n.owner < 0:
		t.collected[n] = struct{}{}
	}
	n.parent = p
	p.adopt(n)
}

// adopt puts n into the list of children.
func (n *Node) adopt(child *Node) {
	if n.children == nil {
		n.children = make(map[string]*Node)
	}
	n.children[base(child.path)] = child
	n.most = max(n.most, int32(len(n.children)))
}

// manyChildren is the number from which on a list of children gives room back.
const manyChildren = 1 << 10

// remove undoes insert.
func (t *Tree) remove(n *Node) {
	t.count--
	t.dataSize -= int64(len(n.path) + len(n.data))
	switch {
	case n.owner > 0:
		delete(t.sessions[n.owner].owned, n)
		t.ephCount--
	case n.owner < 0:
		delete(t.collected, n)
	}
	p := n.parent
	delete(p.children, base(n.path))
	switch left := len(p.children); {
	case left == 0:
		p.children, p.most = nil, 0
	case p.most > manyChildren && left < int(p.most)/4: // a map never gives room back by itself
		p.children, p.most = maps.Clone(p.children), int32(left)
	}
}

// Node returns the znode at path, or nil.
func (t *Tree) Node(path string) *Node {
	if path == "" || path[0] != '/' {
		return nil
	}
	n := t.root
	for rest := path[1:]; rest != "" && n != nil; {
		name, after, more := strings.Cut(rest, "/")
		if more && after == "" {
			return nil // a slash at the end
		}
		n, rest = n.children[name], after
	}
	return n
}

// LastZxid returns the zxid of the last transaction that took one.
func (t *Tree) LastZxid() int64 { return t.zxid }

// NodeCount returns the number of znodes, the root included.
func (t *Tree) NodeCount() int { return t.count }

// DataSize returns the bytes of all paths and data.
func (t *Tree) DataSize() int64 { return t.dataSize }

// EphemeralCount returns the number of ephemeral znodes.
func (t *Tree) EphemeralCount() int { return t.ephCount }

// Path returns the znode's path.
func (n *Node) Path() string { return n.path }

// Data returns the znode's data: nil is null. It must not be changed.
func (n *Node) Data() []byte { return n.data }

// NumChildren returns the number of children.
func (n *Node) NumChildren() int { return len(n.children) }

// Children returns the names of the children in no order.
func (n *Node) Children() iter.Seq[string] { return maps.Keys(n.children) }

// Descendants returns the number of all znodes below this one.
func (n *Node) Descendants() int {
	count := len(n.children)
	for _, c := range n.children {
		if c.children != nil {
			count += c.Descendants()
		}
	}
	return count
}

// Stat returns the znode's Stat. "Stat.cversion = 2*creates - numChildren", which
// grows by one with each creation and each deletion of a child; "ephemeralOwner is 0
// for container and TTL nodes in replies".
func (n *Node) Stat() wire.Stat {
	return wire.Stat{
		Czxid: n.czxid, Mzxid: n.mzxid, Pzxid: n.pzxid, Ctime: n.ctime, Mtime: n.mtime,
		Version: n.version, Cversion: 2*n.creates - int32(len(n.children)), Aversion: n.aversion,
		EphemeralOwner: max(n.owner, 0), DataLength: int32(len(n.data)), NumChildren: int32(len(n.children)),
	}
}
