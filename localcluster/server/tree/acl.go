package tree

import (
	"fmt"
	"slices"

	"github.com/zooctl/zooctl/ops/wire"
)

// Rules are settings of the server that proposes a transaction. They go with it, so
// that all servers judge alike.
type Rules uint8

// The rules.
const (
	RuleSkipACL   Rules = 1 << iota // skipACL: everybody may do everything
	RuleNoTypes                     // extendedTypesEnabled is false: there is no time to live
	RuleHardQuota                   // enforceQuota: what goes beyond a hard limit is refused
	RuleSASL                        // the scheme sasl is known
	RuleX509                        // the scheme x509 is known
)

// acls keeps each list of ACLs once, for as long as a znode has it: most znodes share
// one of a few.
type acls struct {
	ids  map[string]int32 // by the list as it is on the wire
	all  []*Guard
	free []int32 // places in all that are empty
}

// Guard is one list, which says who may do what. It is good for a znode of the past,
// too, which has given up its number.
type Guard struct {
	list   []wire.ACL
	raw    string
	anyone wire.Perm // what everybody may do
	users  int       // znodes that have it
}

// hold returns the number of a list given as on the wire, and whether the list is one
// that a znode may have. The number stays until it is dropped as often as it was held.
//
// An entry of the scheme auth is put in terms of who asks, by the encoded identities
// who.
func (a *acls) hold(raw, who []byte, rules Rules) (int32, bool) {
	if id, ok := a.ids[string(raw)]; ok {
		a.all[id].users++
		return id, true
	}
	d := wire.NewDecoder(raw)
	list := make([]wire.ACL, d.Count(12))
	for i := range list {
		list[i].Decode(&d)
	}
	if d.Err() != nil {
		return 0, false
	}
	list, ok := settle(list, who, rules)
	if !ok {
		return 0, false
	}
	key := string(wire.AppendACLs(nil, list))
	if id, ok := a.ids[key]; ok {
		a.all[id].users++
		return id, true
	}
	return a.add(key, list), true
}

// add puts a list into the table.
func (a *acls) add(key string, list []wire.ACL) int32 {
	id := int32(len(a.all))
	if k := len(a.free); k > 0 {
		id, a.free = a.free[k-1], a.free[:k-1]
	} else {
		a.all = append(a.all, nil)
	}
	a.set(id, key, list)
	a.all[id].users = 1
	return id
}

func (a *acls) set(id int32, key string, list []wire.ACL) {
	e := &Guard{list: list, raw: key}
	for _, x := range list {
		if x.Scheme == "world" {
			e.anyone |= x.Perms
		}
	}
	if a.ids == nil {
		a.ids = make(map[string]int32)
	}
	a.ids[key], a.all[id] = id, e
}

// again holds a number once more.
func (a *acls) again(id int32) { a.all[id].users++ }

// String shows the list.
func (e *Guard) String() string { return fmt.Sprint(e.list) }

// drop gives up what hold gave.
func (a *acls) drop(id int32) {
	e := a.all[id]
	if e.users--; e.users > 0 {
		return
	}
	delete(a.ids, e.raw)
	a.all[id] = nil
	a.free = append(a.free, id)
}

// ACL returns the znode's ACL. It must not be changed.
func (t *Tree) ACL(n *Node) []wire.ACL { return t.acls.all[n.acl].list }

// Allowed tells whether one of the identities who, encoded as [wire.Identities], may do
// any of what perm says with a znode.
func (t *Tree) Allowed(n *Node, perm wire.Perm, who []byte) bool {
	return t.guard(n).Permits(perm, who)
}

func (t *Tree) guard(n *Node) *Guard { return t.acls.all[n.acl] }

// Permits is [Tree.Allowed] for znodes with this ACL.
func (e *Guard) Permits(perm wire.Perm, who []byte) bool {
	if e.anyone&perm != 0 {
		return true
	}
	var ids wire.Identities
	d := wire.NewDecoder(who)
	if ids.Decode(&d); d.Err() != nil {
		return false
	}
	if slices.ContainsFunc(ids, func(id wire.Identity) bool { return id.Scheme == superScheme }) {
		return true
	}
	return slices.ContainsFunc(e.list, func(a wire.ACL) bool {
		return a.Perms&perm != 0 && slices.ContainsFunc(ids, func(id wire.Identity) bool { return matches(a, id) })
	})
}

// may is Allowed for a transaction.
func (t *Tree) may(txn *Txn, n *Node, perm wire.Perm) bool {
	return txn.Rules&RuleSkipACL != 0 || t.Allowed(n, perm, txn.Who)
}

// Redacted returns a list as it is shown to whoever may read but not set it: of a
// digest its hash is hidden.
func Redacted(list []wire.ACL) []wire.ACL {
	shown := slices.Clone(list)
	for i, a := range shown {
		if a.Scheme == digestScheme {
			shown[i].ID = userOf(a.ID) + ":x"
		}
	}
	return shown
}
