package localcluster_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/zooctl/zooctl/localcluster"
	"github.com/zooctl/zooctl/ops/wire"
	"github.com/zooctl/zooctl/ops/wire/wiretest"
)

// subject is an ensemble of three whose behaviour is compared with what Apache
// ZooKeeper 3.8.0 was seen to do. A quotation in these tests is from the notes made then.
type subject struct {
	engine  string
	servers []string
	cluster *localcluster.Cluster
	ctx     context.Context
}

// connect opens a session on server i that lasts as long as the test.
func (s *subject) connect(t *testing.T, i int) *wiretest.Client {
	t.Helper()
	return wiretest.Connect(t, s.servers[i], 20_000)
}

// root makes a znode for a test to work below.
func (s *subject) root(t *testing.T, c *wiretest.Client) string {
	t.Helper()
	path := fmt.Sprintf("/c%x", c.Resp.SessionID)
	c.Must(wire.OpCreate, wiretest.Create(path, "", 0))
	return path
}

// TestConformance holds every engine to the same expectations.
func TestConformance(t *testing.T) {
	for _, engine := range engines() {
		t.Run(engine, func(t *testing.T) {
			ctx := fresh(t)
			cluster, st := up(t, ctx, localcluster.Spec{Name: "conform", Size: 3, Engine: engine})
			s := &subject{engine: engine, servers: st.Servers, cluster: cluster, ctx: ctx}
			for name, test := range map[string]func(*testing.T, *subject){
				"connect": conformConnect, "stale": conformStale, "attach": conformAttach, "close": conformClose, "expiry": conformExpiry,
				"order": conformOrder, "yours": conformReadYourWrites, "codes": conformCodes, "sequence": conformSequence, "stat": conformStat,
				"null": conformNull, "sync": conformSync, "multi": conformMulti, "watches": conformWatches, "events": conformEventFirst,
				"rearm": conformSetWatches, "words": conformWords, "garbage": conformGarbage, "limit": conformLimit, "memory": conformMemory, "config": conformConfig,
				"word texts": conformWordTexts, "word cons": conformWordCons, "word dump": conformWordDump, "word mntr": conformWordMonitor,
			} {
				t.Run(name, func(t *testing.T) { test(t, s) })
			}
			t.Run("quorum", func(t *testing.T) { conformQuorum(t, s) }) // last: it stops servers
		})
	}
}

// code is a reply's, and its body where there is one.
func code(r wiretest.Reply) wire.Code { return r.Err }

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
