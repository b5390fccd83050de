package render

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The kinds of cells besides strings, integers, bools and time.Time. A
// command says what a value is; this package says how it looks.
type (
	// Size is a number of bytes: rounded on a terminal ("1.4 MB"), exact in a
	// pipe.
	Size int64
	// Hex is a number that is known by its hexadecimal form, such as a zxid
	// or a session id.
	Hex int64
	// Span is a duration, shown to three digits on a terminal and exactly in
	// a pipe.
	Span time.Duration
	// State is a word with a colour of its own: green if Good, red if Bad.
	State struct {
		Word      string
		Good, Bad bool
	}
)

// cell is a value made ready to be written.
type cell struct {
	text   string
	number bool   // stands at the right
	colour string // an SGR parameter, "" for none
}

const (
	bold  = "1"
	faint = "2"
	red   = "31"
	green = "32"
	blue  = "34"
)

// cell makes v ready for the page: for people on a terminal, for programs in
// a pipe.
func (p *page) cell(v any) cell {
	switch v := v.(type) {
	case nil:
		return cell{}
	case string:
		return cell{text: p.clean(v)}
	case State:
		c := cell{text: p.clean(v.Word)}
		if v.Bad {
			c.colour = red
		} else if v.Good {
			c.colour = green
		}
		return c
	case Size:
		if p.terminal {
			return cell{text: sized(int64(v)), number: true}
		}
		return cell{text: strconv.FormatInt(int64(v), 10), number: true}
	case Hex:
		return cell{text: "0x" + strconv.FormatUint(uint64(v), 16)}
	case Span:
		return cell{text: p.span(time.Duration(v)), number: true}
	case time.Time:
		return cell{text: p.time(v)}
	case bool:
		return cell{text: strconv.FormatBool(v)}
	}
	return cell{text: p.clean(fmt.Sprint(v)), number: true}
}

// clean makes s fit for a cell: never more than a line, and on a terminal
// without a byte that the terminal would obey.
func (p *page) clean(s string) string {
	if p.terminal {
		return Escape(s)
	}
	if !strings.ContainsAny(s, "\t\n\r") {
		return s
	}
	return strings.NewReplacer("\t", `\t`, "\n", `\n`, "\r", `\r`).Replace(s)
}

// Escape returns s with every control character, every byte that is not
// UTF-8 and every mark that turns the direction of writing shown as an
// escape of Go: what it returns can be written to a terminal.
func Escape(s string) string { return escape(s, "") }

// escape is Escape that lets the characters in keep pass.
func escape(s, keep string) string {
	if isPlain(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case r < utf8.RuneSelf && strings.ContainsRune(keep, r):
			b.WriteRune(r)
		case obeyed(r):
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		default:
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

// isPlain says that s is printable ASCII, as nearly everything is.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// obeyed says that a terminal may act on r instead of showing it.
func obeyed(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
}

// paint sets s in a colour, if the page has colours.
func (p *page) paint(colour, s string) string {
	if colour == "" || !p.colour || s == "" {
		return s
	}
	return "\x1b[" + colour + "m" + s + "\x1b[0m"
}

// time shows t relative to now on a terminal and exactly in a pipe. The zero
// time and the ZooKeeper time 0 are shown as nothing that happened.
func (p *page) time(t time.Time) string {
	if t.IsZero() || t.UnixMilli() == 0 {
		return "-"
	}
	if !p.terminal {
		return t.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	d := p.now.Sub(t)
	if d < 0 {
		return "in " + roughly(-d)
	}
	return roughly(d) + " ago"
}

func (p *page) span(d time.Duration) string {
	if !p.terminal {
		return d.String()
	}
	for _, unit := range []time.Duration{time.Second, time.Millisecond, time.Microsecond} {
		if d >= unit || d <= -unit {
			return d.Round(unit / 100).String()
		}
	}
	return d.String()
}

// roughly says d in its largest unit.
func roughly(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Second:
		return "less than a second"
	case d < time.Minute:
		return strconv.Itoa(int(d/time.Second)) + "s"
	case d < time.Hour:
		return strconv.Itoa(int(d/time.Minute)) + "m"
	case d < 2*day:
		return strconv.Itoa(int(d/time.Hour)) + "h"
	case d < 2*365*day:
		return strconv.Itoa(int(d/day)) + "d"
	}
	return strconv.Itoa(int(d/(365*day))) + "y"
}

// sized says n in the largest decimal unit that it reaches.
func sized(n int64) string {
	if n < 1000 {
		return strconv.FormatInt(n, 10) + " B"
	}
	f, unit := float64(n), 0
	for f >= 999.95 && unit < 4 {
		f /= 1000
		unit++
	}
	return strconv.FormatFloat(f, 'f', 1, 64) + " " + [...]string{"B", "kB", "MB", "GB", "TB"}[unit]
}

// width is the number of columns that s takes on a terminal, as far as that
// can be said without knowing the terminal: one for each character.
func width(s string) int { return utf8.RuneCountInString(s) }
