package metrics

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// A duration belongs to the bucket of its highest bit and the subBits bits below
// that, so that a quantile is at most one part in 16 off.
const (
	subBits    = 4
	numBuckets = (63 - subBits + 1) << subBits
)

// Summary counts durations since its start or the last Reset. The zero value is
// ready. Its methods may be called from anywhere at any time; what is read while
// others add is off by what they add.
type Summary struct {
	sum, min, max atomic.Int64 // nanoseconds; min is 0 as long as there is none, and else at least 1
	buckets       [numBuckets]atomic.Int64
}

// bucket returns the number of the bucket of n nanoseconds.
func bucket(n int64) int {
	u := uint64(n)
	if u < 1<<subBits {
		return int(u)
	}
	shift := bits.Len64(u) - 1 - subBits
	return shift<<subBits + int(u>>shift)
}

// middle returns the nanoseconds in the middle of a bucket.
func middle(b int) int64 {
	if b < 2<<subBits {
		return int64(b)
	}
	shift := b>>subBits - 1
	low := int64(b-shift<<subBits) << shift
	return low + 1<<shift/2
}

// Observe adds a duration. It costs two additions to memory that is shared.
func (s *Summary) Observe(d time.Duration) {
	n := max(int64(d), 1)
	s.buckets[bucket(n)].Add(1)
	s.sum.Add(n)
	for m := s.max.Load(); n > m && !s.max.CompareAndSwap(m, n); m = s.max.Load() {
	}
	for m := s.min.Load(); (m == 0 || n < m) && !s.min.CompareAndSwap(m, n); m = s.min.Load() {
	}
}

// Reset forgets everything.
func (s *Summary) Reset() {
	for i := range s.buckets {
		s.buckets[i].Store(0)
	}
	s.sum.Store(0)
	s.min.Store(0)
	s.max.Store(0)
}

// Digest returns what there is now.
func (s *Summary) Digest() *Digest {
	d := &Digest{Sum: time.Duration(s.sum.Load()), Min: time.Duration(s.min.Load()), Max: time.Duration(s.max.Load())}
	for i := range s.buckets {
		n := s.buckets[i].Load()
		d.buckets[i] = n
		d.Count += n
	}
	return d
}

// Digest is what a [Summary] held at one moment.
type Digest struct {
	Count         int64
	Sum, Min, Max time.Duration // all 0 where Count is
	buckets       [numBuckets]int64
}

// Average returns the mean, or 0 where there is nothing.
func (d *Digest) Average() time.Duration {
	if d.Count == 0 {
		return 0
	}
	return time.Duration(int64(d.Sum) / d.Count)
}

// Quantile returns the value below which the part q of all values lies, 0 to 1, and
// false where there is no value. It is at most one part in 16 off.
func (d *Digest) Quantile(q float64) (time.Duration, bool) {
	if d.Count == 0 {
		return 0, false
	}
	rank := int64(q * float64(d.Count))
	for i, n := range d.buckets {
		if rank -= n; rank < 0 {
			return min(max(time.Duration(middle(i)), d.Min), d.Max), true
		}
	}
	return d.Max, true
}

// Merge adds what another digest holds.
func (d *Digest) Merge(o *Digest) {
	switch {
	case o.Count == 0:
		return
	case d.Count == 0 || o.Min < d.Min:
		d.Min = o.Min
	}
	d.Max = max(d.Max, o.Max)
	d.Count += o.Count
	d.Sum += o.Sum
	for i, n := range o.buckets {
		d.buckets[i] += n
	}
}
