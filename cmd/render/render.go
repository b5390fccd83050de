package render

import (
	"bufio"
	"errors"
	"io"
	"iter"
	"slices"
	"strings"
	"time"
)

// Formats are the values that Printer.Format takes, in the order of help.
func Formats() []string { return []string{"text", "json", "yaml", "table", "wide"} }

// ErrFormat is the error of a format that is none of Formats.
var ErrFormat = errors.New("unknown output format: want one of " + strings.Join(Formats(), ", "))

// CheckFormat returns ErrFormat unless format is one of Formats.
func CheckFormat(format string) error {
	if !slices.Contains(Formats(), format) {
		return ErrFormat
	}
	return nil
}

// A View is an answer that can be shown in every format. Its kinds are Table,
// Record, Tree, Data, Stream, Text and Silent.
type View interface {
	values() (shape, iter.Seq2[any, error]) // for programs: JSON and YAML
	text(p *page) error                     // for people and pipes
	rows() (head []string, rows iter.Seq2[[]any, error])
}

// shape is how the values of a view hang together.
type shape int

const (
	one    shape = iota // a single value
	list                // a list of values, which may be empty
	stream              // values that come when they come: one a line, each written at once
)

// Printer writes views to one destination in one format.
type Printer struct {
	Out      io.Writer
	Format   string           // one of Formats; "" is text
	Terminal bool             // Out is a terminal
	Colour   bool             // Out understands colour and the user wants it
	Now      func() time.Time // what relative times count from; nil is time.Now
}

// page is the destination of one view as text.
type page struct {
	*bufio.Writer
	terminal, colour, wide bool
	now                    time.Time
}

// Print shows v. A write that fails ends it with the writer's error, a view
// that fails half-way with the view's; what was ready before is written.
func (p Printer) Print(v View) error {
	w := bufio.NewWriterSize(p.Out, 32<<10)
	err := p.print(w, v)
	return errors.Join(err, w.Flush())
}

func (p Printer) print(w *bufio.Writer, v View) error {
	switch p.Format {
	case "json":
		return p.json(w, v)
	case "yaml":
		return p.yaml(w, v)
	case "table":
		if head, rows := v.rows(); rows != nil {
			return grid(w, p.page(w, false), head, rows)
		}
		return v.text(p.page(w, false))
	case "text", "":
		return v.text(p.page(w, false))
	case "wide":
		return v.text(p.page(w, true))
	}
	return ErrFormat
}

func (p Printer) page(w *bufio.Writer, wide bool) *page {
	now := time.Now
	if p.Now != nil {
		now = p.Now
	}
	return &page{Writer: w, terminal: p.Terminal, colour: p.Colour && p.Terminal, wide: wide, now: now()}
}

// single is the values of a view that is one value.
func single(v any) (shape, iter.Seq2[any, error]) {
	return one, func(yield func(any, error) bool) { yield(v, nil) }
}

// Rows makes the rows of a Table or the events of a Stream from a slice.
func Rows[T any](rows []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

// anys forgets the type of the values of seq.
func anys[T any](seq iter.Seq2[T, error]) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		if seq == nil {
			return
		}
		for v, err := range seq {
			if !yield(v, err) {
				return
			}
		}
	}
}
