package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/zooctl/zooctl/localcluster/server/metrics"
)

// DefaultAdminPath is what every path of the AdminServer begins with.
const DefaultAdminPath = "/commands"

// DefaultAdminInterval is Apache ZooKeeper's admin.rateLimiterIntervalInMS.
const DefaultAdminInterval = 5 * time.Minute

// Bounds on what one client of the AdminServer may cost.
const (
	adminHeader  = 10 * time.Second // for a request's header to come
	adminIdle    = 30 * time.Second // between requests, and between two parts of a body; as in Apache ZooKeeper
	adminHeaders = 8 << 10          // bytes
	adminEnd     = time.Second      // for requests under way when the server stops
)

// admin answers /commands of the AdminServer, as that of Apache ZooKeeper 3.9 does.
type admin struct {
	s                *Server
	snapshot, mayPut limiter // how often a snapshot may be taken, and put back
}

// webServer is one HTTP server of this server's.
func (s *Server) webServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: adminHeader, ReadTimeout: adminIdle, WriteTimeout: adminIdle, IdleTimeout: adminIdle, MaxHeaderBytes: adminHeaders,
		ErrorLog: log.New(logWriter(s.cfg.Logf), "", 0),
	}
}

// logWriter makes a writer of lines of Logf.
type logWriter func(string, ...any)

func (f logWriter) Write(b []byte) (int, error) {
	f("admin: %q", bytes.TrimSpace(b))
	return len(b), nil
}

// serveWeb starts the HTTP servers that are configured. Each runs until stopWeb.
func (s *Server) serveWeb() {
	add := func(l net.Listener, h http.Handler) {
		if l == nil {
			return
		}
		srv := s.webServer(h)
		s.web = append(s.web, srv)
		s.wg.Go(func() { // ends with stopWeb, which closes the listener
			if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				s.cfg.Logf("admin: %v", err)
			}
		})
	}
	if s.cfg.Admin != nil {
		left, _ := filepath.Glob(filepath.Join(s.cfg.DataDir, snapshotPattern)) // fails for a bad pattern only
		for _, name := range left {
			_ = os.Remove(name) // of a server that was killed
		}
	}
	add(s.cfg.Admin, &admin{s: s, snapshot: limiter{every: s.cfg.AdminInterval}, mayPut: limiter{every: s.cfg.AdminInterval}})
	registry := metrics.NewRegistry(s.samples)
	add(s.cfg.Metrics, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serveMetrics(registry, w, r) }))
}

// stopWeb ends the HTTP servers: what is under way has a moment to end by itself.
func (s *Server) stopWeb() {
	ctx, cancel := context.WithTimeout(context.Background(), adminEnd)
	defer cancel()
	for _, srv := range s.web {
		if srv.Shutdown(ctx) != nil {
			_ = srv.Close() // cut off: the moment is over
		}
	}
}

// serveMetrics answers /metrics.
func serveMetrics(registry *metrics.Registry, w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path != "/metrics":
		http.NotFound(w, r)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
	default:
		var b bytes.Buffer
		registry.Write(&b)
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_, _ = w.Write(b.Bytes()) // who asked may be gone
	}
}

// response is the answer to a command.
type response struct {
	status int // 0 is 200
	fields object
	header map[string]string
	stream func(w io.Writer) error // instead of the fields
}

// ServeHTTP answers one request. "Unknown command" is no error of HTTP, nor is a server
// that has no leader: both are told in the field error.
func (a *admin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, ok := strings.CutPrefix(r.URL.Path, a.s.cfg.AdminPath)
	if !ok || name != "" && name[0] != '/' {
		http.NotFound(w, r)
		return
	}
	name = strings.TrimPrefix(name, "/")
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost:
	case http.MethodTrace:
		w.WriteHeader(http.StatusForbidden)
		return
	default:
		w.Header().Set("Allow", "GET, HEAD, POST, OPTIONS")
		if r.Method != http.MethodOptions {
			w.WriteHeader(http.StatusMethodNotAllowed)
		}
		return
	}
	if name == "" {
		a.index(w)
		return
	}
	a.write(w, r, a.run(name, w, r))
}

// index lists the commands by their first names.
func (a *admin) index(w http.ResponseWriter) {
	names := make([]string, len(commands))
	for i, c := range commands {
		names[i] = c.names[0]
	}
	slices.Sort(names)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	for _, n := range names {
		fmt.Fprintf(w, "<a href=\"%s/%s\">%s</a>\n<br/>\n", a.s.cfg.AdminPath, n, n)
	}
}

// run finds a command, sees whether it may be run, and runs it.
func (a *admin) run(name string, w http.ResponseWriter, r *http.Request) response {
	c, ok := commandNamed(name)
	if !ok {
		return failed(name, http.StatusOK, "Unknown command: "+name)
	}
	if c.serving && !a.s.answers() {
		return failed(name, http.StatusOK, notServing)
	}
	if c.auth {
		if status, why := a.authorize(r); status != http.StatusOK {
			return failed(name, status, why)
		}
	}
	if posted := r.Method == http.MethodPost; posted != (c.post != nil) {
		allow := map[bool]string{true: "POST", false: "GET, HEAD"}[c.post != nil]
		res := failed(c.names[0], http.StatusMethodNotAllowed, "This command is for "+allow)
		res.header = map[string]string{"Allow": allow}
		return res
	}
	var res response
	if c.post != nil {
		res = c.post(a, w, r)
	} else {
		res = c.get(a, r)
	}
	res.fields = finish(res.fields, c.names[0])
	return res
}

// failed is the answer to a command that was not run.
func failed(name string, status int, why string) response {
	return response{status: status, fields: object{{"command", name}, {"error", why}}}
}

// finish adds what every answer has: the name of the command, and an error or none.
func finish(fields object, name string) object {
	fields = append(fields, figure{"command", name})
	if !slices.ContainsFunc(fields, func(f figure) bool { return f.key == "error" }) {
		fields = append(fields, figure{"error", nil})
	}
	return fields
}

// write sends an answer.
func (a *admin) write(w http.ResponseWriter, r *http.Request, res response) {
	for k, v := range res.header {
		w.Header().Set(k, v)
	}
	w.Header().Set("Content-Type", "application/json")
	if res.stream != nil {
		w.Header().Set("Content-Type", "application/octet-stream")
	}
	if res.status != 0 {
		w.WriteHeader(res.status)
	}
	if res.stream == nil {
		_, _ = w.Write(appendJSON(nil, res.fields, 0)) // who asked may be gone
		return
	}
	if r.Method == http.MethodHead {
		return
	}
	if err := res.stream(patient{w, http.NewResponseController(w)}); err != nil {
		a.s.cfg.Logf("admin: snapshot to %s: %v", r.RemoteAddr, err)
	}
}

// patient writes for as long as the other side goes on reading.
type patient struct {
	w    http.ResponseWriter
	ctrl *http.ResponseController
}

func (p patient) Write(b []byte) (int, error) {
	if err := p.ctrl.SetWriteDeadline(time.Now().Add(adminIdle)); err != nil {
		return 0, err
	}
	return p.w.Write(b)
}
