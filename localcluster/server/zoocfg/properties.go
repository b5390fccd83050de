package zoocfg

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Property is one key with its value.
type Property struct {
	Key, Value string
	Line       int // where it begins, from 1; 0 for one that came as a flag
}

// Properties splits text as java.util.Properties does: comments begin with # or !,
// a line that ends in an odd number of backslashes goes on in the next, the key
// ends at the first =, : or blank that no backslash escapes, and \t \n \r \f \uXXXX
// stand for characters. A key may come more than once; Java takes the last.
//
// Unlike Java, which takes every byte for a character of ISO 8859-1, it keeps bytes
// as they are: a path in UTF-8 means the file of that name.
func Properties(text string) ([]Property, error) {
	var all []Property
	s := scanner{rest: text}
	for s.next() {
		key, value := cutKey(s.logical)
		p := Property{Line: s.start}
		var err error
		if p.Key, err = unescape(key); err == nil {
			p.Value, err = unescape(value)
		}
		if err != nil {
			return all, &Error{Line: s.start, Reason: err.Error()}
		}
		all = append(all, p)
	}
	return all, nil
}

// scanner joins the lines of a file to logical ones.
type scanner struct {
	rest    string
	line    int    // of the natural line last read
	start   int    // of the logical line
	logical string // without the blanks that it begins with
}

const blanks = " \t\f"

// next finds the next logical line that has a property.
func (s *scanner) next() bool {
	var b strings.Builder
	joined := false
	for s.rest != "" {
		natural := s.natural()
		natural = strings.TrimLeft(natural, blanks)
		if !joined {
			if natural == "" || natural[0] == '#' || natural[0] == '!' {
				continue
			}
			s.start = s.line
		}
		if body, ok := continued(natural); ok {
			b.WriteString(body)
			joined = true
			continue
		}
		b.WriteString(natural)
		if b.Len() == 0 { // a lone backslash, and nothing behind it
			joined = false
			continue
		}
		break
	}
	s.logical = b.String()
	return s.logical != ""
}

// natural takes one line off the rest. Lines end in \n, \r or \r\n.
func (s *scanner) natural() string {
	s.line++
	i := strings.IndexAny(s.rest, "\r\n")
	if i < 0 {
		line := s.rest
		s.rest = ""
		return line
	}
	line, end := s.rest[:i], i+1
	if strings.HasPrefix(s.rest[i:], "\r\n") {
		end++
	}
	s.rest = s.rest[end:]
	return line
}

// continued tells whether a line goes on in the next, and what of it counts.
func continued(line string) (string, bool) {
	n := len(line) - len(strings.TrimRight(line, `\`))
	if n%2 == 0 {
		return line, false
	}
	return line[:len(line)-1], true
}

// cutKey splits a logical line, both sides still with their escapes.
func cutKey(line string) (key, value string) {
	end := len(line)
	for i := 0; i < len(line); i++ {
		if line[i] == '\\' {
			i++ // whatever comes next is part of the key
			continue
		}
		if strings.IndexByte("=:"+blanks, line[i]) >= 0 {
			end = i
			break
		}
	}
	value = strings.TrimLeft(line[end:], blanks)
	if value != "" && (value[0] == '=' || value[0] == ':') {
		value = strings.TrimLeft(value[1:], blanks)
	}
	return line[:end], value
}

var errEscape = errors.New(`\u wants four hexadecimal digits`)

// unescape resolves backslashes. A backslash before any other character than those
// that have a meaning is dropped.
func unescape(s string) (string, error) {
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	var b strings.Builder
	var units []uint16 // a run of \u, since a pair may stand for one character
	flush := func() {
		for _, r := range utf16.Decode(units) {
			b.WriteRune(r)
		}
		units = units[:0]
	}
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			flush()
			b.WriteByte(s[i])
			continue
		}
		i++
		if s[i] == 'u' {
			if len(s) < i+5 {
				return "", errEscape
			}
			n, err := strconv.ParseUint(s[i+1:i+5], 16, 16)
			if err != nil {
				return "", errEscape
			}
			units = append(units, uint16(n))
			i += 4
			continue
		}
		flush()
		_, size := utf8.DecodeRuneInString(s[i:])
		b.WriteString(meaning(s[i : i+size]))
		i += size - 1
	}
	flush()
	return b.String(), nil
}

func meaning(escaped string) string {
	switch escaped {
	case "t":
		return "\t"
	case "n":
		return "\n"
	case "r":
		return "\r"
	case "f":
		return "\f"
	}
	return escaped
}
