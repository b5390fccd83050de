package session_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/zooctl/zooctl/localcluster/server/session"
)

func TestExpiry(t *testing.T) {
	c := session.NewClock()
	t0 := time.Unix(1000, 0)
	at := func(s int) time.Time { return t0.Add(time.Duration(s) * time.Second) }
	c.Add(1, 4*time.Second, t0)
	c.Add(2, 4*time.Second, t0)
	c.Add(3, 9*time.Second, t0)
	c.Touch(1, at(3))
	c.Touch(99, at(3)) // unknown
	expect := func(s int, want ...int64) {
		t.Helper()
		got := c.Expired(at(s))
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("after %d s: %v, want %v", s, got, want)
		}
	}
	expect(3)
	expect(4, 2)
	expect(5) // each once
	c.Touch(2, at(5))
	expect(7, 1)
	expect(9, 2, 3)
	c.Remove(2)
	c.Touch(2, at(9))
	expect(100)
	c.Add(5, time.Second, at(100))
	c.Reset()
	expect(200)
	if _, ok := c.Next(); ok || c.Len() != 0 {
		t.Error("something is left after Reset")
	}
}

// TestAgainstAList compares the clock with the plainest one there is.
func TestAgainstAList(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	type plain struct {
		deadline time.Time
		timeout  time.Duration
		told     bool
	}
	c, list := session.NewClock(), map[int64]*plain{}
	now := time.Unix(0, 0)
	for range 20_000 {
		now = now.Add(time.Duration(rnd.IntN(100)) * time.Millisecond)
		id := rnd.Int64N(50)
		switch rnd.IntN(6) {
		case 0:
			d := time.Duration(1+rnd.IntN(20)) * 100 * time.Millisecond
			c.Add(id, d, now)
			list[id] = &plain{now.Add(d), d, false}
		case 1:
			c.Remove(id)
			delete(list, id)
		case 2, 3:
			c.Touch(id, now)
			if p := list[id]; p != nil {
				p.deadline, p.told = now.Add(p.timeout), false
			}
		default:
			var want []int64
			for id, p := range list {
				if !p.told && !p.deadline.After(now) {
					p.told = true
					want = append(want, id)
				}
			}
			got := c.Expired(now)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Fatalf("%v: %v, want %v", now, got, want)
			}
		}
	}
}

func BenchmarkTouch5000(b *testing.B) {
	c := session.NewClock()
	now := time.Now()
	for id := range int64(5000) {
		c.Add(id, time.Minute, now)
	}
	for i := range b.N {
		c.Touch(int64(i%5000), now.Add(time.Duration(i)))
	}
}
