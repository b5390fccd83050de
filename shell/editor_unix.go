//go:build linux || darwin

package shell

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/c-bata/go-prompt"
)

// leastRows is the height under which lines are not edited: the library would show
// nothing but a complaint.
const leastRows = 6

// mostSuggestions are shown at once.
const mostSuggestions = 8

// editor is one Interactive. The library's editor is driven line by line, so that it
// listens to no signal, on which it would exit the program; and it is made only once,
// since each opens a file that it never closes.
type editor struct {
	*Shell
	term      *terminal
	completer *completer
	prompt    *prompt.Prompt
	prefix    string

	// Only the library's loop and those that call it use these.
	text     string // of the line that is typed
	entered  bool   // the line has ended
	leaving  bool   // the library's editor returns without a line
	accepted string // the text that a lone suggestion makes of the line
	size     prompt.WinSize

	mu     sync.Mutex
	cancel context.CancelFunc // of the line that runs, or nil
	status int                // the shell is to end with this, if not 0
}

func newEditor(ctx context.Context, s *Shell, term *terminal) *editor {
	e := &editor{Shell: s, term: term}
	e.completer = newCompleter(ctx, s.Complete, func() { term.inject(wakeKey) })
	options := []prompt.Option{
		prompt.OptionParser(term),
		prompt.OptionWriter(writer{prompt.NewStdoutWriter()}),
		prompt.OptionLivePrefix(func() (string, bool) { return e.prefix, true }),
		prompt.OptionPrefixTextColor(prompt.DefaultColor),
		prompt.OptionAddKeyBind(
			prompt.KeyBind{Key: prompt.ControlM, Fn: func(*prompt.Buffer) { e.entered = true }},
			prompt.KeyBind{Key: prompt.F23, Fn: func(*prompt.Buffer) { e.leaving = true }},
			prompt.KeyBind{Key: prompt.Tab, Fn: e.tab},
			prompt.KeyBind{Key: prompt.F24, Fn: e.accept},
		),
		prompt.OptionSetExitCheckerOnInput(func(text string, _ bool) bool {
			e.text = text
			return e.leaving
		}),
	}
	if os.Getenv("NO_COLOR") != "" {
		options = append(options, colourless()...)
	}
	e.prompt = prompt.New(func(string) {}, e.suggest, options...)
	return e
}

// writer is the library's, but for the title of the window, which is not the shell's
// and which it would clear after each line.
type writer struct{ prompt.ConsoleWriter }

// ClearTitle leaves the title as it is.
func (writer) ClearTitle() {}

// read lets the user edit a line. There is none at the end of the input, and when the
// shell is to end.
func (e *editor) read() (line string, more bool) {
	e.text, e.prefix = "", ""
	if e.Prompt != nil {
		e.prefix = e.Prompt()
	}
	// The library keeps lines that the history does not. It appends to what it gets.
	e.set(prompt.OptionHistory(slices.Clip(e.typed.lines)))
	for {
		e.entered, e.leaving = false, false
		e.size = *e.term.GetWinSize()
		e.fit(e.text)
		line := e.prompt.Input()
		switch {
		case e.end() != 0:
			return "", false
		case e.entered:
			return line, true
		case !e.leaving: // Ctrl-D
			return "", false
		}
		e.again()
	}
}

// again clears what the library has left of a line, which it keeps: the size of the
// window has changed, and it learns that only when it starts.
func (e *editor) again() {
	columns := int(e.term.GetWinSize().Col)
	rows := max(1, (width(e.prefix)+width(e.text)+columns-1)/columns)
	fmt.Fprintf(e.Out, "\x1b[%dA\r\x1b[J", rows)
}

// suggest is the library's completer.
func (e *editor) suggest(doc prompt.Document) []prompt.Suggest {
	list := e.completer.suggest(doc)
	if e.fit(doc.Text) == 0 {
		return nil
	}
	return list
}

// fit bounds the suggestions by the rows that the line leaves them: were there too
// few, the library would clear the screen. The size of the window is that of the start,
// as for the library: a list that becomes shorter while one of it is selected would
// make it panic.
func (e *editor) fit(line string) int {
	used := (width(e.prefix)+width(line))/int(e.size.Col) + 2
	n := max(0, min(mostSuggestions, int(e.size.Row)-used))
	e.set(prompt.OptionMaxSuggestion(uint16(n)))
	return n
}

// set changes an option of the library's editor.
func (e *editor) set(option prompt.Option) {
	_ = option(e.prompt) // the options of the library never fail
}

// width is the number of columns that a text takes.
func width(text string) int {
	b := prompt.NewBuffer()
	b.InsertText(text, false, true)
	return b.DisplayCursorPosition()
}

// tab takes a suggestion that is the only one, instead of waiting for the user to
// choose it. The library takes the chosen one at the key after Tab.
func (e *editor) tab(b *prompt.Buffer) {
	defer e.term.release()
	line := b.Document().TextBeforeCursor()
	if e.completer.shownFor != line || len(e.completer.shown) != 1 {
		return
	}
	e.accepted = line[:strings.LastIndexByte(line, ' ')+1] + e.completer.shown[0].Text
	e.term.inject(acceptKey)
}

// accept ends the word that was completed, unless it may go on.
func (e *editor) accept(b *prompt.Buffer) {
	line := b.Document().TextBeforeCursor()
	if line == e.accepted && line != "" && !e.completer.open && b.Document().TextAfterCursor() == "" &&
		!strings.HasSuffix(strings.TrimRight(line, `'"`), "/") {
		b.InsertText(" ", false, true)
	}
	e.accepted = ""
}

// colourless are the options for users who want no colour.
func colourless() []prompt.Option {
	var all []prompt.Option
	for _, set := range []func(prompt.Color) prompt.Option{
		prompt.OptionSuggestionTextColor, prompt.OptionSuggestionBGColor, prompt.OptionDescriptionTextColor, prompt.OptionDescriptionBGColor,
		prompt.OptionSelectedDescriptionTextColor, prompt.OptionSelectedDescriptionBGColor, prompt.OptionSelectedSuggestionTextColor,
		prompt.OptionSelectedSuggestionBGColor, prompt.OptionPreviewSuggestionTextColor, prompt.OptionScrollbarBGColor, prompt.OptionScrollbarThumbColor,
	} {
		all = append(all, set(prompt.DefaultColor))
	}
	return all
}
