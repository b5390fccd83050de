package tree

import (
	"net/netip"
	"strings"

	"github.com/zooctl/zooctl/ops/wire"
)

// acls keeps each list of ACLs once: most znodes share one of a few.
type acls struct {
	ids   map[string]int32 // by the list as it is on the wire
	lists [][]wire.ACL
	raw   []string
}

// intern returns the number of a list given as on the wire, and whether the list
// is one that a znode may have.
func (a *acls) intern(raw []byte) (int32, bool) {
	if id, ok := a.ids[string(raw)]; ok {
		return id, true
	}
	d := wire.NewDecoder(raw)
	list := make([]wire.ACL, d.Count(12))
	for i := range list {
		list[i].Decode(&d)
	}
	if d.Err() != nil || len(list) == 0 {
		return 0, false
	}
	for _, acl := range list {
		if !validACL(acl) {
			return 0, false
		}
	}
	if a.ids == nil {
		a.ids = make(map[string]int32)
	}
	id := int32(len(a.lists))
	key := string(raw)
	a.ids[key], a.lists, a.raw = id, append(a.lists, list), append(a.raw, key)
	return id, true
}

// validACL tells whether an entry is of a scheme that the server knows: "-114
// empty, unknown-scheme or unauthenticated auth ACL". Nobody can authenticate
// yet, so auth is never valid.
func validACL(a wire.ACL) bool {
	switch a.Scheme {
	case "world":
		return a.ID == "anyone"
	case "ip":
		if _, err := netip.ParsePrefix(a.ID); err == nil {
			return true
		}
		_, err := netip.ParseAddr(a.ID)
		return err == nil
	case "digest":
		return strings.Count(a.ID, ":") == 1
	}
	return false
}
