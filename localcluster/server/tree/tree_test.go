package tree_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/zooctl/zooctl/localcluster/server/tree"
	"github.com/zooctl/zooctl/ops/wire"
)

// driver applies transactions of a few sessions, each with its connection.
type driver struct {
	t    *testing.T
	tree *tree.Tree
	seq  map[int64]uint32
	now  int64
	term uint64
	res  tree.Result
}

func drive(t *testing.T, sessions ...int64) *driver {
	d := &driver{t: t, tree: tree.New(), seq: make(map[int64]uint32), term: 1}
	for _, id := range sessions {
		rec := wire.SessionRecord{ID: id, Timeout: 4000, Password: [16]byte{byte(id)}}
		if r := d.apply(&tree.Txn{Session: id, Conn: uint64(id) * 10, Op: wire.OpCreateSession, Body: rec.Append(nil)}); r.Code != wire.CodeOK {
			t.Fatalf("session %d: %v", id, r.Code)
		}
	}
	return d
}

func (d *driver) apply(txn *tree.Txn) *tree.Result {
	d.now++
	txn.Time, txn.Term = d.now, d.term
	d.tree.Apply(txn, &d.res)
	return &d.res
}

// do applies a write of session 1.
func (d *driver) do(op wire.Op, r wire.Record) *tree.Result { return d.by(1, op, r) }

func (d *driver) by(session int64, op wire.Op, r wire.Record) *tree.Result {
	d.seq[session]++
	var body []byte
	if r != nil {
		body = r.Append(nil)
	}
	return d.apply(&tree.Txn{Session: session, Conn: uint64(session) * 10, Seq: d.seq[session], Op: op, Body: body})
}

func create(path string, flags int32) *wire.CreateRequest {
	return &wire.CreateRequest{Path: path, Data: []byte("d"), ACL: wire.WorldACL(), Flags: flags}
}

// TestErrorsAsTheRealServer quotes what a real server answered.
func TestErrorsAsTheRealServer(t *testing.T) {
	d := drive(t, 1)
	d.do(wire.OpCreate, create("/a", 0))
	d.do(wire.OpCreate, create("/a/b", 0))
	d.do(wire.OpCreate, create("/e", wire.FlagEphemeral))
	acl := func(scheme, id string) *wire.CreateRequest {
		return &wire.CreateRequest{Path: "/acl", ACL: []wire.ACL{{Perms: 31, Scheme: scheme, ID: id}}}
	}
	for _, c := range []struct {
		op   wire.Op
		req  wire.Record
		want wire.Code
	}{
		{wire.OpCreate, create("/no/parent", 0), -101},
		{wire.OpCreate, create("/a", 0), -110},
		{wire.OpCreate, create("/", 0), -110},
		{wire.OpCreate, create("/x", 99), -8},
		{wire.OpCreate, create("/x", -1), -8},
		{wire.OpCreate, create("noslash", 0), -8},
		{wire.OpCreate, create("", 0), -8},
		{wire.OpCreate, create("/bad/", 0), -101},
		{wire.OpCreate, create("/a/../b", 0), -101},
		{wire.OpCreate, create("/a/..", 0), -8},
		{wire.OpCreate, create("/a/.", 0), -8},
		{wire.OpCreate, create("/a//b", 0), -101},
		{wire.OpCreate, create("/a/", 0), -8},
		{wire.OpCreate, create("/c\x01", 0), -8},
		{wire.OpCreate, create("/c\x00", 0), -8},
		{wire.OpCreate, create("/c\xff", 0), -8},
		{wire.OpCreate, create("/\U0001F600", 0), -8},
		{wire.OpCreate, &wire.CreateRequest{Path: "/acl"}, -114},
		{wire.OpCreate, acl("nonsense", "x"), -114},
		{wire.OpCreate, acl("auth", ""), -114},
		{wire.OpCreate, acl("world", "someone"), -114},
		{wire.OpCreate, acl("ip", "127.0.0"), -114},
		{wire.OpCreate, create("/e/child", 0), -108},
		{wire.OpDelete, &wire.DeleteRequest{Path: "/a", Version: -1}, -111},
		{wire.OpDelete, &wire.DeleteRequest{Path: "/a", Version: 7}, -103},
		{wire.OpDelete, &wire.DeleteRequest{Path: "/none", Version: -1}, -101},
		{wire.OpDelete, &wire.DeleteRequest{Path: "/", Version: -1}, -8},
		{wire.OpDelete, &wire.DeleteRequest{Path: "/zookeeper", Version: -1}, -8},
		{wire.OpDelete, &wire.DeleteRequest{Path: "/zookeeper/quota", Version: -1}, -8},
		{wire.OpSetData, &wire.SetDataRequest{Path: "/none", Version: -1}, -101},
		{wire.OpSetData, &wire.SetDataRequest{Path: "/a", Version: 3}, -103},
		{wire.OpSetData, &wire.SetDataRequest{Path: "/a/", Version: 3}, -8},
		{wire.OpSetData, raw("\x7f\xff\xff\xff"), -5},
		{wire.OpCreate, acl("digest", "bob:hash"), 0},
	} {
		before := d.tree.LastZxid()
		if r := d.do(c.op, c.req); r.Code != c.want || r.Zxid != before+1 {
			t.Errorf("%v %+v: %v with zxid %d; want %v with the next one, %d", c.op, c.req, r.Code, r.Zxid, c.want, before+1)
		}
	}
}

type raw string

func (r raw) Append(b []byte) []byte { return append(b, r...) }

// TestSequentialNames: "sequence suffix = %010d of parent's count of creates, not
// of children; survives deletes (0,1,2, delete 0, next 3)"; and "cversion +1 per
// create and per delete; child setData does not touch the parent; pzxid bumps on
// create AND delete".
func TestSequentialNames(t *testing.T) {
	d := drive(t, 1)
	d.do(wire.OpCreate, create("/a", 0))
	for i := range 3 {
		if r := d.do(wire.OpCreate2, create("/a/s-", wire.FlagSequential)); r.Path != fmt.Sprintf("/a/s-%010d", i) || r.Stat.Czxid != r.Zxid {
			t.Errorf("%+v", r)
		}
	}
	check := func(cversion int32, pzxid int64) {
		t.Helper()
		if s := d.tree.Node("/a").Stat(); s.Cversion != cversion || s.Pzxid != pzxid {
			t.Errorf("cversion %d pzxid %d, want %d %d", s.Cversion, s.Pzxid, cversion, pzxid)
		}
	}
	check(3, d.tree.LastZxid())
	r := d.do(wire.OpDelete, &wire.DeleteRequest{Path: "/a/s-0000000000", Version: 0})
	check(4, r.Zxid)
	r = d.do(wire.OpCreate, create("/a/s-", wire.FlagSequential))
	if r.Path != "/a/s-0000000003" {
		t.Errorf("after a deletion: %s", r.Path)
	}
	check(5, r.Zxid)
	z := r.Zxid
	d.do(wire.OpSetData, &wire.SetDataRequest{Path: r.Path, Data: []byte("x"), Version: 0})
	check(5, z)
	if r := d.do(wire.OpCreate, create("/a/", wire.FlagSequential)); r.Path != "/a/0000000004" {
		t.Errorf("a name of digits alone: %s %v", r.Path, r.Code)
	}
}

func TestNullDataIsKept(t *testing.T) {
	d := drive(t, 1)
	d.do(wire.OpCreate, &wire.CreateRequest{Path: "/null", ACL: wire.WorldACL()})
	d.do(wire.OpCreate, &wire.CreateRequest{Path: "/empty", Data: []byte{}, ACL: wire.WorldACL()})
	if n, e := d.tree.Node("/null").Data(), d.tree.Node("/empty").Data(); n != nil || e == nil {
		t.Errorf("null is %v, empty is %v", n, e)
	}
}

// TestMulti: "failure: header err 0; 0 for ops before, the code at the failing
// op, -2 after".
func TestMulti(t *testing.T) {
	d := drive(t, 1)
	d.do(wire.OpCreate, create("/a", 0))
	before := image(t, d.tree)
	r := d.do(wire.OpMulti, &wire.MultiRequest{Ops: []wire.MultiOp{
		{Op: wire.OpCreate, Create: *create("/b", 0)},
		{Op: wire.OpCreate, Create: *create("/b/c-", wire.FlagSequential)},
		{Op: wire.OpSetData, Path: "/a", Data: []byte("changed"), Version: 0},
		{Op: wire.OpDelete, Path: "/b/c-0000000000", Version: -1},
		{Op: wire.OpDelete, Path: "/a", Version: -1},
		{Op: wire.OpCheck, Path: "/b", Version: 9},
		{Op: wire.OpDelete, Path: "/none", Version: -1},
	}})
	var codes []wire.Code
	for _, m := range r.Multi {
		if m.Op != wire.OpError {
			t.Errorf("result of type %v", m.Op)
		}
		codes = append(codes, m.Err)
	}
	if want := []wire.Code{0, 0, 0, 0, 0, -103, -2}; r.Code != 0 || !slices.Equal(codes, want) || len(r.Changes) > 0 {
		t.Errorf("%v %v, changes %v; want %v", r.Code, codes, r.Changes, want)
	}
	znodes := func(image string) string { return image[:strings.Index(image, "{ID:")] } // the session has counted one more write
	if after := image(t, d.tree); znodes(after) != znodes(before) {
		t.Errorf("a failed multi left its marks:\n%s\nwas\n%s", after, before)
	}
	r = d.do(wire.OpMulti, &wire.MultiRequest{Ops: []wire.MultiOp{
		{Op: wire.OpCreate2, Create: *create("/b", 0)}, {Op: wire.OpCheck, Path: "/b", Version: 0}, {Op: wire.OpSetData, Path: "/b", Version: 0},
	}})
	if r.Code != 0 || len(r.Multi) != 3 || r.Multi[0].Path != "/b" || r.Multi[0].Stat.Czxid != r.Zxid || r.Multi[2].Stat.Mzxid != r.Zxid || len(r.Changes) != 2 {
		t.Errorf("%+v", r)
	}
	if r := d.do(wire.OpMulti, &wire.MultiRequest{}); r.Code != 0 || len(r.Multi) != 0 {
		t.Errorf("an empty multi: %+v", r)
	}
	if r := d.do(wire.OpMulti, raw("\x00\x00\x00\x63\x00\xff\xff\xff\xff")); r.Code != wire.CodeMarshallingError {
		t.Errorf("a multi of an unknown operation: %v", r.Code)
	}
}

func TestSessions(t *testing.T) {
	d := drive(t, 1, 2)
	d.do(wire.OpCreate, create("/p", 0))
	d.by(2, wire.OpCreate, create("/p/z", wire.FlagEphemeral))
	d.by(2, wire.OpCreate, create("/p/a", wire.FlagEphemeral))
	if got := d.tree.Node("/p/a").Stat().EphemeralOwner; got != 2 || d.tree.EphemeralCount() != 2 {
		t.Errorf("owner %d", got)
	}
	zxid := d.tree.LastZxid()
	for name, txn := range map[string]*tree.Txn{
		"another connection": {Session: 1, Conn: 99, Seq: d.seq[1] + 1, Op: wire.OpSync},
		"a gap":              {Session: 1, Conn: 10, Seq: d.seq[1] + 2, Op: wire.OpSync},
		"a late copy":        {Session: 1, Conn: 10, Seq: d.seq[1], Op: wire.OpSync},
	} {
		if r := d.apply(txn); r.Code != wire.CodeSessionMoved || r.Zxid != zxid {
			t.Errorf("%s: %v", name, r.Code)
		}
	}
	if r := d.apply(&tree.Txn{Session: 2, Conn: 77, Op: wire.OpAttach, Body: make([]byte, 16)}); r.Code != wire.CodeSessionExpired {
		t.Errorf("a bad password: %v", r.Code)
	}
	if r := d.apply(&tree.Txn{Session: 2, Conn: 77, Op: wire.OpAttach, Body: append([]byte{2}, make([]byte, 15)...)}); r.Code != 0 || r.Moved != 20 || r.Zxid != zxid {
		t.Errorf("a move: %+v", r)
	}
	if r := d.apply(&tree.Txn{Session: 2, Op: wire.OpCloseSession, Body: binary.BigEndian.AppendUint64(nil, 20)}); r.Code != wire.CodeSessionMoved || r.Closed != 0 {
		t.Errorf("the end of a session that has moved on: %+v", r)
	}
	r := d.apply(&tree.Txn{Session: 2, Op: wire.OpCloseSession, Body: binary.BigEndian.AppendUint64(nil, 77)})
	if r.Closed != 2 || changes(r) != "[2 /p/a 2 /p/z]" || d.tree.EphemeralCount() != 0 {
		t.Errorf("the end of a session: %+v", r)
	}
	if r := d.by(2, wire.OpSync, &wire.PathRequest{Path: "/"}); r.Code != wire.CodeSessionExpired {
		t.Errorf("a write of an expired session: %v", r.Code)
	}
}

// changes are those of a transaction in words.
func changes(r *tree.Result) string {
	var all []string
	for _, c := range r.Changes {
		all = append(all, fmt.Sprintf("%d %s", c.Type, c.Path))
	}
	return fmt.Sprint(all)
}

func TestZxid(t *testing.T) {
	d := drive(t, 1)
	if r := d.do(wire.OpCreate, create("/a", 0)); r.Zxid != 1<<32|2 {
		t.Errorf("zxid 0x%x", r.Zxid)
	}
	d.term = 7
	if r := d.do(wire.OpCreate, create("/b", 0)); r.Zxid != 7<<32|1 {
		t.Errorf("zxid 0x%x in a new term", r.Zxid)
	}
}

// image is a tree in words, the same for equal trees.
func image(t *testing.T, tr *tree.Tree) string {
	t.Helper()
	var b strings.Builder
	var walk func(string)
	walk = func(p string) {
		n := tr.Node(p)
		fmt.Fprintf(&b, "%s %q %+v %v\n", p, n.Data(), n.Stat(), tr.ACL(n))
		for _, name := range slices.Sorted(n.Children()) {
			walk(strings.TrimSuffix(p, "/") + "/" + name)
		}
	}
	walk("/")
	ids := map[int64]tree.Session{}
	for s := range tr.Sessions() {
		ids[s.ID] = s
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		fmt.Fprintf(&b, "%+v\n", ids[id])
	}
	fmt.Fprintf(&b, "%d znodes, %d bytes, %d ephemerals\n", tr.NodeCount(), tr.DataSize(), tr.EphemeralCount())
	return b.String()
}

// script makes random transactions, about half of which succeed.
func script(seed uint64, n int) []tree.Txn {
	rnd := rand.New(rand.NewPCG(seed, 0))
	path := func() string {
		p := ""
		for range 1 + rnd.IntN(3) {
			p += "/" + string(rune('a'+rnd.IntN(4)))
		}
		return p
	}
	lists := [][]wire.ACL{wire.WorldACL(), {{Perms: 31, Scheme: "digest", ID: "u0:h"}, {Perms: 1, Scheme: "world", ID: "anyone"}}, {{Perms: 31, Scheme: "auth"}}, {{Perms: 31, Scheme: "ip", ID: "127.0.0.0/8"}}}
	seqs := map[int64]uint32{}
	var txns []tree.Txn
	for id := int64(1); id <= 3; id++ {
		rec := wire.SessionRecord{ID: id}
		txns = append(txns, tree.Txn{Session: id, Conn: uint64(id), Op: wire.OpCreateSession, Body: rec.Append(nil)})
	}
	one := func() wire.MultiOp {
		switch rnd.IntN(7) {
		case 0, 1:
			r := create(path(), int32(rnd.IntN(4)))
			if rnd.IntN(3) == 0 {
				r.ACL = lists[rnd.IntN(len(lists))]
			}
			return wire.MultiOp{Op: wire.OpCreate, Create: *r}
		case 5:
			return wire.MultiOp{Op: wire.OpCreateTTL, Create: *create(path(), wire.FlagTTL), TTL: 5}
		case 6:
			name := []string{"", "/zookeeper_limits", "/zookeeper_stats"}[rnd.IntN(3)]
			return wire.MultiOp{Op: wire.OpCreateContainer, Create: *create("/zookeeper/quota/"+string(rune('a'+rnd.IntN(2)))+name, 0)}
		case 2:
			return wire.MultiOp{Op: wire.OpDelete, Path: path(), Version: int32(rnd.IntN(3)) - 1}
		case 3:
			return wire.MultiOp{Op: wire.OpCheck, Path: path(), Version: -1}
		}
		return wire.MultiOp{Op: wire.OpSetData, Path: path(), Data: []byte(path()), Version: int32(rnd.IntN(3)) - 1}
	}
	for range n {
		id := 1 + rnd.Int64N(3)
		seqs[id]++
		txn := tree.Txn{Session: id, Conn: uint64(id), Seq: seqs[id], Term: 1, Time: rnd.Int64N(1000), Op: wire.OpMulti}
		m := wire.MultiRequest{Ops: []wire.MultiOp{one()}}
		for rnd.IntN(2) == 0 {
			m.Ops = append(m.Ops, one())
		}
		txn.Body = m.Append(nil)
		txn.Who = who("ip", "127.0.0.1", "digest", fmt.Sprintf("u%d:h", rnd.IntN(2)))
		if rnd.IntN(8) == 0 {
			acl := wire.SetACLRequest{Path: path(), ACL: lists[rnd.IntN(len(lists))], Version: -1}
			txn.Op, txn.Body = wire.OpSetACL, acl.Append(nil)
		}
		txns = append(txns, txn)
	}
	return txns
}

// TestSameInputSameOutput applies one script to two trees, takes snapshots on the
// way while more is being applied, and finds each to be the tree of its moment.
func TestSameInputSameOutput(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	a, b := tree.New(), tree.New()
	var ra, rb tree.Result
	txns := script(seed, 3000)
	next := 0
	step := func(n int) {
		for ; n > 0 && next < len(txns); n-- {
			x, y := txns[next], txns[next]
			a.Apply(&x, &ra)
			b.Apply(&y, &rb)
			if fmt.Sprint(ra) != fmt.Sprint(rb) {
				t.Fatalf("transaction %d: %+v and %+v", next, ra, rb)
			}
			if err := a.Sound(); err != nil {
				t.Fatalf("transaction %d: %+v: %v", next, txns[next], err)
			}
			next++
		}
	}
	for next < len(txns) {
		step(rnd.IntN(100))
		want := image(t, a)
		first := a.Snapshot()
		step(rnd.IntN(30))
		later := image(t, a)
		second := a.Snapshot() // two at once
		var one, two bytes.Buffer
		// The walk yields every few hundred znodes; a step before it starts does the same.
		step(rnd.IntN(30))
		if err := first.WriteTo(&one, func() { step(5) }); err != nil {
			t.Fatal(err)
		}
		if err := second.WriteTo(&two, func() { step(5) }); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			b    *bytes.Buffer
			want string
		}{{&one, want}, {&two, later}} {
			got, err := tree.Load(c.b)
			if err != nil {
				t.Fatal(err)
			}
			if img := image(t, got); img != c.want {
				t.Fatalf("snapshot:\n%s\nwant:\n%s", img, c.want)
			}
		}
	}
	if image(t, a) != image(t, b) {
		t.Error("the trees differ")
	}
}

// TestSnapshotYieldsByBytes: a few large znodes take as long as many small ones, and
// nobody may wait for all of them. A leader that did lost its office.
func TestSnapshotYieldsByBytes(t *testing.T) {
	d := drive(t, 1)
	for i := range 100 {
		c := create(fmt.Sprintf("/n%d", i), 0)
		c.Data = make([]byte, 100_000)
		d.do(wire.OpCreate, c)
	}
	yields, most, before := 0, 0, 0
	var b bytes.Buffer
	err := d.tree.Snapshot().WriteTo(&b, func() {
		yields++
		most, before = max(most, b.Len()-before), b.Len()
	})
	if err != nil || yields == 0 || most > 1<<20 {
		t.Errorf("%d yields, %d bytes between two of them, %v", yields, most, err)
	}
}

// TestSnapshotYields applies while a large tree is walked.
func TestSnapshotYields(t *testing.T) {
	d := drive(t, 1)
	for i := range 3000 {
		d.do(wire.OpCreate, create(fmt.Sprintf("/n%d", i), 0))
	}
	want := image(t, d.tree)
	yields := 0
	var b bytes.Buffer
	err := d.tree.Snapshot().WriteTo(&b, func() {
		yields++
		d.do(wire.OpSetData, &wire.SetDataRequest{Path: fmt.Sprintf("/n%d", yields), Version: -1})
		d.do(wire.OpDelete, &wire.DeleteRequest{Path: fmt.Sprintf("/n%d", 2000+yields), Version: -1})
		d.do(wire.OpCreate, create(fmt.Sprintf("/new%d", yields), 0))
	})
	if err != nil || yields == 0 {
		t.Fatal(yields, err)
	}
	got, err := tree.Load(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if image(t, got) != want {
		t.Error("the snapshot is not the tree of its moment")
	}
	for _, at := range []int{0, 20, b.Len() / 2, b.Len() - 1} {
		bad := bytes.Clone(b.Bytes())
		bad[at] ^= 0x40
		if _, err := tree.Load(bytes.NewReader(bad)); err == nil {
			t.Errorf("a flipped bit at %d was not found", at)
		}
		if _, err := tree.Load(bytes.NewReader(b.Bytes()[:at])); err == nil {
			t.Errorf("a snapshot cut at %d was not found", at)
		}
	}
}

func FuzzLoad(f *testing.F) {
	var b bytes.Buffer
	if err := tree.New().Snapshot().WriteTo(&b, func() {}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, in []byte) {
		if tr, err := tree.Load(bytes.NewReader(in)); err == nil {
			image(t, tr)
			if err := tr.Sound(); err != nil {
				t.Error(err)
			}
		}
	})
}

// FuzzApply feeds garbage bodies; the tree must stay whole.
func FuzzApply(f *testing.F) {
	f.Add(int32(1), create("/a", 3).Append(nil))
	m := wire.MultiRequest{Ops: []wire.MultiOp{{Op: wire.OpCreate, Create: *create("/a", 0)}, {Op: wire.OpDelete, Path: "/b", Version: -1}}}
	f.Add(int32(14), m.Append(nil))
	f.Fuzz(func(t *testing.T, op int32, body []byte) {
		d := drive(t, 1)
		d.do(wire.Op(op), raw(body))
		img := image(t, d.tree)
		sound(t, d)
		var b bytes.Buffer
		if err := d.tree.Snapshot().WriteTo(&b, func() {}); err != nil {
			t.Fatal(err)
		}
		again, err := tree.Load(&b)
		if err != nil {
			t.Fatal(err)
		}
		if image(t, again) != img {
			t.Error("the snapshot differs from the tree")
		}
	})
}

func BenchmarkCreate(b *testing.B) {
	b.ReportAllocs()
	t := tree.New()
	var res tree.Result
	rec := wire.SessionRecord{ID: 1}
	t.Apply(&tree.Txn{Session: 1, Conn: 1, Op: wire.OpCreateSession, Body: rec.Append(nil)}, &res)
	body := create("/n-", wire.FlagSequential).Append(nil)
	for i := range b.N {
		t.Apply(&tree.Txn{Session: 1, Conn: 1, Seq: uint32(i + 1), Op: wire.OpCreate, Body: body}, &res)
		if res.Code != 0 {
			b.Fatal(res.Code)
		}
	}
}

func BenchmarkSetData(b *testing.B) {
	b.ReportAllocs()
	t := tree.New()
	var res tree.Result
	rec := wire.SessionRecord{ID: 1}
	t.Apply(&tree.Txn{Session: 1, Conn: 1, Op: wire.OpCreateSession, Body: rec.Append(nil)}, &res)
	body := (&wire.SetDataRequest{Path: "/zookeeper", Data: make([]byte, 100), Version: -1}).Append(nil)
	for i := range b.N {
		t.Apply(&tree.Txn{Session: 1, Conn: 1, Seq: uint32(i + 1), Op: wire.OpSetData, Body: body}, &res)
	}
}
