package shell

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/c-bata/go-prompt"
)

// document is a line with the cursor at its end.
func document(line string) prompt.Document {
	b := prompt.NewBuffer()
	b.InsertText(line, false, true)
	return *b.Document()
}

// TestOneQuestion asks anew while an older question takes its time to end: no two are
// asked at once, the newest is answered, and no command begins before all have ended.
func TestOneQuestion(t *testing.T) {
	begun, end, woken := make(chan string, 8), make(chan struct{}), make(chan struct{}, 8)
	var asking, most atomic.Int32
	c := newCompleter(t.Context(), func(ctx context.Context, words []string) []Suggestion {
		most.Store(max(most.Load(), asking.Add(1)))
		defer asking.Add(-1)
		begun <- words[len(words)-1]
		<-end
		return []Suggestion{{Text: words[len(words)-1] + "!"}}
	}, func() { woken <- struct{}{} })
	defer c.close()
	for _, line := range []string{"a", "ab", "abc"} {
		if got := c.suggest(document(line)); got != nil {
			t.Fatalf("%q: %v", line, got)
		}
	}
	if first := <-begun; first != "a" {
		t.Fatalf("%q was asked first", first)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if c.rest(ctx) {
		t.Error("at rest while a question is asked, and the context has ended")
	}
	end <- struct{}{} // the first
	if next := <-begun; next != "abc" {
		t.Errorf("%q was asked next", next)
	}
	end <- struct{}{}
	<-woken
	if got := c.suggest(document("abc")); len(got) != 1 || got[0].Text != "abc!" {
		t.Errorf("%v", got)
	}
	if !c.rest(t.Context()) || asking.Load() != 0 || most.Load() != 1 {
		t.Errorf("%d are asked, %d at most", asking.Load(), most.Load())
	}
}

// TestSuperseded goes back to a line whose answer is known, while another is asked
// for. The other's must not have the editor draw again.
func TestSuperseded(t *testing.T) {
	ended := make(chan struct{})
	c := newCompleter(t.Context(), func(ctx context.Context, words []string) []Suggestion {
		if words[0] == "slow" {
			<-ctx.Done()
			close(ended)
		}
		return []Suggestion{{Text: words[0]}}
	}, func() { t.Error("woken") })
	defer c.close()
	c.known["known"] = answer{list: []Suggestion{{Text: "known"}}, at: time.Now()}
	c.suggest(document("slow"))
	if got := c.suggest(document("known")); len(got) != 1 {
		t.Errorf("%v", got)
	}
	<-ended
}

func TestSuggests(t *testing.T) {
	for _, k := range []struct {
		raw, text string
		want      []string
	}{
		{"/a", "/ab", []string{"/ab"}},
		{"", "a b", []string{"'a b'"}},
		{"'a ", "a b", []string{"b'"}},
		{`"a `, "a b", []string{`b"`}},
		{`a\ `, "a b", []string{"b"}},
		{"", "a\x1b[2Jb", nil},
		{"", "a\u009bb", nil},
	} {
		var got []string
		for _, s := range suggests([]Suggestion{{Text: k.text, Description: "x\ay"}}, k.raw) {
			got = append(got, s.Text)
			if s.Description != "x\ufffdy" {
				t.Errorf("description %q", s.Description)
			}
		}
		if !slices.Equal(got, k.want) {
			t.Errorf("%q %q: %q, want %q", k.raw, k.text, got, k.want)
		}
	}
}

// FuzzLike quotes in the way that has been begun, so that Split sees the word.
func FuzzLike(f *testing.F) {
	for _, begun := range []string{"", "'", `"`, `a\ `} {
		f.Add(begun, "a b")
		f.Add(begun, "it's \"$x\" \\")
	}
	f.Fuzz(func(t *testing.T, begun, word string) {
		text, ok := like(begun, word)
		if !ok {
			return
		}
		if got, err := Split(text); err != nil || !slices.Equal(got, []string{word}) {
			t.Fatalf("%q %q: %q is %q %v", begun, word, text, got, err)
		}
	})
}
