package render

import (
	"errors"
	"iter"
	"slices"
	"strings"
)

// Column is one column of a Table or a Stream.
type Column[T any] struct {
	Name string
	Cell func(T) any // a string, an integer, a bool, a time.Time or a kind of this package
	Wide bool        // shown with -o wide and -o table only
}

// Table is a list of like things. Programs get the rows whole, in the JSON
// form of T; people get the columns, under a heading on a terminal. Rows may
// be long: they are read one by one and written as they come.
type Table[T any] struct {
	Rows    iter.Seq2[T, error]
	Columns []Column[T]
}

func (t Table[T]) values() (shape, iter.Seq2[any, error]) { return list, anys(t.Rows) }

func (t Table[T]) rows() ([]string, iter.Seq2[[]any, error]) {
	return names(t.Columns), cells(t.Rows, t.Columns)
}

func (t Table[T]) text(p *page) error {
	columns := visible(p, t.Columns)
	return p.table(names(columns), cells(t.Rows, columns))
}

// Stream is what happens while someone looks: one JSON object a line for
// programs, one row a line for people, each written out before the next is
// waited for.
type Stream[T any] struct {
	Events  iter.Seq2[T, error]
	Columns []Column[T]
}

func (s Stream[T]) values() (shape, iter.Seq2[any, error]) { return stream, anys(s.Events) }

// rows has no table to give: nobody knows how wide the next event will be.
func (s Stream[T]) rows() ([]string, iter.Seq2[[]any, error]) { return nil, nil }

func (s Stream[T]) text(p *page) error {
	for row, err := range cells(s.Events, visible(p, s.Columns)) {
		if err != nil {
			return err
		}
		if err := errors.Join(p.bare(row), p.Flush()); err != nil {
			return err
		}
	}
	return nil
}

func visible[T any](p *page, columns []Column[T]) []Column[T] {
	if p.wide {
		return columns
	}
	return slices.DeleteFunc(slices.Clone(columns), func(c Column[T]) bool { return c.Wide })
}

func names[T any](columns []Column[T]) []string {
	head := make([]string, len(columns))
	for i, c := range columns {
		head[i] = c.Name
	}
	return head
}

// cells reads the columns of each row, into a slice that holds until the next.
func cells[T any](rows iter.Seq2[T, error], columns []Column[T]) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		if rows == nil {
			return
		}
		row := make([]any, len(columns))
		for v, err := range rows {
			if err != nil {
				yield(nil, err)
				return
			}
			for i, c := range columns {
				row[i] = c.Cell(v)
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// batch is how many rows of a table are laid out together. Rows that come
// later keep the columns where they are unless one of them needs more room.
const batch = 500

// table writes rows: bare in a pipe, laid out under a heading on a terminal.
func (p *page) table(head []string, rows iter.Seq2[[]any, error]) error {
	l := layout{page: p, widths: make([]int, len(head))}
	for row, err := range rows {
		if err != nil {
			return errors.Join(err, l.flush(head))
		}
		if !p.terminal {
			if err := p.bare(row); err != nil {
				return err
			}
			continue
		}
		l.add(row)
		if len(l.rows) == batch {
			if err := l.flush(head); err != nil {
				return err
			}
		}
	}
	return l.flush(head)
}

// bare writes a row for a program.
func (p *page) bare(row []any) error {
	for i, v := range row {
		if i > 0 {
			p.WriteByte('\t')
		}
		p.WriteString(p.cell(v).text)
	}
	return p.WriteByte('\n')
}

// layout is a table on a terminal.
type layout struct {
	page   *page
	rows   [][]cell
	widths []int
	headed bool
}

func (l *layout) add(row []any) {
	line := make([]cell, len(row))
	for i, v := range row {
		line[i] = l.page.cell(v)
		l.widths[i] = max(l.widths[i], width(line[i].text))
	}
	l.rows = append(l.rows, line)
}

// flush writes the rows that wait, and the heading before the first of them.
// A table of one column is a list and needs no heading; nor does an empty one.
func (l *layout) flush(head []string) error {
	if len(l.rows) == 0 {
		return nil
	}
	if !l.headed && len(head) > 1 {
		line := make([]cell, len(head))
		for i, name := range head {
			line[i] = cell{text: strings.ToUpper(name), colour: bold, number: l.rows[0][i].number}
			l.widths[i] = max(l.widths[i], width(name))
		}
		l.line(line)
	}
	l.headed = true
	for _, row := range l.rows {
		l.line(row)
	}
	l.rows = l.rows[:0]
	return l.page.Flush()
}

func (l *layout) line(cells []cell) {
	for i, c := range cells {
		if i > 0 {
			l.page.WriteString("  ")
		}
		pad := strings.Repeat(" ", l.widths[i]-width(c.text))
		if c.number {
			l.page.WriteString(pad)
		}
		l.page.WriteString(l.page.paint(c.colour, c.text))
		if !c.number && i < len(cells)-1 {
			l.page.WriteString(pad)
		}
	}
	l.page.WriteByte('\n')
}
