package tree

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/zooctl/zooctl/ops/wire"
)

// The schemes of identities that are dealt with in a way of their own.
const (
	superScheme  = "super" // of who may do everything; no ACL names it
	digestScheme = "digest"
)

// settle returns a list of ACLs as a znode keeps it, and whether it is one: "-114
// empty, unknown-scheme or unauthenticated auth ACL". Each entry is kept once.
func settle(list []wire.ACL, who []byte, rules Rules) ([]wire.ACL, bool) {
	var kept []wire.ACL
	add := func(a wire.ACL) {
		if !slices.Contains(kept, a) {
			kept = append(kept, a)
		}
	}
	for _, a := range list {
		if a.Scheme != "auth" {
			if !valid(a, rules) {
				return nil, false
			}
			add(a)
			continue
		}
		proved := false
		var ids wire.Identities
		d := wire.NewDecoder(who)
		ids.Decode(&d)
		for _, id := range ids {
			if id.Scheme != "ip" && id.Scheme != superScheme { // the one proves nothing, the other is no scheme of an ACL
				proved = true
				add(wire.ACL{Perms: a.Perms, Scheme: id.Scheme, ID: id.ID})
			}
		}
		if !proved {
			return nil, false
		}
	}
	return kept, len(kept) > 0
}

// valid tells whether an entry is of a scheme that the server knows, and has an id of
// that scheme's form.
func valid(a wire.ACL, rules Rules) bool {
	switch a.Scheme {
	case "world":
		return a.ID == "anyone"
	case "ip":
		_, ok := network(a.ID)
		return ok
	case digestScheme: // Java leaves out what is empty at the end when it splits
		return strings.Count(strings.TrimRight(a.ID, ":"), ":") == 1
	case "sasl":
		return rules&RuleSASL != 0 && saslName(a.ID)
	case "x509":
		return rules&RuleX509 != 0 && a.ID != ""
	}
	return false
}

// saslName tells whether id has the form of a name in Kerberos, which servers ask of
// every one: a name without @, or user[/host]@realm.
func saslName(id string) bool {
	user, realm, full := strings.Cut(id, "@")
	return !full || strings.Count(user, "/") <= 1 && !strings.ContainsAny(realm, "@/")
}

// matches tells whether an entry means an identity.
func matches(a wire.ACL, id wire.Identity) bool {
	if a.Scheme != id.Scheme {
		return false
	}
	if a.Scheme != "ip" {
		return a.ID == id.ID
	}
	n, ok := network(a.ID)
	addr, err := netip.ParseAddr(id.ID)
	return ok && err == nil && n.Contains(addr.Unmap())
}

// network reads an address with or without a number of bits behind a slash.
func network(s string) (netip.Prefix, bool) {
	host, length, cut := strings.Cut(s, "/")
	addr, err := netip.ParseAddr(host)
	if err != nil || addr.Zone() != "" {
		return netip.Prefix{}, false
	}
	bits := addr.BitLen()
	if cut {
		if bits, err = strconv.Atoi(length); err != nil || bits < 0 || bits > addr.BitLen() {
			return netip.Prefix{}, false
		}
	}
	p, err := addr.Prefix(bits)
	return p, err == nil
}

// userOf is what is before the first colon.
func userOf(id string) string {
	user, _, _ := strings.Cut(id, ":")
	return user
}
