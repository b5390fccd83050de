package recipes

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"sync"
)

// contenderName is what those call their znodes who queue for a lock: Curator's
// mutex, latch and read-write lock, kazoo's, the WriteLock of ZooKeeper's own
// recipes ("x-"), and its example of a leader's election ("-n_"). What follows is the
// number that the server has added: ten digits, or fewer with a minus. The pattern is made when it is needed.
var contenderName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?:(?:^|-)lock-|__lock__|__rlock__|__READ__|__WRIT__|^x-[0-9]+-|-latch-|-n_)(-?[0-9]{9,10})$`)
})

// contender is a place in the queue.
type contender struct {
	name   string
	number int64
}

// contenders returns who queues, the holder first. They are ordered by their
// numbers only, since the names before them say nothing about time. Children that
// do not queue are left out.
//
// The number is a signed int32 that counts the creations under the parent; after
// 2147483647 comes -2147483648, and whoever came last would be first. That is
// refused, as is a number that no server gives.
func contenders(path string, children []string) ([]contender, error) {
	var queue []contender
	for _, name := range children {
		m := contenderName().FindStringSubmatch(name)
		if m == nil || len(m[1]) < 10 {
			continue // a number without a minus has ten digits
		}
		n, err := strconv.ParseInt(m[1], 10, 64)
		switch {
		case err != nil || n > math.MaxInt32 || n < math.MinInt32:
			return nil, fmt.Errorf("lock %s: %w: the znode %q has a number that no server gives", path, ErrBadLock, name)
		case n < 0:
			return nil, fmt.Errorf("lock %s: %w: the znode %q has a negative number: the numbers under this path are used up, so that nobody can tell who came first; "+
				"delete the path when nobody uses it, and they begin anew", path, ErrBadLock, name)
		}
		queue = append(queue, contender{name, n})
	}
	slices.SortFunc(queue, func(a, b contender) int {
		return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.name, b.name)) // two of one number were made by hand: anyone, but one
	})
	return queue, nil
}
