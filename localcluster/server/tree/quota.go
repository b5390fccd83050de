package tree

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A quota of /a stands in two znodes: quotaRoot + "/a/zookeeper_limits" says what /a and
// all below it may come to, and ".../zookeeper_stats" what they do, which the ensemble
// keeps.
const (
	quotaRoot  = "/zookeeper/quota"
	limitsName = "zookeeper_limits"
	statsName  = "zookeeper_stats"
)

// track is what those znodes hold: "count=4,bytes=5=;byteHardLimit=10;countHardLimit=10".
// A number that is not there is -1.
type track map[string]int64

func parseTrack(data []byte) track {
	t := make(track)
	for _, pair := range strings.FieldsFunc(string(data), func(r rune) bool { return r == ',' || r == ';' }) {
		key, value, _ := strings.Cut(pair, "=")
		value, _, _ = strings.Cut(value, "=") // one more stands behind bytes, for old readers
		if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			t[key] = n
		}
	}
	return t
}

func (t track) get(key string) int64 {
	if n, ok := t[key]; ok {
		return n
	}
	return -1
}

func (t track) text() []byte {
	b := fmt.Appendf(nil, "count=%d,bytes=%d", t.get("count"), t.get("bytes"))
	var more []string
	for key := range t {
		if key != "count" && key != "bytes" {
			more = append(more, key)
		}
	}
	slices.Sort(more)
	for i, key := range more {
		if i == 0 {
			b = append(b, '=')
		}
		b = fmt.Appendf(b, ";%s=%d", key, t[key])
	}
	return b
}

// quotaOf returns the nearest path at or above this one that has a quota, or "".
func (t *Tree) quotaOf(path string) string {
	if len(t.quotas) == 0 {
		return ""
	}
	for ; path != "/" && path != ""; path = parent(path) {
		if _, ok := t.quotas[path]; ok {
			return path
		}
	}
	return ""
}

// limited returns the path whose limits a znode holds, or "".
func limited(path, name string) string {
	if p, ok := strings.CutPrefix(path, quotaRoot); ok && base(path) == name {
		return strings.TrimSuffix(p, "/"+name)
	}
	return ""
}

// tookQuota notices znodes that make a quota.
func (t *Tree) tookQuota(n *Node) {
	if p := limited(n.path, limitsName); p != "" {
		t.quotas[p] = struct{}{}
		t.undoing(func() { delete(t.quotas, p) })
	}
	if p := limited(n.path, statsName); p != "" {
		count, bytes := t.Node(p).extent()
		t.account(n, track{"count": count, "bytes": bytes})
	}
}

// lostQuota notices that a quota has ended.
func (t *Tree) lostQuota(n *Node) {
	p := limited(n.path, limitsName)
	if _, ok := t.quotas[p]; ok {
		delete(t.quotas, p)
		t.undoing(func() { t.quotas[p] = struct{}{} })
	}
}

func (t *Tree) undoing(f func()) {
	if t.multi {
		t.undo = append(t.undo, f)
	}
}

// extent counts a znode and those below it, and the bytes of their data.
func (n *Node) extent() (count, bytes int64) {
	if n == nil {
		return 0, 0
	}
	count, bytes = 1, int64(len(n.data))
	for _, c := range n.children {
		k, b := c.extent()
		count, bytes = count+k, bytes+b
	}
	return count, bytes
}

// charge adds to what is kept of the quota that path is under.
func (t *Tree) charge(path string, bytes, count int64) {
	p := t.quotaOf(path)
	if p == "" {
		return
	}
	if n := t.Node(quotaRoot + p + "/" + statsName); n != nil {
		now := parseTrack(n.data)
		now["count"], now["bytes"] = now.get("count")+count, now.get("bytes")+bytes
		t.account(n, now)
	}
}

// account replaces what is kept. It is no change that anybody sees in the Stat.
func (t *Tree) account(n *Node, now track) {
	t.save(n)
	old := n.data
	n.data = now.text()
	more := int64(len(n.data) - len(old))
	t.dataSize += more
	t.undoing(func() {
		n.data = old
		t.dataSize -= more
	})
}

// exceeds tells whether a change would go beyond a limit that refuses it. One that only
// warns is told in res.
func (t *Tree) exceeds(txn *Txn, path string, bytes, count int64, res *Result) bool {
	p := t.quotaOf(path)
	if p == "" {
		return false
	}
	limits, stats := t.Node(quotaRoot+p+"/"+limitsName), t.Node(quotaRoot+p+"/"+statsName)
	if limits == nil || stats == nil {
		return false
	}
	most, now := parseTrack(limits.data), parseTrack(stats.data)
	beyond := func(what, hardKey string, more int64) bool {
		limit, hard := most.get(hardKey), true
		if limit < 0 {
			limit, hard = most.get(what), false
		}
		sum := now.get(what) + more
		if more == 0 || limit < 0 || sum <= limit {
			return false
		}
		kind := "soft"
		if hard {
			kind = "hard"
		}
		res.Over = fmt.Sprintf("quota of %q exceeded: %s %d, %s limit %d", p, what, sum, kind, limit)
		return hard && txn.Rules&RuleHardQuota != 0
	}
	return beyond("count", "countHardLimit", count) || beyond("bytes", "byteHardLimit", bytes)
}

// findQuotas fills the table of quotas from the tree.
func (t *Tree) findQuotas() {
	var look func(n *Node)
	look = func(n *Node) {
		if p := limited(n.path, limitsName); p != "" {
			t.quotas[p] = struct{}{}
		}
		for _, c := range n.children {
			look(c)
		}
	}
	if n := t.Node(quotaRoot); n != nil {
		look(n)
	}
}
