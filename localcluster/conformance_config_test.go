package localcluster_test

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/zooctl/zooctl/ops/wire"
	"github.com/zooctl/zooctl/ops/wire/wiretest"
)

// conformConfig: /zookeeper/config shows the members with version 0 before the first
// reconfig, on every server the same, and a reconfig is refused with -123 unless it is
// enabled, before anything else about it is looked at.
func conformConfig(t *testing.T, s *subject) {
	member := `server\.%d=127\.0\.0\.1:\d+:\d+:participant(;127\.0\.0\.1:\d+)?\n`
	want := regexp.MustCompile("^" + fmt.Sprintf(member, 1) + fmt.Sprintf(member, 2) + fmt.Sprintf(member, 3) + "version=0$")
	for i := range s.servers {
		c := s.connect(t, i)
		data, stat := wiretest.Data(t, c.Must(wire.OpGetData, wiretest.Read("/zookeeper/config")))
		if !want.MatchString(data) {
			t.Errorf("server %d: %q", i+1, data)
		}
		equal(t, "version", stat.Version, -1)
		equal(t, "aversion", stat.Aversion, -1)
		equal(t, "mzxid", stat.Mzxid, 0)
		for _, r := range []wire.ReconfigRequest{{Leaving: "3", Config: -1}, {Joining: "x", Config: 99}} {
			equal(t, "reconfig", code(c.Call(wire.OpReconfig, &r)), wire.CodeReconfigDisabled)
		}
		c.Must(wire.OpExists, wiretest.Read("/")) // the connection goes on
	}
}
