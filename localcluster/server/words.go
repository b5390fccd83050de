package server

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// notServing is what most words and admin commands say without a leader.
const notServing = "This ZooKeeper instance is not currently serving requests"

// word is one of the four-letter words of Apache ZooKeeper 3.9.
type word struct {
	answer func(*Server, *strings.Builder, *conn)
	always bool // answers without a leader too
}

// words are those of Apache ZooKeeper 3.9, with its texts.
var words = map[string]word{
	"ruok": {func(_ *Server, b *strings.Builder, _ *conn) { b.WriteString("imok") }, true},
	"envi": {(*Server).envi, true},
	"isro": {(*Server).isro, true},
	"gtmk": {func(s *Server, b *strings.Builder, _ *conn) { fmt.Fprint(b, s.stats.trace.Load()) }, true},
	"conf": {(*Server).conf, false},
	"cons": {(*Server).cons, false},
	"crst": {func(s *Server, b *strings.Builder, _ *conn) {
		s.resetConnections()
		b.WriteString("Connection stats reset.\n")
	}, false},
	"dirs": {(*Server).dirs, false},
	"dump": {(*Server).dump, false},
	"hash": {func(*Server, *strings.Builder, *conn) {}, false}, // as where zookeeper.digest.enabled is false: no digests are kept
	"mntr": {(*Server).mntr, false},
	"srst": {func(s *Server, b *strings.Builder, _ *conn) {
		s.resetStats()
		b.WriteString("Server stats reset.\n")
	}, false},
	"srvr": {(*Server).srvr, false},
	"stat": {(*Server).stat, false},
	"wchc": {(*Server).wchc, false},
	"wchp": {(*Server).wchp, false},
	"wchs": {(*Server).wchs, false},
}

// The words that are more than an answer: stmk is followed by eight bytes, and what
// telnet sends when it closes is closed.
const (
	wordSetTrace = "stmk"
	wordTelnet   = "telnet close"
	telnetClose  = "\xff\xf4\xff\xfd"
)

// traceTime bounds the wait for the eight bytes behind stmk.
const traceTime = time.Second

// fourLetterWord tells whether a connection begins with a word, and with which.
// "Unknown 4 bytes -> close": they are taken for the length of a frame.
func fourLetterWord(head []byte) (string, bool) {
	w := string(head)
	if w == telnetClose {
		return wordTelnet, true
	}
	_, ok := words[w]
	return w, ok || w == wordSetTrace
}

// enabled tells whether the configuration lets a word be answered. srvr always is, as
// the scripts of Apache ZooKeeper depend on it.
func (cfg *Config) enabled(w string) bool {
	return cfg.Words == nil || w == "srvr" || slices.ContainsFunc(cfg.Words, func(x string) bool {
		x = strings.TrimSpace(x)
		return x == "*" || x == w
	})
}

// answerWord answers w and ends the connection. br is what follows the word.
func (s *Server) answerWord(c *conn, w string, br *bufio.Reader) {
	c.countReceived(len(telnetClose))
	var b strings.Builder
	switch f := words[w]; {
	case !s.cfg.enabled(w):
		fmt.Fprintf(&b, "%s is not executed because it is not in the whitelist.\n", w)
	case w == wordTelnet:
	case w == wordSetTrace:
		s.setTrace(c, &b, br)
	case !f.always && !s.answers():
		b.WriteString(notServing)
		if w != "hash" { // as Apache ZooKeeper: this one ends no line
			b.WriteByte('\n')
		}
	default:
		f.answer(s, &b, c)
	}
	out := c.out.lock()
	c.out.unlock(append(out, b.String()...))
	c.out.closeAfterLast()
}

// setTrace remembers a trace mask, which changes nothing here, and answers with it. A
// word without one is not answered.
func (s *Server) setTrace(c *conn, b *strings.Builder, br *bufio.Reader) {
	_ = c.nc.SetReadDeadline(time.Now().Add(traceTime))
	var all [12]byte // the word is still unread
	if _, err := io.ReadFull(br, all[:]); err != nil {
		return
	}
	s.stats.trace.Store(int64(binary.BigEndian.Uint64(all[4:])))
	fmt.Fprint(b, s.stats.trace.Load())
}

func (s *Server) isro(b *strings.Builder, _ *conn) {
	switch {
	case s.serving():
		b.WriteString("rw")
	case s.readsOnly():
		b.WriteString("ro")
	default:
		b.WriteString("null")
	}
}
