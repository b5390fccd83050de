package shell

import (
	"errors"
	"slices"
	"testing"
)

func TestSplit(t *testing.T) {
	for _, k := range []struct {
		line string
		want []string
	}{
		{"", nil},
		{"   \t", nil},
		{"ls /app", []string{"ls", "/app"}},
		{"  ls\t/app  ", []string{"ls", "/app"}},
		{`a 'b c' d`, []string{"a", "b c", "d"}},
		{`a "b c" d`, []string{"a", "b c", "d"}},
		{`a'b c'd`, []string{"ab cd"}},
		{`a\ b`, []string{"a b"}},
		{`''`, []string{""}},
		{`a "" b`, []string{"a", "", "b"}},
		{`"\"\\\$\n"`, []string{`"\$\n`}},
		{`'\n'`, []string{`\n`}},
		{"ls # comment", []string{"ls"}},
		{"# comment", nil},
		{"a#b", []string{"a#b"}},
		{"create /ä 'ö'", []string{"create", "/ä", "ö"}},
	} {
		got, err := Split(k.line)
		if err != nil || !slices.Equal(got, k.want) {
			t.Errorf("%q: %q %v, want %q", k.line, got, err, k.want)
		}
	}
}

func TestSplitFails(t *testing.T) {
	for line, column := range map[string]int{`a 'b`: 3, `"`: 1, `a b\`: 4, `'it''s`: 5} {
		got, err := Split(line)
		bad, ok := errors.AsType[*SyntaxError](err)
		if !ok || bad.Column != column {
			t.Errorf("%q: %q %v, want column %d", line, got, err, column)
		}
	}
}

func FuzzQuote(f *testing.F) {
	for _, w := range []string{"", "a", "a b", "it's", `"`, `\`, "#", "\n", "'\"\\$`", "ä"} {
		f.Add(w, "x")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		words := []string{a, b, a}
		got, err := Split(Quote(words))
		if err != nil || !slices.Equal(got, words) {
			t.Fatalf("%q: %q %v", words, got, err)
		}
	})
}

func FuzzSplit(f *testing.F) {
	f.Add(`a 'b' "c" \d #e`)
	f.Fuzz(func(t *testing.T, line string) {
		words, err := Split(line)
		if err != nil {
			return
		}
		again, err := Split(Quote(words))
		if err != nil || !slices.Equal(again, words) {
			t.Fatalf("%q: %q, then %q %v", line, words, again, err)
		}
	})
}

func TestKeys(t *testing.T) {
	for _, c := range []struct {
		in   []string
		want []string
	}{
		{[]string{"ls /a\rpwd\r"}, []string{"ls /a", "\r", "pwd", "\r"}},
		{[]string{"one\ntwo"}, []string{"one", "\r", "two"}},
		{[]string{"l\t\t"}, []string{"l", "\t", "\t"}},
		{[]string{"\x1b[A\x1b[1;5Dx"}, []string{"\x1b[A", "\x1b[1;5D", "x"}},
		{[]string{"\x1bOA\x1bb"}, []string{"\x1bOA", "\x1bb"}},
		{[]string{"\x1b"}, []string{"\x1b"}},
		{[]string{"\x1b", "[", "A"}, []string{"\x1b[A"}},
		{[]string{"a\x1b[20", "0~b\x1b[201", "~"}, []string{"a", "b"}},
		{[]string{"\x1b[["}, []string{"\x1b[["}},
		{[]string{"\x1b[200~a b\rc\x1b[201~"}, []string{"a b", "\r", "c"}},
		{[]string{"\xc3", "\xa4x"}, []string{"äx"}},
		{[]string{"\x03\x04\x7f"}, []string{"\x03", "\x04", "\x7f"}},
	} {
		var k keys
		var got []string
		for _, in := range c.in {
			k.add([]byte(in))
			for key := k.next(false); key != nil; key = k.next(false) {
				got = append(got, string(key))
			}
		}
		for key := k.next(true); key != nil; key = k.next(true) { // nothing more came
			got = append(got, string(key))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
}
