// Package session is the leader's clock over sessions: which of them have not
// been heard from for longer than their timeout.
//
// It is a table and nothing more. The time comes in with each call, so it can be
// tested without waiting; it starts no goroutine, takes no lock (its owner does)
// and ends no session: it only names those whose time is up. It never names one
// early.
package session

import (
	"container/heap"
	"time"
)

// Clock holds a deadline for each session. The zero value is not ready; use
// [NewClock].
//
// A touch moves a session's deadline only. Its place in the heap is mended when
// the old deadline comes up, which makes a touch one look-up, and there are many
// touches for each deadline.
type Clock struct {
	byID map[int64]*entry
	due  queue
}

type entry struct {
	id       int64
	timeout  time.Duration
	deadline time.Time // when it expires
	queued   time.Time // what its place in the heap goes by; never later than deadline
	place    int       // in the heap; -1 once reported
}

// NewClock returns a clock without sessions.
func NewClock() *Clock { return &Clock{byID: make(map[int64]*entry)} }

// Add starts a session's time at now, also that of a session it knows.
func (c *Clock) Add(id int64, timeout time.Duration, now time.Time) {
	c.Remove(id)
	e := &entry{id: id, timeout: timeout, deadline: now.Add(timeout)}
	e.queued = e.deadline
	c.byID[id] = e
	heap.Push(&c.due, e)
}

// Touch starts a session's time anew at now. A session that was reported as
// expired and is heard from again gets its time again too; one that the clock
// does not know stays unknown.
func (c *Clock) Touch(id int64, now time.Time) {
	e := c.byID[id]
	if e == nil {
		return
	}
	if d := now.Add(e.timeout); d.After(e.deadline) {
		e.deadline = d
	}
	if e.place < 0 {
		e.queued = e.deadline
		heap.Push(&c.due, e)
	}
}

// Remove forgets a session.
func (c *Clock) Remove(id int64) {
	e := c.byID[id]
	if e == nil {
		return
	}
	delete(c.byID, id)
	if e.place >= 0 {
		heap.Remove(&c.due, e.place)
	}
}

// Reset forgets all sessions.
func (c *Clock) Reset() {
	clear(c.byID)
	c.due = nil
}

// Len returns the number of sessions.
func (c *Clock) Len() int { return len(c.byID) }

// Expired returns the sessions whose deadline is now or before, each once until
// it is touched or added again.
func (c *Clock) Expired(now time.Time) []int64 {
	var ids []int64
	for len(c.due) > 0 && !c.due[0].queued.After(now) {
		e := c.due[0]
		if e.deadline.After(now) { // touched since it was queued
			e.queued = e.deadline
			heap.Fix(&c.due, 0)
			continue
		}
		heap.Pop(&c.due)
		ids = append(ids, e.id)
	}
	return ids
}

// Next returns the earliest time at which Expired may have something to say.
func (c *Clock) Next() (time.Time, bool) {
	if len(c.due) == 0 {
		return time.Time{}, false
	}
	return c.due[0].queued, true
}

// queue is a heap of entries by the time they are queued for.
type queue []*entry

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].queued.Before(q[j].queued) }
func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}

func (q *queue) Push(x any) {
	e := x.(*entry)
	e.place = len(*q)
	*q = append(*q, e)
}

func (q *queue) Pop() any {
	old := *q
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	e.place = -1
	return e
}
