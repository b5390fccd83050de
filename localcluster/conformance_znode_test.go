package localcluster_test

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/zooctl/zooctl/ops/wire"
	"github.com/zooctl/zooctl/ops/wire/wiretest"
)

// conformCodes: "-110 exists, -101 no parent (checked before path validity: "/bad/" ->
// -101), -8 bad path/flags, -114 empty, unknown-scheme or unauthenticated auth ACL, -108
// child of ephemeral, -111 not empty, -103 version"; "delete "/", "/zookeeper",
// "/zookeeper/quota" -> -8".
func conformCodes(t *testing.T, s *subject) {
	c := s.connect(t, 0)
	root := s.root(t, c)
	c.Must(wire.OpCreate, wiretest.Create(root+"/a", "x", 0))
	c.Must(wire.OpCreate, wiretest.Create(root+"/a/b", "x", 0))
	c.Must(wire.OpCreate, wiretest.Create(root+"/e", "x", wire.FlagEphemeral))
	acl := func(list ...wire.ACL) *wire.CreateRequest { return &wire.CreateRequest{Path: root + "/acl", ACL: list} }
	path := func(p string) *wire.PathWatchRequest { return wiretest.Read(p) }
	for _, x := range []struct {
		op   wire.Op
		req  wire.Record
		want wire.Code
	}{
		{wire.OpCreate, wiretest.Create(root+"/none/x", "", 0), wire.CodeNoNode},
		{wire.OpCreate, wiretest.Create(root+"/a", "", 0), wire.CodeNodeExists},
		{wire.OpCreate, wiretest.Create("/", "", 0), wire.CodeNodeExists},
		{wire.OpCreate, wiretest.Create(root+"/flags", "", 99), wire.CodeBadArguments},
		{wire.OpCreate, wiretest.Create("noslash", "", 0), wire.CodeBadArguments},
		{wire.OpCreate, wiretest.Create(root+"/none/", "", 0), wire.CodeNoNode},
		{wire.OpCreate, wiretest.Create(root+"/none/../x", "", 0), wire.CodeNoNode},
		{wire.OpCreate, wiretest.Create(root+"/x\x01y", "", 0), wire.CodeBadArguments},
		{wire.OpCreate, wiretest.Create(root+"/e/x", "", 0), wire.CodeNoChildrenForEphemerals},
		{wire.OpCreate, acl(), wire.CodeInvalidACL},
		{wire.OpCreate, acl(wire.ACL{Perms: wire.PermAll, Scheme: "nosuch", ID: "x"}), wire.CodeInvalidACL},
		{wire.OpCreate, acl(wire.ACL{Perms: wire.PermAll, Scheme: "auth"}), wire.CodeInvalidACL},
		{wire.OpDelete, &wire.DeleteRequest{Path: root + "/a", Version: -1}, wire.CodeNotEmpty},
		{wire.OpDelete, &wire.DeleteRequest{Path: root + "/a/b", Version: 5}, wire.CodeBadVersion},
		{wire.OpDelete, &wire.DeleteRequest{Path: root + "/none", Version: -1}, wire.CodeNoNode},
		{wire.OpDelete, &wire.DeleteRequest{Path: "/", Version: -1}, wire.CodeBadArguments},
		{wire.OpDelete, &wire.DeleteRequest{Path: "/zookeeper", Version: -1}, wire.CodeBadArguments},
		{wire.OpDelete, &wire.DeleteRequest{Path: "/zookeeper/quota", Version: -1}, wire.CodeBadArguments},
		{wire.OpSetData, &wire.SetDataRequest{Path: root + "/none", Version: -1}, wire.CodeNoNode},
		{wire.OpSetData, &wire.SetDataRequest{Path: root + "/a", Version: 9}, wire.CodeBadVersion},
		{wire.OpGetData, path(root + "/none"), wire.CodeNoNode},
		{wire.OpExists, path(root + "/none"), wire.CodeNoNode},
		{wire.OpGetChildren, path(root + "/none"), wire.CodeNoNode},
		{wire.OpGetChildren2, path(root + "/none"), wire.CodeNoNode},
		{wire.OpExists, path(root + "/a/b"), wire.CodeOK},
	} {
		if r := c.Call(x.op, x.req); r.Err != x.want {
			t.Errorf("%v %+v: %v, want %v", x.op, x.req, r.Err, x.want)
		} else if x.want != wire.CodeOK && len(r.Body) != 0 {
			t.Errorf("%v %+v: a failure with a body of %d bytes", x.op, x.req, len(r.Body))
		}
	}
	names := children(t, c, "/zookeeper")
	equal(t, "below /zookeeper", names, "[config quota]")
}

// children returns the names below path, in order.
func children(t *testing.T, c *wiretest.Client, path string) string {
	t.Helper()
	var r wire.GetChildrenResponse
	d := wire.NewDecoder(c.Must(wire.OpGetChildren, wiretest.Read(path)).Body)
	if r.Decode(&d); d.Err() != nil {
		t.Fatal(d.Err())
	}
	have := map[string]bool{}
	for _, name := range r.Children {
		have[name] = true
	}
	return strings.TrimPrefix(strings.ReplaceAll(fmt.Sprint(have), ":true", ""), "map") // maps are printed in order
}

// conformSequence: "sequence suffix = %010d of parent's count of creates, not of children;
// survives deletes (0,1,2, delete 0, next 3)".
func conformSequence(t *testing.T, s *subject) {
	c := s.connect(t, 1)
	root := s.root(t, c)
	next := func(flags int32, want string) {
		t.Helper()
		var r wire.CreateResponse
		d := wire.NewDecoder(c.Must(wire.OpCreate, wiretest.Create(root+"/s-", "", flags)).Body)
		r.Decode(&d)
		equal(t, "name", r.Path, root+"/s-"+want)
	}
	next(wire.FlagSequential, "0000000000")
	next(wire.FlagSequential|wire.FlagEphemeral, "0000000001")
	next(wire.FlagSequential, "0000000002")
	c.Must(wire.OpDelete, &wire.DeleteRequest{Path: root + "/s-0000000000", Version: 0})
	next(wire.FlagSequential, "0000000003")
	c.Must(wire.OpCreate, wiretest.Create(root+"/plain", "", 0))
	next(wire.FlagSequential, "0000000005")
	// A bare slash takes the number as the whole name.
	var r wire.CreateResponse
	d := wire.NewDecoder(c.Must(wire.OpCreate, wiretest.Create(root+"/", "", wire.FlagSequential)).Body)
	r.Decode(&d)
	equal(t, "name", r.Path, root+"/0000000006")
}

// conformStat: "Stat.cversion = 2*creates - numChildren, child setData does not touch the
// parent; pzxid bumps on create AND delete"; "every write that reaches the log takes a
// zxid, failed ones too".
func conformStat(t *testing.T, s *subject) {
	c := s.connect(t, 2)
	root := s.root(t, c)
	stat := func(path string) wire.Stat {
		t.Helper()
		var st wire.Stat
		d := wire.NewDecoder(c.Must(wire.OpExists, wiretest.Read(path)).Body)
		if st.Decode(&d); d.Err() != nil {
			t.Fatal(d.Err())
		}
		return st
	}
	var made wire.CreateResponse
	made.Stat = new(wire.Stat)
	r := c.Must(wire.OpCreate2, wiretest.Create(root+"/a", "12345", 0))
	d := wire.NewDecoder(r.Body)
	made.Decode(&d)
	st := stat(root + "/a")
	equal(t, "the Stat of create2", *made.Stat, st)
	if st.Czxid != r.Zxid || st.Mzxid != r.Zxid || st.Pzxid != r.Zxid || st.Ctime != st.Mtime || st.Version != 0 || st.Cversion != 0 ||
		st.Aversion != 0 || st.EphemeralOwner != 0 || st.DataLength != 5 || st.NumChildren != 0 {
		t.Errorf("new znode with zxid 0x%x: %+v", r.Zxid, st)
	}
	c1 := c.Must(wire.OpCreate, wiretest.Create(root+"/a/1", "", 0))
	c2 := c.Must(wire.OpCreate, wiretest.Create(root+"/a/2", "", wire.FlagEphemeral))
	if c2.Zxid != c1.Zxid+1 {
		t.Errorf("writes in a row have the zxids 0x%x and 0x%x", c1.Zxid, c2.Zxid)
	}
	equal(t, "owner", stat(root+"/a/2").EphemeralOwner, c.Resp.SessionID)
	st = stat(root + "/a")
	equal(t, "after two creations", []any{st.Cversion, st.NumChildren, st.Pzxid, st.Mzxid}, []any{2, 2, c2.Zxid, r.Zxid})
	c.Must(wire.OpSetData, &wire.SetDataRequest{Path: root + "/a/1", Data: []byte("x"), Version: 0})
	equal(t, "after a child was set", stat(root+"/a"), st)
	gone := c.Must(wire.OpDelete, &wire.DeleteRequest{Path: root + "/a/1", Version: 1})
	st = stat(root + "/a")
	equal(t, "after a deletion", []any{st.Cversion, st.NumChildren, st.Pzxid}, []any{3, 1, gone.Zxid})
	failed := c.Call(wire.OpSetData, &wire.SetDataRequest{Path: root + "/a", Version: 7})
	set := c.Must(wire.OpSetData, &wire.SetDataRequest{Path: root + "/a", Data: []byte("1"), Version: 0})
	if failed.Zxid != gone.Zxid+1 || set.Zxid != failed.Zxid+1 {
		t.Errorf("zxids 0x%x, 0x%x of a failed write, 0x%x", gone.Zxid, failed.Zxid, set.Zxid)
	}
	st = stat(root + "/a")
	equal(t, "after being set", []any{st.Version, st.Mzxid, st.Czxid, st.Pzxid, st.DataLength}, []any{1, set.Zxid, r.Zxid, gone.Zxid, 1})
}

// conformNull: "null data legal (length -1) and kept as null".
func conformNull(t *testing.T, s *subject) {
	c := s.connect(t, 0)
	root := s.root(t, c)
	c.Must(wire.OpCreate, &wire.CreateRequest{Path: root + "/null", ACL: wire.WorldACL()})
	c.Must(wire.OpCreate, wiretest.Create(root+"/empty", "", 0))
	for path, want := range map[string]string{root + "/null": "ffffffff", root + "/empty": "00000000"} {
		r := c.Must(wire.OpGetData, wiretest.Read(path))
		equal(t, path, hex.EncodeToString(r.Body[:4]), want)
	}
}

// conformSync: "returns path, barrier through the log".
func conformSync(t *testing.T, s *subject) {
	a, b := s.connect(t, 0), s.connect(t, 1)
	root := s.root(t, a)
	for k := range 30 {
		a.Must(wire.OpSetData, &wire.SetDataRequest{Path: root, Data: []byte{byte(k)}, Version: -1})
		r := b.Must(wire.OpSync, &wire.PathRequest{Path: root})
		equal(t, "sync", hex.EncodeToString(r.Body), hex.EncodeToString(wire.AppendString(nil, root)))
		if got, _ := wiretest.Data(t, b.Must(wire.OpGetData, wiretest.Read(root))); got != string([]byte{byte(k)}) {
			t.Fatalf("after sync: %q, want %q", got, []byte{byte(k)})
		}
	}
}

// conformMulti: "multi failure: header err 0; results type -1: 0 for ops before, the code
// at the failing op, -2 after; success: per-op header err 0, done marker (-1,true,-1)";
// "empty multi ok".
func conformMulti(t *testing.T, s *subject) {
	c := s.connect(t, 0)
	root := s.root(t, c)
	create := func(p string) wire.MultiOp {
		return wire.MultiOp{Op: wire.OpCreate, Create: *wiretest.Create(root+p, "", 0)}
	}
	multi := func(all ...wire.MultiOp) string {
		t.Helper()
		return hex.EncodeToString(c.Must(wire.OpMulti, &wire.MultiRequest{Ops: all}).Body)
	}
	const done = "ffffffff01ffffffff"
	equal(t, "an empty multi", multi(), done)
	equal(t, "a failed multi", multi(create("/m"), wire.MultiOp{Op: wire.OpCheck, Path: root + "/none", Version: -1}, wire.MultiOp{Op: wire.OpDelete, Path: root + "/m", Version: -1}),
		"ffffffff0000000000"+"00000000"+"ffffffff00ffffff9b"+"ffffff9b"+"ffffffff00fffffffe"+"fffffffe"+done)
	equal(t, "what a failed multi made", code(c.Call(wire.OpExists, wiretest.Read(root+"/m"))), wire.CodeNoNode)
	ok := multi(create("/m"), wire.MultiOp{Op: wire.OpSetData, Path: root + "/m", Data: []byte("x"), Version: 0},
		wire.MultiOp{Op: wire.OpCheck, Path: root + "/m", Version: 1}, wire.MultiOp{Op: wire.OpDelete, Path: root + "/m", Version: 1})
	path := hex.EncodeToString(wire.AppendString(nil, root+"/m"))
	stat := len(ok) - len("000000010000000000"+path+"000000050000000000"+"0000000d0000000000"+"000000020000000000"+done)
	equal(t, "digits of the Stat in a multi", stat, 2*wire.StatLen)
	if !strings.HasPrefix(ok, "000000010000000000"+path+"000000050000000000") || !strings.HasSuffix(ok, "0000000d0000000000"+"000000020000000000"+done) {
		t.Errorf("a multi: %s", ok)
	}
	// All of it has one zxid, and one after the other sees what was before it.
	multi(create("/x"), create("/x/y"))
	_, x := wiretest.Data(t, c.Must(wire.OpGetData, wiretest.Read(root+"/x")))
	_, y := wiretest.Data(t, c.Must(wire.OpGetData, wiretest.Read(root+"/x/y")))
	if x.Czxid != y.Czxid || x.Pzxid != y.Czxid {
		t.Errorf("made in one multi: %+v and %+v", x, y)
	}
}
