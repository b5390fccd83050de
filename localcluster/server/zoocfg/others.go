package zoocfg

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
)

// readOthers reads the other files that make up the configuration.
func (p *parser) readOthers() error {
	for _, step := range []func() error{p.dynamicFile, p.myid, p.passwords, p.users} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// dynamicFile reads the members from a file of their own.
func (p *parser) dynamicFile() error {
	name := p.cfg.DynamicFile
	if name == "" {
		return nil
	}
	content, err := p.in.Read(name)
	if err != nil {
		return p.because("dynamicConfigFile", err)
	}
	props, err := Properties(content)
	if err != nil {
		return &Error{File: name, Line: lineOf(err), Reason: reasonOf(err)}
	}
	for _, prop := range last(props) {
		if !isMembership(prop.Key) {
			return &Error{File: name, Line: prop.Line, Reason: prop.Key + " does not belong into a dynamic configuration"}
		}
		p.dynamic = append(p.dynamic, prop)
	}
	p.from = name
	return nil
}

func lineOf(err error) int {
	if bad, ok := errors.AsType[*Error](err); ok {
		return bad.Line
	}
	return 0
}

func reasonOf(err error) string {
	if bad, ok := errors.AsType[*Error](err); ok {
		return bad.Reason
	}
	return err.Error()
}

// myid reads which server this is. One that stands alone needs no such file.
func (p *parser) myid() error {
	if p.cfg.ID = p.in.ID; p.cfg.ID != 0 {
		return nil
	}
	name := filepath.Join(p.cfg.DataDir, "myid")
	content, err := p.in.Read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	line, _, _ := strings.Cut(content, "\n")
	id, err := strconv.Atoi(strings.TrimSuffix(line, "\r"))
	if err != nil || id < 1 {
		return &Error{File: name, Line: 1, Reason: fmt.Sprintf("%.40q is not a server's number", line)}
	}
	if id > MaxID {
		return &Error{File: name, Line: 1, Reason: fmt.Sprintf("%d cannot be honoured: ids go to %d here", id, MaxID)}
	}
	p.cfg.ID = id
	return nil
}

// passwords reads those of the key stores that are in files of their own.
func (p *parser) passwords() error {
	if p.cfg.Secure == nil {
		return nil
	}
	for _, f := range []struct {
		name, key string
		to        *string
	}{
		{p.stores.key, "ssl.keyStore.passwordPath", &p.cfg.TLS.Key.Password},
		{p.stores.trust, "ssl.trustStore.passwordPath", &p.cfg.TLS.Trust.Password},
	} {
		if f.name == "" {
			continue
		}
		content, err := p.in.Read(f.name)
		if err != nil {
			return p.because(f.key, err)
		}
		*f.to = strings.TrimRight(content, "\r\n")
	}
	return nil
}

// users reads the names and passwords for SASL.
func (p *parser) users() error {
	if p.jaas == "" {
		return nil
	}
	content, err := p.in.Read(p.jaas)
	if err != nil {
		return &Error{File: "-Djava.security.auth.login.config", Reason: err.Error()}
	}
	users, err := Users(content, p.sasl)
	if err != nil {
		return &Error{File: p.jaas, Line: lineOf(err), Reason: reasonOf(err)}
	}
	p.cfg.SASLUsers = users
	return nil
}
