package render

import (
	"iter"
	"strings"
)

// Field is one line of a Record.
type Field struct {
	Name  string
	Value any // as in Column.Cell
}

// Record is one thing: a line for each field. Programs get Value in its JSON
// form.
type Record struct {
	Value  any
	Fields []Field
}

func (r Record) values() (shape, iter.Seq2[any, error]) { return single(r.Value) }

func (r Record) rows() ([]string, iter.Seq2[[]any, error]) {
	return []string{"field", "value"}, func(yield func([]any, error) bool) {
		for _, f := range r.Fields {
			if !yield([]any{f.Name, f.Value}, nil) {
				return
			}
		}
	}
}

func (r Record) text(p *page) error {
	longest := 0
	for _, f := range r.Fields {
		longest = max(longest, width(f.Name))
	}
	for _, f := range r.Fields {
		if !p.terminal {
			if err := p.bare([]any{f.Name, f.Value}); err != nil {
				return err
			}
			continue
		}
		c := p.cell(f.Value)
		p.WriteString(p.paint(faint, f.Name))
		p.WriteString(strings.Repeat(" ", longest-width(f.Name)+2))
		p.WriteString(p.paint(c.colour, c.text))
		p.WriteByte('\n')
	}
	return nil
}

// Text is an answer of a few words or lines. Programs get Value.
type Text struct {
	Text  string // without the last newline
	Value any
}

func (t Text) values() (shape, iter.Seq2[any, error]) { return single(t.Value) }

// rows has no table to give: there is nothing to put in columns.
func (t Text) rows() ([]string, iter.Seq2[[]any, error]) { return nil, nil }

func (t Text) text(p *page) error {
	s := t.Text
	if p.terminal {
		s = escape(s, "\n\t")
	}
	p.WriteString(s)
	return p.WriteByte('\n')
}

// Silent is the answer of a command that people need not hear of when it went
// well: no text at all. Programs get Value.
type Silent struct{ Value any }

func (s Silent) values() (shape, iter.Seq2[any, error]) { return single(s.Value) }

// rows has no table to give.
func (s Silent) rows() ([]string, iter.Seq2[[]any, error]) { return nil, nil }

func (s Silent) text(*page) error { return nil }

// Listed is a thing that people see as a table of its parts, and programs whole.
type Listed[T any] struct {
	Value any
	Table[T]
}

func (l Listed[T]) values() (shape, iter.Seq2[any, error]) { return single(l.Value) }
