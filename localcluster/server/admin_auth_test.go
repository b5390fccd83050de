package server

import (
	"testing"

	"github.com/zooctl/zooctl/ops/wire"
)

// TestIdentify: who a header Authorization says that one is.
func TestIdentify(t *testing.T) {
	a := &admin{s: &Server{}}
	for header, want := range map[string]wire.Identity{
		// The example of Apache ZooKeeper's documentation of digest.
		"digest super:admin": {Scheme: "digest", ID: "super:xQJmxLMiHGwaqBvst5y6rkB6HQs="},
		"ip":                 {Scheme: "ip", ID: "127.0.0.1"}, "ip anything": {Scheme: "ip", ID: "127.0.0.1"},
		"digest": {}, "digest ": {}, "digest a b": {}, "ip a b": {}, "x509": {}, "": {}, "Basic YTpi": {}, "sasl bob": {}, "world anyone": {}, "super x": {},
	} {
		var got wire.Identity
		ids, ok := a.identities(header, "127.0.0.1:99")
		if len(ids) == 1 {
			got = ids[0]
		}
		if got != want || ok != (want.Scheme != "") {
			t.Errorf("%q: %v, %v; want %v", header, got, ok, want)
		}
	}
}
