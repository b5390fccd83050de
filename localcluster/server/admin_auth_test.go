package server

import (
	"testing"

	"github.com/zooctl/zooctl/ops/wire"
)

// TestIdentify: who a header Authorization says that one is.
func TestIdentify(t *testing.T) {
	for header, want := range map[string]wire.Identity{
		// The example of Apache ZooKeeper's documentation of digest.
		"digest super:admin": {Scheme: "digest", ID: "super:xQJmxLMiHGwaqBvst5y6rkB6HQs="},
		"ip":                 {Scheme: "ip", ID: "127.0.0.1"}, "ip anything": {Scheme: "ip", ID: "127.0.0.1"},
		"digest": {}, "digest ": {}, "digest a b": {}, "ip a b": {}, "x509": {}, "": {}, "Basic YTpi": {}, "sasl bob": {}, "world anyone": {}, "super x": {},
	} {
		if got, ok := identify(header, "127.0.0.1:99"); got != want || ok != (want.Scheme != "") {
			t.Errorf("%q: %v, %v; want %v", header, got, ok, want)
		}
	}
}

// TestPermits: who may do everything.
func TestPermits(t *testing.T) {
	alice, home := wire.Identity{Scheme: "digest", ID: "alice:x="}, wire.Identity{Scheme: "ip", ID: "127.0.0.1"}
	const all = wire.PermAll
	for name, c := range map[string]struct {
		acl         []wire.ACL
		alice, home bool
	}{
		"anyone":       {[]wire.ACL{{Perms: all, Scheme: "world", ID: "anyone"}}, true, true},
		"read only":    {[]wire.ACL{{Perms: wire.PermRead, Scheme: "world", ID: "anyone"}}, false, false},
		"alice":        {[]wire.ACL{{Perms: all, Scheme: "digest", ID: "alice:x="}}, true, false},
		"not alice":    {[]wire.ACL{{Perms: all, Scheme: "digest", ID: "alice:y="}}, false, false},
		"in two parts": {[]wire.ACL{{Perms: wire.PermRead, Scheme: "world", ID: "anyone"}, {Perms: all &^ wire.PermRead, Scheme: "digest", ID: "alice:x="}}, true, false},
		"an address":   {[]wire.ACL{{Perms: all, Scheme: "ip", ID: "127.0.0.1"}}, false, true},
		"a network":    {[]wire.ACL{{Perms: all, Scheme: "ip", ID: "127.0.0.0/8"}}, false, true},
		"another":      {[]wire.ACL{{Perms: all, Scheme: "ip", ID: "10.0.0.0/8"}}, false, false},
	} {
		may := func(id wire.Identity) bool {
			for bit := wire.PermRead; bit <= all; bit <<= 1 {
				if !permits(c.acl, id, bit) {
					return false
				}
			}
			return true
		}
		if may(alice) != c.alice || may(home) != c.home {
			t.Errorf("%s: alice %v, home %v", name, may(alice), may(home))
		}
	}
}
