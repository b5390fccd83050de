package shell

import (
	"fmt"
	"strings"
)

// SyntaxError is a line that cannot be split.
type SyntaxError struct {
	Column int // of the character that is to blame, from 1
	Reason string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("column %d: %s", e.Column, e.Reason) }

// Split splits a line into words as a POSIX shell does, but for expansions, of which
// there are none: blanks end a word, '…' keeps all as it is, "…" and a bare backslash
// take the next character for itself (between double quotes only one of " \ $ `), and
// # at the start of a word begins a comment.
func Split(line string) ([]string, error) {
	s := scan(line)
	if s.open >= 0 {
		return nil, &SyntaxError{s.open + 1, s.reason}
	}
	if s.inWord {
		s.words = append(s.words, s.word.String())
	}
	return s.words, nil
}

// scanner is how far a line has been read.
type scanner struct {
	words  []string        // those that have ended
	word   strings.Builder // the one that has not
	inWord bool
	start  int    // where that one begins
	open   int    // the quote or backslash that lacks its other half, or -1
	reason string // what it lacks
	noted  bool   // a comment has begun
}

func scan(line string) *scanner {
	s := &scanner{open: -1}
	var quote byte
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quote == '\'' && c == '\'', quote == '"' && c == '"':
			quote, s.open = 0, -1
		case quote == '"' && c == '\\' && i+1 < len(line) && strings.IndexByte("\"\\$`", line[i+1]) >= 0:
			i++
			s.word.WriteByte(line[i])
		case quote != 0:
			s.word.WriteByte(c)
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			s.end()
		case c == '#' && !s.inWord:
			s.noted = true
			return s
		default:
			s.begin(i)
			switch {
			case c == '\'' || c == '"':
				quote, s.open, s.reason = c, i, fmt.Sprintf("the quote %c is not closed", c)
			case c == '\\' && i+1 == len(line):
				s.open, s.reason = i, "nothing follows the backslash"
			case c == '\\':
				i++
				s.word.WriteByte(line[i])
			default:
				s.word.WriteByte(c)
			}
		}
	}
	return s
}

func (s *scanner) begin(at int) {
	if !s.inWord {
		s.inWord, s.start = true, at
	}
}

func (s *scanner) end() {
	if s.inWord {
		s.words = append(s.words, s.word.String())
		s.word.Reset()
		s.inWord = false
	}
}

// Quote is the inverse of Split: a line that Split turns into these words.
func Quote(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quote(w)
	}
	return strings.Join(quoted, " ")
}

func quote(w string) string {
	if w != "" && !strings.ContainsAny(w, " \t\n\r'\"\\") && w[0] != '#' {
		return w
	}
	return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
}
