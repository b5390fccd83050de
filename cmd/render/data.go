package render

import (
	"encoding/base64"
	"iter"
	"unicode/utf8"
)

// Datum is the bytes of one znode.
type Datum struct {
	Name  string // told above the bytes where there are several, on a terminal
	Bytes []byte
	Value any // for programs; hold the bytes in it as a Payload
}

// Data is the bytes of znodes. In a pipe it is exactly those bytes, one
// znode's after the other's. On a terminal control bytes are escaped and the
// last line is ended. Programs get the Value of the only Datum, or a list of
// them where Many is set.
type Data struct {
	Items []Datum
	Many  bool
}

func (d Data) values() (shape, iter.Seq2[any, error]) {
	if !d.Many && len(d.Items) == 1 {
		return single(d.Items[0].Value)
	}
	return list, func(yield func(any, error) bool) {
		for _, item := range d.Items {
			if !yield(item.Value, nil) {
				return
			}
		}
	}
}

func (d Data) rows() ([]string, iter.Seq2[[]any, error]) {
	return []string{"path", "data"}, func(yield func([]any, error) bool) {
		for _, item := range d.Items {
			if !yield([]any{item.Name, string(item.Bytes)}, nil) {
				return
			}
		}
	}
}

func (d Data) text(p *page) error {
	for i, item := range d.Items {
		if !p.terminal {
			if _, err := p.Write(item.Bytes); err != nil {
				return err
			}
			continue
		}
		if d.Many {
			if i > 0 {
				p.WriteByte('\n')
			}
			p.WriteString(p.paint(bold, Escape(item.Name)) + "\n")
		}
		s := escape(string(item.Bytes), "\n\t")
		p.WriteString(s)
		if s != "" && s[len(s)-1] != '\n' {
			p.WriteByte('\n')
		}
	}
	return nil
}

// Payload holds bytes in JSON: in "data" where they are UTF-8, in "data_b64"
// where they are not. Put it into a struct to give that struct the field.
type Payload struct {
	Data    *string `json:"data,omitempty"`
	DataB64 *string `json:"data_b64,omitempty"`
}

// Bytes returns the Payload of b. No bytes are the empty string.
func Bytes(b []byte) Payload {
	s := string(b)
	if utf8.ValidString(s) {
		return Payload{Data: &s}
	}
	s = base64.StdEncoding.EncodeToString(b)
	return Payload{DataB64: &s}
}
