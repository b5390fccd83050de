package tree_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/zooctl/zooctl/localcluster/server/tree"
	"github.com/zooctl/zooctl/ops/wire"
)

// TestPendingReconfigInSnapshot: what is under way when a snapshot is taken goes on where
// the snapshot is loaded, and shows the same there.
func TestPendingReconfigInSnapshot(t *testing.T) {
	first := []tree.Member{{ID: 1, Addr: "h:1", Election: "h:2", Client: "h:3"}, {ID: 2, Addr: "i:1", Client: "i:3"}}
	a := tree.New()
	a.SetMembers(first)
	if got := string(a.Node(tree.ConfigPath).Data()); got != "server.1=h:1:2:participant;h:3\nserver.2=i:1:3:participant;i:3\nversion=0" {
		t.Errorf("at the start: %q", got)
	}
	var res tree.Result
	rec := wire.SessionRecord{ID: 7, Timeout: 1000}
	a.Apply(&tree.Txn{Term: 2, Session: 7, Conn: 70, Op: wire.OpCreateSession, Body: rec.Append(nil)}, &res)
	who := wire.Identities{{Scheme: "super"}}.Append(nil)
	req := wire.ReconfigRequest{Joining: "server.3=[::1]:1:2:observer;4;j:5", Config: -1}
	body := req.Append(tree.ReconfigRules{Enabled: true}.Append(nil))
	a.Apply(&tree.Txn{Term: 2, Time: 99, Session: 7, Conn: 70, Seq: 1, Op: wire.OpReconfig, Who: who, Body: body}, &res)
	if !res.Pending || res.Code != wire.CodeOK {
		t.Fatalf("the request: %+v", res)
	}
	var file bytes.Buffer
	if err := a.Snapshot().WriteTo(&file, func() {}); err != nil {
		t.Fatal(err)
	}
	b, err := tree.Load(&file)
	if err != nil {
		t.Fatal(err)
	}
	want, id := a.Target()
	for _, x := range []*tree.Tree{a, b} {
		got, again := x.Target()
		if !slices.Equal(got, want) || again != id || len(got) != 3 {
			t.Errorf("target %v by %x", got, again)
		}
		if conn := x.MembersAre(3, first, &res); conn != 0 || len(res.Changes) != 0 {
			t.Errorf("other members ended it: %+v", res)
		}
		if conn := x.MembersAre(3, want, &res); conn != 70 {
			t.Errorf("it ended for connection %d", conn)
		}
		const all = "server.1=h:1:2:participant;h:3\nserver.2=i:1:3:participant;i:3\nserver.3=[::1]:1:2:observer;0.0.0.0:4;j:5\nversion=300000001"
		if string(res.Data) != all || res.Stat.Mtime != 99 || res.Stat.Version != -1 || res.Zxid != 0x300000001 {
			t.Errorf("%q %+v", res.Data, res)
		}
	}
}

// TestGivenUp: the request ends with -13 for whoever asked, once, and another may follow.
func TestGivenUp(t *testing.T) {
	x := tree.New()
	x.SetMembers([]tree.Member{{ID: 1, Addr: "h:1", Client: "h:3"}, {ID: 2, Addr: "i:1", Client: "i:3"}})
	var res tree.Result
	rec := wire.SessionRecord{ID: 7, Timeout: 1000}
	x.Apply(&tree.Txn{Term: 2, Session: 7, Conn: 70, Op: wire.OpCreateSession, Body: rec.Append(nil)}, &res)
	who := wire.Identities{{Scheme: "super"}}.Append(nil)
	req := wire.ReconfigRequest{Joining: "server.3=j:1:2;3", Config: -1}
	body := req.Append(tree.ReconfigRules{Enabled: true}.Append(nil))
	ask := func(seq uint32) wire.Code {
		x.Apply(&tree.Txn{Term: 2, Session: 7, Conn: 70, Seq: seq, Op: wire.OpReconfig, Who: who, Body: body}, &res)
		return res.Code
	}
	if code := ask(1); code != wire.CodeOK {
		t.Fatal(code)
	}
	if code := ask(2); code != wire.CodeReconfigInProgress {
		t.Errorf("a second one: %v", code)
	}
	_, id := x.Target()
	for _, want := range []wire.Code{wire.CodeNewConfigNoQuorum, wire.CodeBadVersion} {
		x.Apply(&tree.Txn{Term: 2, Op: wire.OpReconfig, Body: wire.AppendInt64(nil, id)}, &res)
		if res.Code != want || (res.Asker == 70) != (want == wire.CodeNewConfigNoQuorum) {
			t.Errorf("%+v, want %v", res, want)
		}
	}
	if code := ask(3); code != wire.CodeOK {
		t.Errorf("one afterwards: %v", code)
	}
}
