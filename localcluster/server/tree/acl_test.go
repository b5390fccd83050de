package tree_test

import (
	"fmt"
	"testing"

	"github.com/zooctl/zooctl/localcluster/server/tree"
	"github.com/zooctl/zooctl/ops/wire"
)

// who encodes identities given as scheme and id in turn.
func who(words ...string) []byte {
	var ids wire.Identities
	for i := 0; i < len(words); i += 2 {
		ids = append(ids, wire.Identity{Scheme: words[i], ID: words[i+1]})
	}
	return ids.Append(nil)
}

// as applies a write of session 1 by somebody.
func (d *driver) as(who []byte, rules tree.Rules, op wire.Op, r wire.Record) *tree.Result {
	d.seq[1]++
	return d.apply(&tree.Txn{Session: 1, Conn: 10, Seq: d.seq[1], Op: op, Who: who, Rules: rules, Body: r.Append(nil)})
}

func withACL(path string, flags int32, list ...wire.ACL) *wire.CreateRequest {
	return &wire.CreateRequest{Path: path, ACL: list, Flags: flags}
}

func list(r *tree.Tree, path string) string { return fmt.Sprint(r.ACL(r.Node(path))) }

// TestACLForms: "-114 empty, unknown-scheme or unauthenticated auth ACL".
func TestACLForms(t *testing.T) {
	me := who("ip", "10.0.0.7", "digest", "u:h", "digest", "v:k")
	for i, c := range []struct {
		who   []byte
		rules tree.Rules
		list  []wire.ACL
		want  string // "" is refused
	}{
		{me, 0, nil, ""},
		{me, 0, []wire.ACL{{Perms: 1, Scheme: "world", ID: "anyone"}}, "[{1 world anyone}]"},
		{me, 0, []wire.ACL{{Perms: 1, Scheme: "world", ID: "me"}}, ""},
		{me, 0, []wire.ACL{{Perms: 1, Scheme: "nobody", ID: "x"}}, ""},
		{me, 0, []wire.ACL{{Perms: 1, Scheme: "super", ID: ""}}, ""},
		{me, 0, []wire.ACL{{Perms: 3, Scheme: "digest", ID: "a:b"}, {Perms: 3, Scheme: "digest", ID: "a:b"}}, "[{3 digest a:b}]"},
		{me, 0, []wire.ACL{{Perms: 1, Scheme: "digest", ID: "ab"}}, ""},
		{me, 0, []wire.ACL{{Perms: 1, Scheme: "digest", ID: "a:b:c"}}, ""},
		{me, 0, []wire.ACL{{Perms: 1, Scheme: "digest", ID: "a:"}}, ""},
		{me, 0, []wire.ACL{{Perms: 1, Scheme: "digest", ID: ":b"}}, "[{1 digest :b}]"},
		{me, 0, []wire.ACL{{Perms: 1, Scheme: "ip", ID: "10.0.0.0/8"}}, "[{1 ip 10.0.0.0/8}]"},
		{me, 0, []wire.ACL{{Perms: 1, Scheme: "ip", ID: "10.0.0.0/33"}}, ""},
		{me, 0, []wire.ACL{{Perms: 1, Scheme: "ip", ID: "10.0.0"}}, ""},
		{me, 0, []wire.ACL{{Perms: 1, Scheme: "sasl", ID: "bob"}}, ""},
		{me, tree.RuleSASL, []wire.ACL{{Perms: 1, Scheme: "sasl", ID: "bob"}}, "[{1 sasl bob}]"},
		{me, tree.RuleX509, []wire.ACL{{Perms: 1, Scheme: "x509", ID: "CN=me"}}, "[{1 x509 CN=me}]"},
		{me, 0, []wire.ACL{{Perms: 5, Scheme: "auth", ID: ""}, {Perms: 1, Scheme: "world", ID: "anyone"}}, "[{5 digest u:h} {5 digest v:k} {1 world anyone}]"},
		{who("ip", "10.0.0.7"), 0, []wire.ACL{{Perms: 5, Scheme: "auth", ID: ""}}, ""},
		{who("ip", "10.0.0.7", "super", ""), 0, []wire.ACL{{Perms: 5, Scheme: "auth", ID: ""}}, ""},
	} {
		d := drive(t, 1)
		r := d.as(c.who, c.rules, wire.OpCreate, withACL("/a", 0, c.list...))
		if c.want == "" {
			if r.Code != wire.CodeInvalidACL || d.tree.Node("/a") != nil {
				t.Errorf("%d: %v: %v", i, c.list, r.Code)
			}
		} else if r.Code != 0 || list(d.tree, "/a") != c.want {
			t.Errorf("%d: %v: %v, kept %s", i, c.list, r.Code, list(d.tree, "/a"))
		}
		sound(t, d)
	}
}

func sound(t *testing.T, d *driver) {
	t.Helper()
	if err := d.tree.Sound(); err != nil {
		t.Error(err)
	}
}

// TestACLsGuard: "CREATE/DELETE on parent, WRITE, READ, ADMIN", and what is denied comes
// before what is missing below.
func TestACLsGuard(t *testing.T) {
	only := func(p wire.Perm) []wire.ACL { return []wire.ACL{{Perms: p, Scheme: "digest", ID: "u:h"}} }
	u, v := who("ip", "1.2.3.4", "digest", "u:h"), who("ip", "1.2.3.4", "digest", "v:h")
	del := func(p string) wire.Record { return &wire.DeleteRequest{Path: p, Version: -1} }
	set := func(p string) wire.Record { return &wire.SetDataRequest{Path: p, Version: -1} }
	setACL := func(p string, version int32) wire.Record {
		return &wire.SetACLRequest{Path: p, ACL: wire.WorldACL(), Version: version}
	}
	for _, c := range []struct {
		perm wire.Perm
		op   wire.Op
		r    wire.Record
	}{
		{wire.PermCreate, wire.OpCreate, create("/p/new", 0)}, {wire.PermDelete, wire.OpDelete, del("/p/c")},
		{wire.PermWrite, wire.OpSetData, set("/p")}, {wire.PermAdmin, wire.OpSetACL, setACL("/p", 0)},
		{wire.PermRead, wire.OpMulti, &wire.MultiRequest{Ops: []wire.MultiOp{{Op: wire.OpCheck, Path: "/p", Version: -1}}}},
	} {
		for _, with := range []wire.Perm{c.perm, wire.PermAll &^ c.perm} {
			d := drive(t, 1)
			d.do(wire.OpCreate, create("/p", 0))
			d.do(wire.OpCreate, create("/p/c", 0))
			if r := d.do(wire.OpSetACL, &wire.SetACLRequest{Path: "/p", ACL: only(with), Version: -1}); r.Code != 0 || r.Stat.Aversion != 1 {
				t.Fatalf("setACL: %+v", r)
			}
			if with == c.perm && c.op == wire.OpSetACL {
				d.do(wire.OpSetACL, setACL("/p", 7)) // refused: it is nobody's
			}
			codeOf := func(r *tree.Result) wire.Code {
				if len(r.Multi) > 0 && r.Multi[0].Op == wire.OpError {
					return r.Multi[0].Err
				}
				return r.Code
			}
			if got := codeOf(d.as(v, 0, c.op, c.r)); got != wire.CodeNoAuth {
				t.Errorf("%v by another: %v", c.op, got)
			}
			want := wire.CodeOK
			if with != c.perm {
				want = wire.CodeNoAuth
			}
			r := c.r
			if c.op == wire.OpSetACL {
				r = setACL("/p", 1)
			}
			if got := codeOf(d.as(u, 0, c.op, r)); got != want {
				t.Errorf("%v with %v: %v", c.op, with, got)
			}
			if got := codeOf(d.as(v, tree.RuleSkipACL, wire.OpSetData, set("/p"))); got != wire.CodeOK {
				t.Errorf("skipACL: %v", got)
			}
			if got := codeOf(d.as(who("super", ""), 0, wire.OpSetData, set("/p"))); got != wire.CodeOK {
				t.Errorf("super: %v", got)
			}
			sound(t, d)
		}
	}
	d := drive(t, 1)
	d.do(wire.OpCreate, withACL("/p", 0, only(wire.PermAll)...))
	for want, r := range map[wire.Code]*wire.DeleteRequest{wire.CodeNoAuth: {Path: "/p/none", Version: 3}, wire.CodeNoNode: {Path: "/none/x", Version: -1}} {
		if got := d.as(v, 0, wire.OpDelete, r).Code; got != want {
			t.Errorf("delete %s: %v", r.Path, got)
		}
	}
}

func TestIPs(t *testing.T) {
	d := drive(t, 1)
	for id, ok := range map[string]string{
		"10.1.2.3": "10.1.2.3", "10.1.0.0/16": "10.1.255.255", "10.1.2.3/0": "8.8.8.8", "fd00::/8": "fd12::1", "::1": "::1",
	} {
		d.do(wire.OpCreate, withACL("/a", 0, wire.ACL{Perms: 31, Scheme: "ip", ID: id}))
		n := d.tree.Node("/a")
		if !d.tree.Allowed(n, wire.PermRead, who("ip", ok)) {
			t.Errorf("%s does not let %s", id, ok)
		}
		if bad := "192.0.2.1"; id != "10.1.2.3/0" && d.tree.Allowed(n, wire.PermRead, who("ip", bad)) {
			t.Errorf("%s lets %s", id, bad)
		}
		d.as(who("super", ""), 0, wire.OpDelete, &wire.DeleteRequest{Path: "/a", Version: -1})
	}
}

// TestRedacted: "getACL redacts digest hash as `:x` unless ADMIN".
func TestRedacted(t *testing.T) {
	kept := []wire.ACL{{Perms: 31, Scheme: "digest", ID: "u:secret="}, {Perms: 1, Scheme: "world", ID: "anyone"}}
	if got := fmt.Sprint(tree.Redacted(kept)); got != "[{31 digest u:x} {1 world anyone}]" || kept[0].ID != "u:secret=" {
		t.Errorf("%s of %v", got, kept)
	}
}

// TestLastOfItsACL: who may see a change is told even if no znode has that ACL any more.
func TestLastOfItsACL(t *testing.T) {
	d := drive(t, 1)
	r := create("/a", 0)
	r.ACL = []wire.ACL{{Perms: wire.PermAll, Scheme: "ip", ID: "127.0.0.1"}}
	d.do(wire.OpCreate, r)
	gone := d.do(wire.OpDelete, &wire.DeleteRequest{Path: "/a", Version: -1})
	if len(gone.Changes) != 1 {
		t.Fatalf("%v", gone.Changes)
	}
	for ip, want := range map[string]bool{"127.0.0.1": true, "127.0.0.2": false} {
		who := (&wire.Identities{{Scheme: "ip", ID: ip}}).Append(nil)
		if got := gone.Changes[0].ACL.Permits(wire.PermRead, who); got != want {
			t.Errorf("%s may see it: %v", ip, got)
		}
	}
	sound(t, d)
}
