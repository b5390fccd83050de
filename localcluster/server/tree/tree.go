package tree

import (
	"iter"
	"maps"

	"github.com/zooctl/zooctl/ops/wire"
)

// Tree is the replicated state: znodes and sessions.
type Tree struct {
	nodes      map[string]*Node
	sessions   map[int64]*Session
	ephemerals map[int64]map[string]struct{} // by the session that owns them
	acls       acls
	zxid       int64
	dataSize   int64
	ephCount   int

	members       []Member // of the ensemble; none where a server stands alone
	configVersion int64    // zxid of what made them so, or 0
	pending       *pending // nil, or the change of members that is under way

	gen   uint64 // counts the snapshots taken
	snaps []*Snapshot
	multi bool     // one is being applied
	undo  []func() // how to undo what it has done so far
}

// Node is one znode. It is valid until the next Apply.
type Node struct {
	path     string
	data     []byte
	acl      int32 // in the table of ACLs
	tree     *Tree
	children map[string]struct{} // names; nil until there is one
	image
	gen uint64 // the last snapshot that need not save this znode any more
}

// image is what a snapshot keeps of a znode beside its path, data and ACL.
type image struct {
	czxid, mzxid, pzxid int64
	ctime, mtime        int64
	version, aversion   int32
	creates             int32 // children ever created: what the names of sequential ones count
	owner               int64 // session of an ephemeral, or 0
}

// New returns the tree of a fresh ensemble: the root and what is below
// /zookeeper.
func New() *Tree {
	t := empty()
	world, _ := t.acls.intern(wire.AppendACLs(nil, wire.WorldACL()))
	readOnly, _ := t.acls.intern(wire.AppendACLs(nil, []wire.ACL{{Perms: wire.PermRead, Scheme: "world", ID: "anyone"}}))
	t.insert(&Node{path: "/", data: []byte{}, acl: world})
	t.insert(&Node{path: "/zookeeper", data: []byte{}, acl: world})
	t.insert(&Node{path: "/zookeeper/quota", data: []byte{}, acl: world})
	t.insert(&Node{path: "/zookeeper/config", data: []byte{}, acl: readOnly, image: image{aversion: -1}})
	return t
}

func empty() *Tree {
	return &Tree{
		nodes:      make(map[string]*Node),
		sessions:   make(map[int64]*Session),
		ephemerals: make(map[int64]map[string]struct{}),
	}
}

// insert puts n into the tables and into its parent's list, and changes nothing
// else.
func (t *Tree) insert(n *Node) {
	n.tree = t
	t.nodes[n.path] = n
	t.dataSize += int64(len(n.path) + len(n.data))
	if n.owner != 0 {
		owned := t.ephemerals[n.owner]
		if owned == nil {
			owned = make(map[string]struct{})
			t.ephemerals[n.owner] = owned
		}
		owned[n.path] = struct{}{}
		t.ephCount++
	}
	if p := t.nodes[parent(n.path)]; p != nil && n.path != "/" {
		if p.children == nil {
			p.children = make(map[string]struct{})
		}
		p.children[base(n.path)] = struct{}{}
	}
}

// remove undoes insert.
func (t *Tree) remove(n *Node) {
	delete(t.nodes, n.path)
	t.dataSize -= int64(len(n.path) + len(n.data))
	if n.owner != 0 {
		owned := t.ephemerals[n.owner]
		if delete(owned, n.path); len(owned) == 0 {
			delete(t.ephemerals, n.owner)
		}
		t.ephCount--
	}
	if p := t.nodes[parent(n.path)]; p != nil {
		if delete(p.children, base(n.path)); len(p.children) == 0 {
			p.children = nil
		}
	}
}

// Node returns the znode at path, or nil.
func (t *Tree) Node(path string) *Node { return t.nodes[path] }

// LastZxid returns the zxid of the last transaction that took one.
func (t *Tree) LastZxid() int64 { return t.zxid }

// NodeCount returns the number of znodes, the root included.
func (t *Tree) NodeCount() int { return len(t.nodes) }

// DataSize returns the bytes of all paths and data.
func (t *Tree) DataSize() int64 { return t.dataSize }

// EphemeralCount returns the number of ephemeral znodes.
func (t *Tree) EphemeralCount() int { return t.ephCount }

// Data returns the znode's data: nil is null. It must not be changed.
func (n *Node) Data() []byte { return n.data }

// ACL returns the znode's ACL. It must not be changed.
func (n *Node) ACL() []wire.ACL { return n.tree.acls.lists[n.acl] }

// NumChildren returns the number of children.
func (n *Node) NumChildren() int { return len(n.children) }

// Children returns the names of the children in no order.
func (n *Node) Children() iter.Seq[string] { return maps.Keys(n.children) }

// Stat returns the znode's Stat. "Stat.cversion = 2*creates - numChildren", which
// grows by one with each creation and each deletion of a child.
func (n *Node) Stat() wire.Stat {
	return wire.Stat{
		Czxid: n.czxid, Mzxid: n.mzxid, Pzxid: n.pzxid, Ctime: n.ctime, Mtime: n.mtime,
		Version: n.version, Cversion: 2*n.creates - int32(len(n.children)), Aversion: n.aversion,
		EphemeralOwner: n.owner, DataLength: int32(len(n.data)), NumChildren: int32(len(n.children)),
	}
}
