package tree_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/zooctl/zooctl/localcluster/server/tree"
	"github.com/zooctl/zooctl/ops/wire"
)

func withTTL(path string, flags int32, ttl int64) *wire.CreateTTLRequest {
	return &wire.CreateTTLRequest{CreateRequest: *create(path, flags), TTL: ttl}
}

// TestKinds: what a create request may ask for, and what becomes of it.
func TestKinds(t *testing.T) {
	for i, c := range []struct {
		op    wire.Op
		r     wire.Record
		rules tree.Rules
		want  wire.Code
	}{
		{wire.OpCreateContainer, create("/a", wire.FlagContainer), 0, 0},
		{wire.OpCreate, create("/a", wire.FlagContainer), 0, 0}, // an ordinary znode, as there
		{wire.OpCreateTTL, withTTL("/a", wire.FlagTTL, 1), 0, 0},
		{wire.OpCreateTTL, withTTL("/a", wire.FlagTTL, 1<<40-1), 0, 0},
		{wire.OpCreateTTL, withTTL("/a", wire.FlagTTL, 1<<40), 0, wire.CodeBadArguments},
		{wire.OpCreateTTL, withTTL("/a", wire.FlagTTL, 0), 0, wire.CodeBadArguments},
		{wire.OpCreateTTL, withTTL("/a", wire.FlagTTL, -1), 0, wire.CodeBadArguments},
		{wire.OpCreateTTL, withTTL("/a", 0, 5), 0, wire.CodeBadArguments},
		{wire.OpCreate, create("/a", wire.FlagTTL), 0, wire.CodeBadArguments},
		{wire.OpCreate, create("/a", wire.FlagTTLSeq), tree.RuleNoTypes, wire.CodeUnimplemented},
		{wire.OpCreateTTL, withTTL("/a", wire.FlagTTL, 1), tree.RuleNoTypes, wire.CodeUnimplemented},
		{wire.OpCreate, create("/a", 7), 0, wire.CodeBadArguments},
	} {
		d := drive(t, 1)
		r := d.as(nil, c.rules, c.op, c.r)
		if r.Code != c.want {
			t.Errorf("%d: %v", i, r.Code)
		}
		if r.Code == 0 && (d.tree.Node("/a").Stat().EphemeralOwner != 0 || c.op != wire.OpCreate && r.Stat != d.tree.Node("/a").Stat()) {
			t.Errorf("%d: %+v", i, r.Stat)
		}
		sound(t, d)
	}
	d := drive(t, 1)
	if r := d.do(wire.OpCreateTTL, withTTL("/s-", wire.FlagTTLSeq, 9)); r.Path != "/s-0000000000" {
		t.Errorf("a sequential one is %q", r.Path)
	}
	d.do(wire.OpCreateContainer, create("/c", 4))
	if r := d.do(wire.OpCreate, create("/c/x", 0)); r.Code != 0 {
		t.Errorf("below a container: %v", r.Code)
	}
}

// TestKindsInLists: what a creation in a list becomes, and is called in the results.
func TestKindsInLists(t *testing.T) {
	for i, c := range []struct {
		op    wire.Op
		flags int32
		ttl   int64
		as    wire.Op
		code  wire.Code
	}{
		{wire.OpCreate, 0, 0, wire.OpCreate, 0},
		{wire.OpCreate2, 1, 0, wire.OpCreate2, 0},
		{wire.OpCreateContainer, wire.FlagContainer, 0, wire.OpCreate2, 0},
		{wire.OpCreate, wire.FlagContainer, 0, wire.OpCreate2, 0},
		{wire.OpCreateTTL, wire.FlagTTL, 5, wire.OpCreate2, 0},
		{wire.OpCreateTTL, wire.FlagContainer, 5, wire.OpCreate2, 0},
		{wire.OpCreateTTL, 0, 1 << 50, wire.OpCreate, 0},
		{wire.OpCreateTTL, wire.FlagTTL, 0, wire.OpError, 0},
		{wire.OpCreateTTL, 7, 5, wire.OpError, 0},
		{wire.OpCreate2, wire.FlagTTL, 0, 0, wire.CodeMarshallingError},
		{wire.OpCreate, 7, 0, 0, wire.CodeMarshallingError},
	} {
		d := drive(t, 1)
		r := d.do(wire.OpMulti, &wire.MultiRequest{Ops: []wire.MultiOp{{Op: c.op, Path: "/a", TTL: c.ttl, Create: *create("/a", c.flags)}}})
		if r.Code != c.code || c.code == 0 && (len(r.Multi) != 1 || r.Multi[0].Op != c.as) {
			t.Errorf("%d: %v %v", i, r.Code, r.Multi)
		}
		sound(t, d)
	}
}

func due(tr *tree.Tree, now, unused int64) string {
	var all []string
	for n := range tr.Collectable(now, unused) {
		all = append(all, n.Path())
	}
	return fmt.Sprint(all)
}

// TestCollection: a container goes when its last child has, a znode with a time to live
// when that is over; neither goes if it changed after it was chosen.
func TestCollection(t *testing.T) {
	d := drive(t, 1)
	d.do(wire.OpCreateContainer, create("/c", wire.FlagContainer))
	if got := due(d.tree, 1<<40, 0); got != "[]" {
		t.Errorf("due: %s, an unused container", got)
	}
	if got := due(d.tree, d.now+100, 50); got != "[/c]" {
		t.Errorf("due: %s of containers unused for 50 ms", got)
	}
	d.do(wire.OpCreate, create("/c/x", 0))
	if got := due(d.tree, 1<<40, 0); got != "[]" {
		t.Errorf("due: %s with a child", got)
	}
	d.do(wire.OpDelete, &wire.DeleteRequest{Path: "/c/x", Version: -1})
	if got := due(d.tree, 0, 0); got != "[/c]" {
		t.Errorf("due: %s after the last child", got)
	}
	body := d.tree.Node("/c").Collect()
	d.do(wire.OpCreate, create("/c/y", 0))
	collect := func() *tree.Result { return d.apply(&tree.Txn{Op: wire.OpDeleteContainer, Body: body}) }
	if r := collect(); r.Code == 0 || len(r.Changes) != 0 {
		t.Errorf("a container in use: %+v", r)
	}
	d.do(wire.OpDelete, &wire.DeleteRequest{Path: "/c/y", Version: -1})
	if r := collect(); r.Code == 0 {
		t.Errorf("a container that was used since: %+v", r)
	}
	body = d.tree.Node("/c").Collect()
	if r := collect(); r.Code != 0 || changes(r) != "[2 /c]" || d.tree.Node("/c") != nil {
		t.Errorf("a container: %+v", r)
	}

	d.do(wire.OpCreateTTL, withTTL("/t", wire.FlagTTL, 100))
	made := d.now
	d.do(wire.OpCreate, create("/t/x", 0))
	if got := due(d.tree, made+1000, 0); got != "[]" {
		t.Errorf("due: %s with a child", got)
	}
	d.do(wire.OpDelete, &wire.DeleteRequest{Path: "/t/x", Version: -1})
	if early, late := due(d.tree, made+100, 0), due(d.tree, made+101, 0); early != "[]" || late != "[/t]" {
		t.Errorf("due: %s at its time, %s after it", early, late)
	}
	d.do(wire.OpSetData, &wire.SetDataRequest{Path: "/t", Version: -1})
	if got := due(d.tree, made+101, 0); got != "[]" {
		t.Errorf("due: %s, set since", got)
	}
	var b bytes.Buffer
	if err := d.tree.Snapshot().WriteTo(&b, func() {}); err != nil {
		t.Fatal(err)
	}
	again, err := tree.Load(&b)
	if err != nil || due(again, 1<<40, 0) != "[/t]" {
		t.Errorf("a snapshot forgot %s, %v", due(again, 1<<40, 0), err)
	}
	d.tree.Apply(&tree.Txn{Op: wire.OpDeleteContainer, Body: []byte("/t")}, &d.res)
	if d.res.Code != wire.CodeMarshallingError {
		t.Errorf("garbage: %v", d.res.Code)
	}
	sound(t, d)
}

// TestQuota keeps count of a subtree as Apache ZooKeeper does, and refuses what is
// beyond a hard limit where it is told to.
func TestQuota(t *testing.T) {
	d := drive(t, 1)
	d.do(wire.OpCreate, create("/q", 0))
	d.do(wire.OpCreate, create("/q/a", 0))
	mk := func(path, data string) {
		t.Helper()
		if r := d.do(wire.OpCreate, &wire.CreateRequest{Path: path, Data: []byte(data), ACL: wire.WorldACL()}); r.Code != 0 {
			t.Fatalf("%s: %v", path, r.Code)
		}
	}
	mk("/zookeeper/quota/q", "")
	mk("/zookeeper/quota/q/zookeeper_limits", "count=4,bytes=100=;byteHardLimit=20;countHardLimit=5")
	mk("/zookeeper/quota/q/zookeeper_stats", "count=0,bytes=0")
	stats := func(want string) {
		t.Helper()
		if got := string(d.tree.Node("/zookeeper/quota/q/zookeeper_stats").Data()); got != want {
			t.Errorf("stats %q, want %q", got, want)
		}
		sound(t, d)
	}
	stats("count=2,bytes=2")
	d.do(wire.OpCreate, create("/q/b", 0))
	d.do(wire.OpSetData, &wire.SetDataRequest{Path: "/q/b", Data: []byte("12345"), Version: -1})
	stats("count=3,bytes=7")
	d.do(wire.OpDelete, &wire.DeleteRequest{Path: "/q/a", Version: -1})
	stats("count=2,bytes=6")
	d.do(wire.OpMulti, &wire.MultiRequest{Ops: []wire.MultiOp{
		{Op: wire.OpCreate, Create: *create("/q/x", 0)}, {Op: wire.OpDelete, Path: "/q/b", Version: -1}, {Op: wire.OpDelete, Path: "/zookeeper/quota/q/zookeeper_limits", Version: -1},
		{Op: wire.OpCheck, Path: "/none", Version: -1},
	}})
	stats("count=2,bytes=6")
	if r := d.do(wire.OpSetData, &wire.SetDataRequest{Path: "/q/b", Data: make([]byte, 40), Version: -1}); r.Code != 0 || r.Over == "" {
		t.Errorf("beyond a limit that is not enforced: %v, %q", r.Code, r.Over)
	}
	d.do(wire.OpSetData, &wire.SetDataRequest{Path: "/q/b", Version: -1})
	if r := d.as(nil, tree.RuleHardQuota, wire.OpSetData, &wire.SetDataRequest{Path: "/q/b", Data: make([]byte, 40), Version: -1}); r.Code != wire.CodeQuotaExceeded {
		t.Errorf("beyond a hard limit of bytes: %v", r.Code)
	}
	for i := range 4 {
		want := wire.CodeOK
		if i == 3 {
			want = wire.CodeQuotaExceeded
		}
		if r := d.as(nil, tree.RuleHardQuota, wire.OpCreate, create(fmt.Sprint("/q/n", i), 0)); r.Code != want {
			t.Errorf("znode %d: %v", i+2, r.Code)
		}
	}
	stats("count=5,bytes=4")
	var b bytes.Buffer
	if err := d.tree.Snapshot().WriteTo(&b, func() {}); err != nil {
		t.Fatal(err)
	}
	if again, err := tree.Load(&b); err != nil || again.Quotas() != 1 {
		t.Errorf("a snapshot forgot the quota: %v", err)
	}
	d.do(wire.OpDelete, &wire.DeleteRequest{Path: "/zookeeper/quota/q/zookeeper_limits", Version: -1})
	d.do(wire.OpCreate, create("/q/free", 0))
	stats("count=5,bytes=4")
}
