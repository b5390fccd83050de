package shell

import (
	"context"
	"strings"
	"sync"
	"time"

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
	wake func() // has the editor draw again
	wg   sync.WaitGroup

	mu     sync.Mutex
	known  map[string]answer // by line
	asked  string
	cancel context.CancelFunc

	// What the editor shows. It keeps the number of the selected suggestion, and
	// so must not be given another list before another key.
	shownFor string
	shown    []prompt.Suggest
}

type answer struct {
	list []Suggestion
	at   time.Time
}

func newCompleter(ctx context.Context, ask func(context.Context, []string) []Suggestion, wake func()) *completer {
	return &completer{ctx: ctx, ask: ask, wake: wake, known: make(map[string]answer), cancel: func() {}}
}

// forget drops what is known: a command has run and may have changed it.
func (c *completer) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cancel()
	c.known, c.asked = make(map[string]answer), ""
	c.shownFor, c.shown = "", nil
}

// close ends the question that is open, and waits.
func (c *completer) close() {
	c.forget()
	c.wg.Wait()
}

// suggest is go-prompt's completer.
func (c *completer) suggest(doc prompt.Document) []prompt.Suggest {
	line := doc.TextBeforeCursor()
	if line == c.shownFor && c.shown != nil {
		return c.shown
	}
	c.shownFor, c.shown = line, nil
	if c.ask == nil || strings.TrimSpace(line) == "" && doc.LastKeyStroke() != prompt.Tab {
		return nil
	}
	s := scan(line)
	if s.noted {
		return nil
	}
	words, raw := append(s.words, s.word.String()), ""
	if s.inWord {
		raw = line[s.start:]
	}
	list, ok := c.answer(line, words)
	if !ok {
		return nil
	}
	c.shown = suggests(list, raw)
	return c.shown
}

// answer returns the suggestions for a line if they are known or come at once.
func (c *completer) answer(line string, words []string) ([]Suggestion, bool) {
	c.mu.Lock()
	a, ok := c.known[line]
	if ok && time.Since(a.at) < remembered {
		c.mu.Unlock()
		return a.list, true
	}
	if c.asked == line {
		c.mu.Unlock()
		return nil, false
	}
	c.cancel()
	var ctx context.Context
	ctx, c.cancel = context.WithCancel(c.ctx)
	c.asked = line
	c.mu.Unlock()
	var list []Suggestion // guarded by mu, as late is
	late := false
	done := make(chan struct{})
	c.wg.Go(func() { // ends with the answer, which ctx can end
		found := c.ask(ctx, words)
		c.mu.Lock()
		if ctx.Err() == nil {
			list = found
			c.learn(line, found)
		}
		tell := late && ctx.Err() == nil
		close(done)
		c.mu.Unlock()
		if tell {
			c.wake()
		}
	})
	t := time.NewTimer(atOnce)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-done:
		return list, true
	default:
		late = true
		return nil, false
	}
}

// learn notes an answer. The caller holds mu.
func (c *completer) learn(line string, list []Suggestion) {
	if len(c.known) >= memory {
		clear(c.known)
	}
	c.known[line] = answer{list, time.Now()}
	if c.asked == line {
		c.asked = ""
	}
}

// suggests turns suggestions into what replaces the end of the raw word: go-prompt
// takes what follows the last blank for the word, also within quotes.
func suggests(list []Suggestion, raw string) []prompt.Suggest {
	cut := strings.LastIndexByte(raw, ' ') + 1
	var all []prompt.Suggest
	for _, s := range list {
		text := quote(s.Text)
		if !strings.HasPrefix(text, raw[:cut]) {
			continue // it is quoted in another way than the user does it
		}
		all = append(all, prompt.Suggest{Text: text[cut:], Description: s.Description})
	}
	return all
}
