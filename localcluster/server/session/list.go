package session

import (
	"iter"
	"time"
)

// Deadlines returns the sessions and when each expires unless it is heard from, in no
// order.
func (c *Clock) Deadlines() iter.Seq2[int64, time.Time] {
	return func(yield func(int64, time.Time) bool) {
		for id, e := range c.byID {
			if !yield(id, e.deadline) {
				return
			}
		}
	}
}
