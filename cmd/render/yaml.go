package render

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// yaml writes the values of v: what JSON says, in YAML. It is made from the
// JSON, so that the names and the order of the fields are the same in both.
// The parts of a stream are documents of their own.
func (p Printer) yaml(w *bufio.Writer, v View) error {
	form, values := v.values()
	n := 0
	for value, err := range values {
		if err != nil {
			return err
		}
		node, err := yamlNode(value)
		if err != nil {
			return err
		}
		if form == list {
			node = &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: []*yaml.Node{node}}
		}
		text, err := yamlText(node)
		if err != nil {
			return err
		}
		if form == stream {
			w.WriteString("---\n")
		}
		if _, err := w.Write(text); err != nil {
			return err
		}
		if form == stream {
			if err := w.Flush(); err != nil {
				return err
			}
		}
		n++
	}
	if form == list && n == 0 {
		w.WriteString("[]\n")
	}
	return nil
}

func yamlText(node *yaml.Node) ([]byte, error) {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(node); err != nil {
		return nil, err
	}
	return b.Bytes(), enc.Close()
}

func yamlNode(v any) (*yaml.Node, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	return yamlValue(dec)
}

// yamlValue reads the next value of dec.
func yamlValue(dec *json.Decoder) (*yaml.Node, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Delim:
		return yamlMany(dec, t)
	case string:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: t, Style: style(t)}, nil
	case json.Number:
		tag := "!!int"
		if strings.ContainsAny(t.String(), ".eE") {
			tag = "!!float"
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: t.String()}, nil
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: fmt.Sprint(t)}, nil
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}, nil
}

// style puts a string with anything odd in it between double quotes, where
// YAML keeps every character: in its other forms it folds line breaks.
func style(s string) yaml.Style {
	if escape(s, "\n\t") != s || strings.HasPrefix(s, "\n") || strings.HasPrefix(s, "\t") || strings.HasPrefix(s, " ") {
		return yaml.DoubleQuotedStyle
	}
	return 0
}

// yamlMany reads the rest of the array or object that open began. The names
// of an object are strings, and so values like any other.
func yamlMany(dec *json.Decoder, open json.Delim) (*yaml.Node, error) {
	node := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	if open == '{' {
		node = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	}
	for dec.More() {
		child, err := yamlValue(dec)
		if err != nil {
			return nil, err
		}
		node.Content = append(node.Content, child)
	}
	_, err := dec.Token()
	return node, err
}
