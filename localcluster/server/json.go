package server

import (
	"encoding/json"
	"strings"
)

// object is a JSON object whose keys keep their order.
type object []figure

// list is a JSON array.
type list []any

// appendJSON writes v as the AdminServer of Apache ZooKeeper does: two blanks a level,
// arrays in one line with what is in them.
func appendJSON(b []byte, v any, depth int) []byte {
	switch v := v.(type) {
	case object:
		if len(v) == 0 {
			return append(b, "{ }"...)
		}
		for i, f := range v {
			b = append(append(b, []string{"{", ","}[min(i, 1)]...), '\n')
			b = append(b, strings.Repeat("  ", depth+1)...)
			b = append(appendScalar(b, f.key), " : "...)
			b = appendJSON(b, f.value, depth+1)
		}
		return append(append(append(b, '\n'), strings.Repeat("  ", depth)...), '}')
	case list:
		if len(v) == 0 {
			return append(b, "[ ]"...)
		}
		for i, x := range v {
			b = append(append(b, []string{"[", ","}[min(i, 1)]...), ' ')
			b = appendJSON(b, x, depth)
		}
		return append(b, " ]"...)
	case float64:
		return append(b, double(v)...)
	}
	return appendScalar(b, v)
}

// appendScalar writes a string, a number, a boolean or nil.
func appendScalar(b []byte, v any) []byte {
	var w strings.Builder
	enc := json.NewEncoder(&w)
	enc.SetEscapeHTML(false)
	if enc.Encode(v) != nil {
		return append(b, "null"...) // what is told here can be encoded
	}
	return append(b, strings.TrimSuffix(w.String(), "\n")...)
}

// listOf makes a list of any slice.
func listOf[T any](all []T) list {
	l := make(list, len(all))
	for i, x := range all {
		l[i] = x
	}
	return l
}
