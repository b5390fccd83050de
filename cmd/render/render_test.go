package render

import (
	"encoding/json"
	"errors"
	"io"
	"iter"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

type row struct {
	Path string    `json:"path"`
	Size int       `json:"size"`
	Made time.Time `json:"-"`
	Payload
}

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func table(rows ...row) Table[row] {
	return Table[row]{Rows: Rows(rows), Columns: []Column[row]{
		{Name: "path", Cell: func(r row) any { return r.Path }},
		{Name: "dataSize", Cell: func(r row) any { return Size(r.Size) }},
		{Name: "made", Cell: func(r row) any { return r.Made }, Wide: true},
	}}
}

func show(t *testing.T, p Printer, v View) string {
	t.Helper()
	var b strings.Builder
	p.Out, p.Now = &b, func() time.Time { return now }
	if err := p.Print(v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestFormats(t *testing.T) {
	a, b := row{"/a", 1, now.Add(-3 * time.Minute), Bytes([]byte("x\n"))}, row{"/b\x1b[2J", 123456, time.Time{}, Bytes([]byte{0xff})}
	rec := Record{Value: a, Fields: []Field{{"path", a.Path}, {"czxid", Hex(31)}, {"age", Span(1234567 * time.Nanosecond)}}}
	tree := Tree[string]{Root: "/", Label: func(s string) string { return s }, Children: func(s string) []string {
		return map[string][]string{"/": {"a", "b"}, "a": {"c"}}[s]
	}}
	for _, c := range []struct {
		name string
		p    Printer
		v    View
		want string
	}{
		{"table in a pipe is bare", Printer{}, table(a, b), "/a\t1\n/b\x1b[2J\t123456\n"},
		{"table on a terminal", Printer{Terminal: true}, table(a, b), "PATH       DATASIZE\n/a              1 B\n/b\\x1b[2J  123.5 kB\n"},
		{"wide on a terminal", Printer{Terminal: true, Format: "wide"}, table(a), "PATH  DATASIZE  MADE\n/a         1 B  3m ago\n"},
		{"wide in a pipe", Printer{Format: "wide"}, table(a), "/a\t1\t2026-03-01T11:57:00.000Z\n"},
		{"json list", Printer{Format: "json"}, table(a, b), "[\n{\"path\":\"/a\",\"size\":1,\"data\":\"x\\n\"},\n{\"path\":\"/b\\u001b[2J\",\"size\":123456,\"data_b64\":\"/w==\"}\n]\n"},
		{"json empty list", Printer{Format: "json"}, table(), "[]\n"},
		{"yaml list", Printer{Format: "yaml"}, table(a), "- path: /a\n  size: 1\n  data: |\n    x\n"},
		{"yaml empty list", Printer{Format: "yaml"}, table(), "[]\n"},
		{"record in a pipe", Printer{}, rec, "path\t/a\nczxid\t0x1f\nage\t1.234567ms\n"},
		{"record on a terminal", Printer{Terminal: true}, rec, "path   /a\nczxid  0x1f\nage    1.23ms\n"},
		{"record as json", Printer{Format: "json"}, rec, "{\"path\":\"/a\",\"size\":1,\"data\":\"x\\n\"}\n"},
		{"colour", Printer{Terminal: true, Colour: true}, Record{Fields: []Field{{"state", State{Word: "down", Bad: true}}}}, "\x1b[2mstate\x1b[0m  \x1b[31mdown\x1b[0m\n"},
		{"no colour in a pipe", Printer{Colour: true}, Record{Fields: []Field{{"state", State{Word: "down", Bad: true}}}}, "state\tdown\n"},
		{"tree", Printer{}, tree, "/\n├── a\n│   └── c\n└── b\n"},
		{"data in a pipe is exact", Printer{}, Data{Items: []Datum{{Bytes: []byte("a\x00\x1b")}, {Bytes: []byte("b")}}, Many: true}, "a\x00\x1bb"},
		{"data on a terminal is escaped", Printer{Terminal: true}, Data{Items: []Datum{{Bytes: []byte("a\tb\n\x1b[2J\xff\u202e")}}}, "a\tb\n\\x1b[2J\\xff\\u202e\n"},
		{"several on a terminal", Printer{Terminal: true}, Data{Items: []Datum{{Name: "/a", Bytes: []byte("1")}, {Name: "/b"}}, Many: true}, "/a\n1\n\n/b\n"},
		{"several as json", Printer{Format: "json"}, Data{Items: []Datum{{Value: 1}}, Many: true}, "[\n1\n]\n"},
		{"stream as json", Printer{Format: "json"}, Stream[row]{Events: Rows([]row{a, a})}, strings.Repeat("{\"path\":\"/a\",\"size\":1,\"data\":\"x\\n\"}\n", 2)},
		{"stream as text", Printer{}, Stream[row]{Events: Rows([]row{a}), Columns: table().Columns}, "/a\t1\n"},
		{"stream as yaml", Printer{Format: "yaml"}, Stream[int]{Events: Rows([]int{1, 2})}, "---\n1\n---\n2\n"},
		{"text", Printer{}, Text{Text: "/a"}, "/a\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := show(t, c.p, c.v); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

// TestGrid holds the library to what is asked of it: headings as they are
// named, cells unbroken and escaped, numbers at the right.
func TestGrid(t *testing.T) {
	long := "/a/" + strings.Repeat("long word ", 20)
	got := show(t, Printer{Format: "table"}, table(row{Path: long, Size: 5}, row{Path: "/\x1b", Size: 12345678}))
	for _, want := range []string{"│ dataSize │", long, `/\x1b `, "│      5 B │", "│  12.3 MB │"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// TestStreamed reads a table of which each row is made when it is asked for:
// a reader who goes away must end the making.
func TestStreamed(t *testing.T) {
	made := 0
	endless := Table[row]{Columns: table().Columns, Rows: func(yield func(row, error) bool) {
		for made = 1; yield(row{Path: "/a"}, nil); made++ {
		}
	}}
	gone := errors.New("gone")
	for _, format := range []string{"text", "json", "yaml"} {
		if err := (Printer{Out: &full{1 << 20, gone}, Format: format}).Print(endless); !errors.Is(err, gone) {
			t.Errorf("%s: %v", format, err)
		}
		if made < 1000 {
			t.Errorf("%s: only %d rows were made for a megabyte", format, made)
		}
	}
}

// full is a writer that takes so many bytes and no more.
type full struct {
	room int
	err  error
}

func (f *full) Write(b []byte) (int, error) {
	if f.room -= len(b); f.room < 0 {
		return 0, f.err
	}
	return len(b), nil
}

// TestFailing checks that rows that came before a failure are shown, that the
// failure is returned, and that the JSON is not a whole array.
func TestFailing(t *testing.T) {
	bad := errors.New("bad")
	seq := iter.Seq2[row, error](func(yield func(row, error) bool) {
		_ = yield(row{Path: "/a"}, nil) && yield(row{}, bad)
	})
	for _, p := range []Printer{{}, {Terminal: true}, {Format: "json"}, {Format: "yaml"}} {
		var b strings.Builder
		p.Out = &b
		if err := p.Print(Table[row]{Rows: seq, Columns: table().Columns}); !errors.Is(err, bad) {
			t.Errorf("%+v: %v", p, err)
		}
		if !strings.Contains(b.String(), "/a") {
			t.Errorf("%+v: the first row is lost: %q", p, b.String())
		}
		if p.Format == "json" && json.Valid([]byte(b.String())) {
			t.Errorf("a part looks like the whole: %q", b.String())
		}
	}
}

func TestFormatIsKnown(t *testing.T) {
	if err := (Printer{Out: io.Discard, Format: "xml"}).Print(table()); !errors.Is(err, ErrFormat) {
		t.Error(err)
	}
	for _, f := range Formats() {
		if err := CheckFormat(f); err != nil {
			t.Error(f, err)
		}
	}
	if CheckFormat("") == nil {
		t.Error("an empty format is taken")
	}
}

func TestUnits(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 999_950: "1.0 MB", 1 << 20: "1.0 MB", 1 << 60: "1152921.5 TB"} {
		if got := sized(n); got != want {
			t.Errorf("sized(%d) = %q, want %q", n, got, want)
		}
	}
	p := page{terminal: true, now: now}
	for d, want := range map[time.Duration]string{
		0: "less than a second ago", 59 * time.Second: "59s ago", -time.Hour: "in 1h", 47 * time.Hour: "47h ago", 48 * time.Hour: "2d ago", 3 * 365 * 24 * time.Hour: "3y ago",
	} {
		if got := p.time(now.Add(-d)); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
	if got := p.time(time.UnixMilli(0)); got != "-" {
		t.Errorf("the time 0 is %q", got)
	}
}

// FuzzEscape checks that nothing that a terminal obeys survives, and that
// plain text is left alone.
func FuzzEscape(f *testing.F) {
	f.Add("plain")
	f.Add("\x1b]0;title\x07\u009b31m\xc3\u2028")
	f.Fuzz(func(t *testing.T, s string) {
		for _, r := range Escape(s) {
			if obeyed(r) || r == '\uFFFD' && !strings.ContainsRune(s, '\uFFFD') {
				t.Errorf("Escape(%q) = %q holds %q", s, Escape(s), r)
			}
		}
		if isPlain(s) && Escape(s) != s {
			t.Errorf("Escape(%q) = %q", s, Escape(s))
		}
	})
}

// FuzzYAML checks that YAML says what JSON says, whatever the strings.
func FuzzYAML(f *testing.F) {
	f.Add("a: b", "")
	f.Add("yes\r\n\x7f\u0085\u2028", "- 0x1f")
	f.Add("\x00", "\ufeff ")
	f.Fuzz(func(t *testing.T, path, data string) {
		path = strings.ToValidUTF8(path, "?")
		in := row{Path: path, Size: 7, Payload: Bytes([]byte(data))}
		var out struct {
			Path    string
			Size    int
			Data    *string
			DataB64 *string `yaml:"data_b64"`
		}
		text := show(t, Printer{Format: "yaml"}, Record{Value: in})
		if err := yaml.Unmarshal([]byte(text), &out); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if out.Path != path || out.Size != 7 || (in.Data == nil) != (out.Data == nil) || in.Data != nil && *in.Data != *out.Data {
			t.Errorf("%+v became %+v by %q", in, out, text)
		}
	})
}
