package shell

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/c-bata/go-prompt"
)

// atOnce is how long a key may wait for suggestions: less than anyone notices.
// What comes later is shown when it comes.
const atOnce = 15 * time.Millisecond

// remembered is how long suggestions are taken for true, and memory how many lines
// they are remembered for.
const (
	remembered = 3 * time.Second
	memory     = 64
)

// completer answers the line editor with what it knows and asks for the rest. Only
// the editor's goroutine calls suggest; one question is asked at a time, and a newer
// one ends the older.
type completer struct {
	ctx  context.Context
	ask  func(ctx context.Context, words []string) []Suggestion
	wake func()        // has the editor draw again
	turn chan struct{} // holds a token while a question is asked
	wg   sync.WaitGroup

	mu     sync.Mutex
	known  map[string]answer // by line
	asked  string            // the line of the question that is open, or ""
	cancel context.CancelFunc

	// What the editor shows. It keeps the number of the selected suggestion, and
	// so must not be given another list before another key.
	shownFor string
	shown    []prompt.Suggest
	open     bool // the word may go on behind a suggestion
}

type answer struct {
	list []Suggestion
	at   time.Time
}

func newCompleter(ctx context.Context, ask func(context.Context, []string) []Suggestion, wake func()) *completer {
	return &completer{ctx: ctx, ask: ask, wake: wake, turn: make(chan struct{}, 1), known: make(map[string]answer), cancel: func() {}}
}

// forget drops what is known, as a command may change it, and the question.
func (c *completer) forget() {
	c.drop()
	c.mu.Lock()
	clear(c.known)
	c.mu.Unlock()
	c.shownFor, c.shown = "", nil
}

// drop ends the question that is open: its answer is of no use any more, and must not
// have the editor draw again, as that takes the suggestion that is selected.
func (c *completer) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cancel()
	c.asked = ""
}

// rest waits until nothing is asked. It returns false if ctx ends before.
func (c *completer) rest(ctx context.Context) bool {
	select {
	case c.turn <- struct{}{}:
		<-c.turn
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// close ends the question that is open, and waits.
func (c *completer) close() {
	c.forget()
	c.wg.Wait()
}

// suggest returns what is known of how the line of a document goes on.
func (c *completer) suggest(doc prompt.Document) []prompt.Suggest {
	line := doc.TextBeforeCursor()
	switch {
	case line == "" && doc.LastKeyStroke() == 0:
		return nil // the library empties its list, whatever the line is
	case line == c.shownFor && c.shown != nil:
		return c.shown
	}
	c.shownFor, c.shown = line, nil
	s := scan(line)
	if c.ask == nil || s.noted || strings.TrimSpace(line) == "" && doc.LastKeyStroke() != prompt.Tab {
		c.drop()
		return nil
	}
	words, raw := append(s.words, s.word.String()), ""
	if s.inWord {
		raw = line[s.start:]
	}
	if list, ok := c.answer(line, words); ok {
		c.shown = suggests(list, raw)
		c.open = slices.ContainsFunc(list, func(s Suggestion) bool { return s.Open })
	}
	return c.shown
}

// answer returns the suggestions for a line if they are known or come at once.
func (c *completer) answer(line string, words []string) ([]Suggestion, bool) {
	c.mu.Lock()
	a, ok := c.known[line]
	ok = ok && time.Since(a.at) < remembered
	pending := c.asked == line && line != ""
	c.mu.Unlock()
	if ok || pending {
		if !pending {
			c.drop()
		}
		return a.list, ok
	}
	q := c.question(line, words)
	t := time.NewTimer(atOnce)
	defer t.Stop()
	select {
	case <-q.done:
	case <-t.C:
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	q.late = !q.answered
	return q.list, q.answered
}

// question is one that is asked. The completer's mu guards it.
type question struct {
	done     chan struct{}
	list     []Suggestion
	answered bool
	late     bool // the editor no longer waits for it
}

// question asks, instead of what was asked before.
func (c *completer) question(line string, words []string) *question {
	c.drop()
	ctx, cancel := context.WithCancel(c.ctx)
	c.mu.Lock()
	c.asked, c.cancel = line, cancel
	c.mu.Unlock()
	q := &question{done: make(chan struct{})}
	c.wg.Go(func() { // ends with the answer, which cancel can end
		defer close(q.done)
		if !c.enter(ctx) {
			return
		}
		list := c.ask(ctx, words)
		<-c.turn
		if c.learn(ctx, q, line, list) {
			c.wake()
		}
	})
	return q
}

// enter takes the turn, which is to be given back, unless ctx ends before.
func (c *completer) enter(ctx context.Context) bool {
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	if ctx.Err() != nil {
		<-c.turn
		return false
	}
	return true
}

// learn notes an answer, if it still is wanted. It tells whether the editor must be
// woken for it.
func (c *completer) learn(ctx context.Context, q *question, line string, list []Suggestion) (wake bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ctx.Err() != nil {
		return false
	}
	if len(c.known) >= memory {
		clear(c.known)
	}
	c.known[line] = answer{list, time.Now()}
	q.list, q.answered = list, true
	c.asked = ""
	c.cancel() // it is done
	return q.late
}

// suggests turns suggestions into what replaces the end of the raw word: go-prompt
// takes what follows the last blank for the word, also within quotes. What has a
// control character cannot be typed, and must not reach the terminal.
func suggests(list []Suggestion, raw string) []prompt.Suggest {
	cut := strings.LastIndexByte(raw, ' ') + 1
	var all []prompt.Suggest
	for _, s := range list {
		if text, ok := like(raw[:cut], s.Text); ok && !strings.ContainsFunc(s.Text, unicode.IsControl) {
			all = append(all, prompt.Suggest{Text: text[cut:], Description: printable(s.Description)})
		}
	}
	return all
}

// like quotes a word in the way in which the user has begun to.
func like(begun, word string) (string, bool) {
	for _, text := range []string{quote(word), doubleQuoted(word), escaped(word)} {
		if strings.HasPrefix(text, begun) {
			return text, true
		}
	}
	return "", false
}

func doubleQuoted(word string) string { return `"` + escape(word, "\"\\$`") + `"` }

// escaped does without quotes. It has a form for every word but the empty one.
func escaped(word string) string {
	text := escape(word, " \t\n\r'\"\\")
	if strings.HasPrefix(text, "#") {
		return `\` + text
	}
	return text
}

// escape puts a backslash before each of some characters.
func escape(word, special string) string {
	var b strings.Builder
	for i := range len(word) {
		if strings.IndexByte(special, word[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(word[i])
	}
	return b.String()
}

// printable replaces control characters.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
