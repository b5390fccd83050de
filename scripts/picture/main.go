//go:build linux || darwin

// Command picture records the picture in the README: it runs zooctl demo on a terminal
// of its own, types what a newcomer would type, and draws what that terminal shows at
// the end. Nothing in the picture is made up.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
)

const (
	columns = 92
	rows    = 30
)

// script is what is typed, and what must be on the screen before the next is.
var script = []struct{ wait, keys string }{
	{"demo /> ", "create -p /app/config '{\"replicas\":3}'\r"},
	{"/app/config\ndemo /> ", "create -s /app/job- first\r"},
	{"/app/job-0000000001\ndemo /> ", "tree /app\r"},
	{"job-0000000001\ndemo /> ", "cluster kill leader\r"},
	{"killed", "set /app/config '{\"replicas\":5}'\r"},
	{"5}'\ndemo /> ", "lock run /locks/report -- sh -c 'echo \"alone, token $ZOOCTL_FENCE\"'\r"},
	{"alone, token", "cluster start all\r"},
	{"leader", "get /app/"},
	{"/app/job-0000000001", ""},
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: picture FILE.svg")
		os.Exit(64)
	}
	if err := record(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

func record(file string) (err error) {
	dir, err := os.MkdirTemp("", "picture-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	exe := filepath.Join(dir, "zooctl")
	if out, err := exec.Command("go", "build", "-o", exe, "./cmd/zooctl").CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	cmd := exec.Command(exe, "demo")
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_STATE_HOME=", "XDG_CONFIG_HOME=", "TERM=xterm-256color", "NO_COLOR=")
	master, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: rows, Cols: columns})
	if err != nil {
		return err
	}
	defer master.Close()
	screen := vt10x.New(vt10x.WithSize(columns, rows))
	go func() { // ends with the terminal
		b := make([]byte, 4096)
		for {
			n, err := master.Read(b)
			_, _ = screen.Write(b[:n]) // it takes all
			if err != nil {
				return
			}
		}
	}()
	if err := typeAll(screen, master); err != nil {
		return err
	}
	svg := draw(screen)
	_, _ = master.WriteString("\x03\x04") // clear the line and leave
	if err := cmd.Wait(); err != nil {
		return err
	}
	return os.WriteFile(file, svg, 0o644)
}

// typeAll types the script, each key when the last has been shown.
func typeAll(screen vt10x.Terminal, master *os.File) error {
	typed := ""
	for _, step := range script {
		want := step.wait
		err := until(screen, func(text string) bool {
			i := 0
			if typed != "" {
				i = strings.LastIndex(text, typed)
			}
			return i >= 0 && strings.Contains(text[i:], want) && (step.keys == "" || strings.HasSuffix(strings.TrimSpace(text), ">"))
		})
		if err != nil {
			return fmt.Errorf("before %q: %w", step.keys, err)
		}
		typed = strings.TrimRight(step.keys, "\r")
		if len(typed) > 20 {
			typed = typed[:20] // a long line may be wrapped
		}
		if _, err := master.WriteString(step.keys); err != nil {
			return err
		}
	}
	return nil
}

func until(screen vt10x.Terminal, f func(text string) bool) error {
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if f(strings.Join(lines(screen), "\n")) {
			return nil
		}
	}
	return fmt.Errorf("it never came; the screen shows:\n%s", strings.Join(lines(screen), "\n"))
}

// lines is the text of the screen without the blanks at the ends, but for the one
// behind a prompt.
func lines(screen vt10x.Terminal) []string {
	screen.Lock()
	defer screen.Unlock()
	var all []string
	for y := range rows {
		var b strings.Builder
		for x := range columns {
			if c := screen.Cell(x, y).Char; c != 0 {
				b.WriteRune(c)
			} else {
				b.WriteByte(' ')
			}
		}
		line := strings.TrimRight(b.String(), " ")
		if strings.HasSuffix(line, ">") {
			line += " "
		}
		all = append(all, line)
	}
	return all
}

// The size of a character, in units of the picture.
const (
	wide = 8.4
	high = 18
)

// draw makes a picture of the screen.
func draw(screen vt10x.Terminal) []byte {
	screen.Lock()
	defer screen.Unlock()
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%d" font-family="ui-monospace,Menlo,Consolas,monospace" font-size="14">`+"\n",
		columns*wide+24, rows*high+24)
	b.WriteString(`<rect width="100%" height="100%" rx="8" fill="#14181f"/>` + "\n")
	for y := range rows {
		for x := 0; x < columns; {
			first := screen.Cell(x, y)
			n := 1
			for x+n < columns && alike(first, screen.Cell(x+n, y)) {
				n++
			}
			run(&b, screen, x, y, n)
			x += n
		}
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

func alike(a, b vt10x.Glyph) bool { return a.FG == b.FG && a.BG == b.BG && a.Mode == b.Mode }

// run draws n characters that look alike.
func run(b *bytes.Buffer, screen vt10x.Terminal, x, y, n int) {
	g := screen.Cell(x, y)
	left, top := 12+float64(x)*wide, 12+y*high
	if g.BG != vt10x.DefaultBG {
		fmt.Fprintf(b, `<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/>`+"\n", left, top, float64(n)*wide, high, colour(g.BG))
	}
	var text strings.Builder
	for i := range n {
		if c := screen.Cell(x+i, y).Char; c != 0 {
			text.WriteRune(c)
		} else {
			text.WriteByte(' ')
		}
	}
	if strings.TrimSpace(text.String()) == "" {
		return
	}
	fmt.Fprintf(b, `<text x="%.1f" y="%d" fill="%s" xml:space="preserve" textLength="%.1f">%s</text>`+"\n",
		left, top+13, colour(g.FG), float64(n)*wide, html.EscapeString(text.String()))
}

// colour is a colour of the terminal in the notation of the web.
func colour(c vt10x.Color) string {
	basic := []string{
		"#20262e", "#e06c75", "#98c379", "#d8b26e", "#61afef", "#c678dd", "#3a9fb0", "#c8ccd4",
		"#6b7482", "#ff8a93", "#b5e08f", "#f0cf8e", "#86c6ff", "#dba1f0", "#6fd3e0", "#ffffff",
	}
	switch {
	case int(c) < len(basic):
		return basic[c]
	case c == vt10x.DefaultBG:
		return "#14181f"
	}
	return "#d5dae2"
}
