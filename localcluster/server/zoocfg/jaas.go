package zoocfg

import (
	"fmt"
	"strings"
)

// Users reads from a JAAS configuration the users of one of its sections, by name:
// the options user_NAME="PASSWORD" of its DigestLoginModule. It returns none if there
// is no such section. Any other module in the section is an error, since it asks for
// something else than names and passwords. Sections of other names are for others.
func Users(text, section string) (map[string]string, error) {
	s := jaasScanner{text: text, line: 1}
	users := map[string]string(nil)
	for {
		name, err := s.token()
		if err != nil || name == "" {
			return users, err
		}
		if err := s.want("{"); err != nil {
			return nil, err
		}
		found, err := s.modules(name == section)
		if err != nil {
			return nil, err
		}
		if name == section {
			users = found
		}
		if err := s.want(";"); err != nil {
			return nil, err
		}
	}
}

// modules reads what is between the braces of a section.
func (s *jaasScanner) modules(ours bool) (map[string]string, error) {
	users := map[string]string{}
	for {
		class, err := s.token()
		switch {
		case err != nil:
			return nil, err
		case class == "}":
			return users, nil
		case class == "":
			return nil, s.errorf("a section does not end")
		case ours && !strings.HasSuffix(class, ".DigestLoginModule"):
			return nil, s.errorf("%s cannot be honoured: names and passwords of a DigestLoginModule are known here", class)
		}
		if _, err := s.token(); err != nil { // required, requisite, …
			return nil, err
		}
		if err := s.options(users); err != nil {
			return nil, err
		}
	}
}

// options reads NAME=VALUE up to the semicolon.
func (s *jaasScanner) options(users map[string]string) error {
	for {
		name, err := s.token()
		if err != nil {
			return err
		}
		if name == ";" {
			return nil
		}
		if name == "" {
			return s.errorf("a module does not end with a semicolon")
		}
		if err := s.want("="); err != nil {
			return err
		}
		value, err := s.token()
		if err != nil {
			return err
		}
		if user, ok := strings.CutPrefix(name, "user_"); ok {
			users[user] = value
		}
	}
}

func (s *jaasScanner) want(what string) error {
	got, err := s.token()
	if err == nil && got != what {
		err = s.errorf("%q is missing", what)
	}
	return err
}

// jaasScanner splits a JAAS configuration.
type jaasScanner struct {
	text string
	line int
}

func (s *jaasScanner) errorf(format string, args ...any) error {
	return &Error{Line: s.line, Reason: fmt.Sprintf(format, args...)}
}

// token returns the next word, what stands between quotes, or a sign; "" at the end.
func (s *jaasScanner) token() (string, error) {
	if err := s.skip(); err != nil || s.text == "" {
		return "", err
	}
	switch c := s.text[0]; {
	case strings.IndexByte("{};=", c) >= 0:
		s.text = s.text[1:]
		return string(c), nil
	case c == '"' || c == '\'':
		return s.quoted(c)
	}
	end := strings.IndexAny(s.text, " \t\r\n{};=\"'")
	if end < 0 {
		end = len(s.text)
	}
	word := s.text[:end]
	s.text = s.text[end:]
	return word, nil
}

func (s *jaasScanner) quoted(quote byte) (string, error) {
	var b strings.Builder
	for i := 1; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == quote:
			s.text = s.text[i+1:]
			return b.String(), nil
		case c == '\n':
			return "", s.errorf("a quote does not end on its line")
		case c == '\\' && i+1 < len(s.text):
			i++
			b.WriteByte(s.text[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", s.errorf("a quote does not end")
}

// skip passes over blanks and comments, of both kinds that Java has.
func (s *jaasScanner) skip() error {
	for s.text != "" {
		end := 1
		switch {
		case strings.IndexByte(" \t\r\n", s.text[0]) >= 0:
		case strings.HasPrefix(s.text, "//"), s.text[0] == '#':
			if end = strings.IndexByte(s.text, '\n'); end < 0 {
				end = len(s.text)
			}
		case strings.HasPrefix(s.text, "/*"):
			i := strings.Index(s.text[2:], "*/")
			if i < 0 {
				return s.errorf("a comment does not end")
			}
			end = i + 4
		default:
			return nil
		}
		s.line += strings.Count(s.text[:end], "\n")
		s.text = s.text[end:]
	}
	return nil
}
