package metrics

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestBuckets: every duration is in one bucket, buckets grow with it, and the middle
// of one is no more than a 16th off.
func TestBuckets(t *testing.T) {
	last := -1
	for n := int64(1); n > 0 && n < 1<<61; n += max(n/97, 1) {
		b := bucket(n)
		if b < last || b >= numBuckets {
			t.Fatalf("%d is in bucket %d after %d", n, b, last)
		}
		last = b
		if off := middle(b) - n; off*16 > n || -off*16 > n {
			t.Fatalf("%d: the middle of its bucket is %d", n, middle(b))
		}
	}
	if b := bucket(1<<63 - 1); b >= numBuckets {
		t.Fatalf("the longest duration is in bucket %d of %d", b, numBuckets)
	}
}

// TestSummary compares a summary with what its values say themselves.
func TestSummary(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	var s Summary
	var all []time.Duration
	var sum time.Duration
	var wg sync.WaitGroup
	for range 5000 {
		d := time.Duration(rnd.ExpFloat64()*float64(time.Millisecond)) + 1
		all, sum = append(all, d), sum+d
		wg.Go(func() { s.Observe(d) })
	}
	wg.Wait()
	slices.Sort(all)
	d := s.Digest()
	if d.Count != 5000 || d.Sum != sum || d.Min != all[0] || d.Max != all[4999] || d.Average() != sum/5000 {
		t.Errorf("count %d, sum %v, min %v, max %v, average %v", d.Count, d.Sum, d.Min, d.Max, d.Average())
	}
	for _, q := range []float64{0, 0.5, 0.9, 0.99, 0.999, 1} {
		want := all[min(int(q*5000), 4999)]
		if got, ok := d.Quantile(q); !ok || got < want-want/16-1 || got > want+want/16+1 {
			t.Errorf("quantile %v: %v, want %v", q, got, want)
		}
	}
	sumOfBoth := (&Summary{}).Digest()
	sumOfBoth.Merge(d)
	sumOfBoth.Merge(d)
	if sumOfBoth.Count != 10000 || sumOfBoth.Min != d.Min || sumOfBoth.Sum != 2*d.Sum {
		t.Errorf("merged: %d values from %v, %v in all", sumOfBoth.Count, sumOfBoth.Min, sumOfBoth.Sum)
	}
	s.Reset()
	d = s.Digest()
	if _, ok := d.Quantile(0.5); ok || d.Count != 0 || d.Sum+d.Min+d.Max+d.Average() != 0 {
		t.Errorf("after a reset: %+v", d)
	}
}

// TestRegistry: the text that Prometheus gets.
func TestRegistry(t *testing.T) {
	var s Summary
	n := 0.0
	r := NewRegistry(func() []Sample {
		n++
		return []Sample{
			{Name: "znode_count", Value: n},
			{Name: "readlatency", Kind: Detailed, Digest: s.Digest()},
			{Name: "fsynctime", Kind: Basic, Digest: (&Summary{}).Digest()},
			{Name: "commit_count", Kind: Counter, Value: 3},
		}
	})
	s.Observe(2 * time.Millisecond)
	for i := 1; i <= 2; i++ {
		var b bytes.Buffer
		r.Write(&b)
		want := fmt.Sprintf("znode_count %d\nreadlatency{quantile=\"0.5\"} 2\nreadlatency{quantile=\"0.9\"} 2\nreadlatency{quantile=\"0.99\"} 2\n"+
			"readlatency_count 1\nreadlatency_sum 2\nfsynctime{quantile=\"0.5\"} NaN\nfsynctime_count 0\nfsynctime_sum 0\ncommit_count 3\n", i)
		if !strings.HasPrefix(b.String(), want) || !strings.Contains(b.String(), "\ngo_goroutines ") {
			t.Errorf("written:\n%s\nwant\n%s", b.String(), want)
		}
	}
}

func BenchmarkObserve(b *testing.B) {
	var s Summary
	b.RunParallel(func(pb *testing.PB) {
		for d := time.Duration(1); pb.Next(); d += 37 {
			s.Observe(d & (1<<20 - 1))
		}
	})
}
