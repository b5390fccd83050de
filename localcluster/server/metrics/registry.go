package metrics

import (
	"fmt"
	"io"
	"math"
	"time"

	lib "github.com/VictoriaMetrics/metrics"
)

// Kind says how a sample's value is to be read.
type Kind uint8

// The kinds of samples. Detailed is a summary with the higher quantiles too.
const (
	Gauge Kind = iota
	Counter
	Basic
	Detailed
)

// Sample is one number, or one summary, and its name in Apache ZooKeeper.
type Sample struct {
	Name   string
	Kind   Kind
	Value  float64 // of a gauge or counter
	Whole  bool    // the value is an integer by its nature
	Digest *Digest // of a summary
}

// Registry writes the samples of one server.
type Registry struct{ set *lib.Set }

// NewRegistry returns a registry that calls collect for each [Registry.Write].
func NewRegistry(collect func() []Sample) *Registry {
	r := &Registry{set: lib.NewSet()}
	r.set.RegisterMetricsWriter(func(w io.Writer) {
		for _, s := range collect() {
			writeSample(w, s)
		}
	})
	return r
}

// Write writes every sample, and what the system tells of the process, in the text
// format of Prometheus. It reports no error: w keeps its own.
func (r *Registry) Write(w io.Writer) {
	r.set.WritePrometheus(w)
	lib.WriteProcessMetrics(w)
	lib.WriteFDMetrics(w)
}

func writeSample(w io.Writer, s Sample) {
	switch s.Kind {
	case Gauge:
		lib.WriteGaugeFloat64(w, s.Name, s.Value)
	case Counter:
		lib.WriteCounterFloat64(w, s.Name, s.Value)
	case Basic:
		writeSummary(w, s, 0.5)
	case Detailed:
		writeSummary(w, s, 0.5, 0.9, 0.99)
	}
}

// writeSummary writes a summary as Prometheus's own clients do, in milliseconds as
// Apache ZooKeeper. A quantile of nothing is not a number.
func writeSummary(w io.Writer, s Sample, quantiles ...float64) {
	for _, q := range quantiles {
		v := math.NaN()
		if d, ok := s.Digest.Quantile(q); ok {
			v = Millis(d)
		}
		lib.WriteGaugeFloat64(w, fmt.Sprintf("%s{quantile=\"%g\"}", s.Name, q), v)
	}
	lib.WriteCounterFloat64(w, s.Name+"_count", float64(s.Digest.Count))
	lib.WriteCounterFloat64(w, s.Name+"_sum", Millis(s.Digest.Sum))
}

// Millis returns d in milliseconds, with fractions.
func Millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
