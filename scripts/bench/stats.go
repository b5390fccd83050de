package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// unit says how a figure is written.
type unit int

const (
	perSecond unit = iota // operations per second
	seconds               // a time
	memoryUse             // in bytes
)

// figure is one measurement of one engine in one round.
type figure struct {
	row   string
	unit  unit
	value float64
	notes []time.Duration // for a rate: the median and the 99th percentile of the times
}

// figures are those of one engine in one round.
type figures struct {
	title   string // of the engine, with its version
	runtime string // what it runs on
	all     []figure
}

func (f *figures) add(row string, u unit, v float64, notes ...time.Duration) {
	f.all = append(f.all, figure{row, u, v, notes})
}

// results are the figures of all rounds, by engine.
type results struct {
	rows   []string // in the order in which they first came
	units  map[string]unit
	titles map[string]string
	java   string
	values map[string]map[string][]figure // by engine and row, one for each round
}

func (r *results) add(engine string, f *figures) {
	if r.values == nil {
		r.units, r.titles, r.values = make(map[string]unit), make(map[string]string), make(map[string]map[string][]figure)
	}
	if r.values[engine] == nil {
		r.values[engine] = make(map[string][]figure)
	}
	r.titles[engine] = f.title
	if f.runtime != "" {
		r.java = f.runtime
	}
	for _, x := range f.all {
		if !slices.Contains(r.rows, x.row) {
			r.rows = append(r.rows, x.row)
		}
		r.units[x.row] = x.unit
		r.values[engine][x.row] = append(r.values[engine][x.row], x)
	}
}

// table renders the results in Markdown: a column for each engine and, of two, the
// ratio.
func (r *results) table(engines []string) string {
	if len(r.rows) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("| three servers |")
	for _, e := range engines {
		fmt.Fprintf(&b, " %s |", r.titles[e])
	}
	rule := strings.Repeat("---|", len(engines)+1)
	if len(engines) == 2 {
		b.WriteString(" ratio |")
		rule += "---|"
	}
	b.WriteString("\n|" + rule + "\n")
	for _, row := range r.rows {
		fmt.Fprintf(&b, "| %s |", row)
		var columns [][]float64
		for _, e := range engines {
			fs := r.values[e][row]
			columns = append(columns, valuesOf(fs))
			fmt.Fprintf(&b, " %s |", cell(fs))
		}
		if len(columns) == 2 {
			fmt.Fprintf(&b, " %s |", ratioOf(columns[0], columns[1]))
		}
		b.WriteString("\n")
	}
	return b.String()
}

func valuesOf(fs []figure) []float64 {
	var all []float64
	for _, f := range fs {
		all = append(all, f.value)
	}
	return all
}

// cell is the median of the rounds, with the medians of their notes.
func cell(fs []figure) string {
	if len(fs) == 0 {
		return "–"
	}
	text := fs[0].unit.format(median(valuesOf(fs)))
	var notes []string
	for i, name := range []string{"p50", "p99"} {
		var all []float64
		for _, f := range fs {
			if i < len(f.notes) {
				all = append(all, f.notes[i].Seconds())
			}
		}
		if len(all) > 0 {
			notes = append(notes, name+" "+seconds.format(median(all)))
		}
	}
	if len(notes) > 0 {
		text += " (" + strings.Join(notes, ", ") + ")"
	}
	return text
}

// ratioOf is the median of a[i]/b[i], with the least and the greatest of several.
func ratioOf(a, b []float64) string {
	var all []float64
	for i := range min(len(a), len(b)) {
		all = append(all, a[i]/b[i])
	}
	switch len(all) {
	case 0:
		return "–"
	case 1:
		return number(all[0])
	}
	return fmt.Sprintf("**%s** (%s–%s)", number(median(all)), number(slices.Min(all)), number(slices.Max(all)))
}

// median of no values is NaN; of an even number it is between the two in the middle.
func median(values []float64) float64 {
	s := slices.Sorted(slices.Values(values))
	switch n := len(s); {
	case n == 0:
		return math.NaN()
	case n%2 == 1:
		return s[n/2]
	default:
		return (s[n/2-1] + s[n/2]) / 2
	}
}

// quantile returns the value below which a part q of the sorted times is, or 0 of
// none.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

// number writes a ratio with two figures that mean something.
func number(x float64) string {
	switch {
	case math.IsNaN(x) || math.IsInf(x, 0):
		return "–"
	case x >= 9.95:
		return fmt.Sprintf("%.0f", x)
	case x >= 0.995:
		return fmt.Sprintf("%.1f", x)
	case x >= 0.0995:
		return fmt.Sprintf("%.2f", x)
	default:
		return fmt.Sprintf("%.3f", x)
	}
}

func (u unit) format(v float64) string {
	switch u {
	case perSecond:
		return thousands(v) + "/s"
	case seconds:
		switch ms := v * 1000; {
		case ms < 1:
			return fmt.Sprintf("%.3f ms", ms)
		case ms < 10:
			return fmt.Sprintf("%.2f ms", ms)
		case ms < 100:
			return fmt.Sprintf("%.1f ms", ms)
		default:
			return fmt.Sprintf("%.0f ms", ms)
		}
	default:
		return fmt.Sprintf("%.0f MiB", v/(1<<20))
	}
}

// thousands writes a whole number of three figures that mean something, in groups of
// three digits.
func thousands(v float64) string {
	if v >= 1000 {
		scale := math.Pow(10, math.Floor(math.Log10(v))-2)
		v = math.Round(v/scale) * scale
	}
	s := fmt.Sprintf("%.0f", v)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
