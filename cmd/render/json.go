package render

import (
	"bufio"
	"bytes"
	"encoding/json"
)

// json writes the values of v. A list is a JSON array with a value on each
// line, so that it can be written as it comes and read by line; a stream is a
// value a line and no array. On a terminal a single value is indented.
func (p Printer) json(w *bufio.Writer, v View) error {
	form, values := v.values()
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if form == one && p.Terminal {
		enc.SetIndent("", "  ")
	}
	if form != list {
		for value, err := range values {
			if err == nil {
				err = enc.Encode(value)
			}
			if err == nil && form == stream {
				err = w.Flush()
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	n := 0
	for value, err := range values {
		if err != nil {
			return err // the array stays open: nobody takes a part for the whole
		}
		line, err := compact(value)
		if err != nil {
			return err
		}
		open := ",\n"
		if n == 0 {
			open = "[\n"
		}
		w.WriteString(open)
		if _, err := w.Write(line); err != nil {
			return err
		}
		n++
	}
	end := "\n]\n"
	if n == 0 {
		end = "[]\n"
	}
	_, err := w.WriteString(end)
	return err
}

// compact is the JSON of v without its newline.
func compact(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
