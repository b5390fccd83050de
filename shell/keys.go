package shell

import (
	"bytes"
	"unicode/utf8"
)

// The keys that matter here.
const (
	keyInterrupt = 0x03
	keyEscape    = 0x1b
)

// Keys that the shell itself presses. No keyboard sends the last two, which the
// library takes for F23 and F24.
const (
	wakeKey   = "\x1b[E"    // the library ignores it, but for drawing again
	leaveKey  = "\x1b[#;2~" // the library's editor is to return
	acceptKey = "\x1b[$;2~" // the word has been completed
)

// The marks that a terminal puts around what is pasted, if it was ever told to.
const (
	pasteBegin = "\x1b[200~"
	pasteEnd   = "\x1b[201~"
)

// keys takes apart what was read from a terminal: go-prompt takes whatever comes from
// one read for one key, also several lines that were pasted.
type keys struct{ pending []byte }

// add appends what was read.
func (k *keys) add(b []byte) { k.pending = append(k.pending, b...) }

// next returns the next key: a control character, an escape sequence, or as many
// printable characters as there are. It returns nil if there is none that is whole.
// What begins an escape sequence may go on in the next read, unless it is late: then
// it is a key, as Escape is.
func (k *keys) next(late bool) []byte {
	for {
		n := keyLen(k.pending)
		if n == 0 && late {
			n = len(k.pending)
		}
		if n == 0 {
			return nil
		}
		key := k.pending[:n:n]
		k.pending = k.pending[n:]
		switch {
		case string(key) == pasteBegin, string(key) == pasteEnd:
			continue
		case key[0] == '\n':
			return []byte{'\r'}
		}
		return key
	}
}

// keyLen is the length of the first key in b, 0 if it is not whole.
func keyLen(b []byte) int {
	switch {
	case len(b) == 0:
		return 0
	case b[0] == keyEscape:
		return escapeLen(b)
	case b[0] < 0x20 || b[0] == 0x7f:
		return 1
	}
	n := bytes.IndexFunc(b, func(r rune) bool { return r < 0x20 || r == 0x7f })
	if n < 0 {
		n = len(b)
		for cut := max(n-utf8.UTFMax, 0); cut < n; cut++ { // a character may be on its way
			if !utf8.FullRune(b[cut:n]) && utf8.RuneStart(b[cut]) {
				return cut
			}
		}
	}
	return n
}

// longestEscape bounds an escape sequence: what is longer is none.
const longestEscape = 32

// escapeLen is the length of an escape sequence, of ECMA-48's CSI and SS3 or ESC and
// one character, and 0 if it is not whole.
func escapeLen(b []byte) int {
	if len(b) == 1 {
		return 0
	}
	if b[1] != '[' && b[1] != 'O' {
		return 2
	}
	for i := 2; i < len(b); i++ {
		if b[i] >= 0x40 && b[i] <= 0x7e && !(i == 2 && b[i] == '[') { // the Linux console sends ESC [ [ A
			return i + 1
		}
	}
	if len(b) > longestEscape {
		return len(b)
	}
	return 0
}
