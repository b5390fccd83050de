package keystore_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/zooctl/zooctl/localcluster/server/keystore"
)

// The files in testdata were written by keytool and openssl, with this password. All
// have the same key, and its certificate for localhost, which is valid for a century.
const password = "apassword"

func store(t *testing.T, name string) keystore.Store {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return keystore.Store{Name: name, Data: data, Password: password}
}

// TestStores lets a client that trusts one store speak with a server that has the key
// of another.
func TestStores(t *testing.T) {
	for _, key := range []string{"server.jks", "server.pem"} {
		for _, trust := range []string{"trust.jks", "cert.pem"} {
			cert, err := keystore.Key(store(t, key))
			if err != nil {
				t.Fatal(err)
			}
			pool, err := keystore.Trusted(store(t, trust))
			if err != nil {
				t.Fatal(err)
			}
			a, b := net.Pipe()
			var wg sync.WaitGroup
			wg.Go(func() { // ends with the pipe
				s := tls.Server(a, &tls.Config{Certificates: []tls.Certificate{cert}})
				_, _ = s.Write([]byte("hello")) // the client finds out
				_ = s.Close()
			})
			// It has no name but its common name, so the chain is what is checked.
			c := tls.Client(b, &tls.Config{RootCAs: pool, InsecureSkipVerify: true, VerifyConnection: func(cs tls.ConnectionState) error {
				_, err := cs.PeerCertificates[0].Verify(verify(pool))
				return err
			}})
			if got, err := io.ReadAll(c); err != nil || string(got) != "hello" {
				t.Errorf("%s and %s: %q, %v", key, trust, got, err)
			}
			_ = b.Close()
			wg.Wait()
		}
	}
}

// TestRefusals: what cannot be read is refused with a reason, and with a way out where
// there is one. No reason tells the password.
func TestRefusals(t *testing.T) {
	jks := store(t, "server.jks")
	with := func(f func(s *keystore.Store)) keystore.Store {
		s := jks
		s.Data = bytes.Clone(s.Data)
		f(&s)
		return s
	}
	for want, s := range map[string]keystore.Store{
		"server.jks: the password is not its password":                                                   with(func(s *keystore.Store) { s.Password = "another" }),
		"changed.jks: the password is not its password, or it was changed":                               with(func(s *keystore.Store) { s.Name = "changed.jks"; s.Data[100] ^= 1 }),
		"server.jks: it is not a JKS file":                                                               with(func(s *keystore.Store) { s.Data = s.Data[:20] }),
		"other.jks: it is not a JKS file":                                                                with(func(s *keystore.Store) { s.Name = "other.jks"; s.Data[0] = 0 }),
		"trust.jks: there is no key in it":                                                               store(t, "trust.jks"),
		"cert.pem: there is no key in it":                                                                store(t, "cert.pem"),
		"encrypted.pem: its key is encrypted, which cannot be honoured: 'openssl pkey":                   store(t, "encrypted.pem"),
		"a.p12: cannot be honoured: convert it to PEM with 'openssl pkcs12 -nodes -in a.p12 -out a.pem'": {Name: "a.p12"},
		"a.bcfks: cannot be honoured":                                                                    {Name: "a.bcfks"},
		"a.key: its name does not end in .pem or .jks":                                                   {Name: "a.key"},
		"a.pem: ZIP is no type of key store":                                                             {Name: "a.pem", Type: "ZIP"},
	} {
		_, err := keystore.Key(s)
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), password) {
			t.Errorf("%s: %v, want %q", s.Name, err, want)
		}
	}
	if _, err := keystore.Trusted(store(t, "server.jks")); err == nil || err.Error() != "server.jks: there is no certificate in it" {
		t.Errorf("a store of keys to trust: %v", err)
	}
	if _, err := keystore.Key(keystore.Store{Name: "x", Type: "jks", Data: jks.Data, Password: password}); err != nil {
		t.Errorf("the type comes before the name: %v", err)
	}
}

// FuzzJKS: no file makes the reader fail otherwise than with an error. What is checked
// first is the hash, so the fuzzer's bytes get one that fits.
func FuzzJKS(f *testing.F) {
	for _, name := range []string{"server.jks", "trust.jks"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data[:len(data)-20])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		s := keystore.Store{Name: "f.jks", Password: password, Data: signed(body)}
		_, err1 := keystore.Key(s)
		_, err2 := keystore.Trusted(s)
		if err1 == nil && err2 == nil && len(body) < 200 {
			t.Error("too little to have a key and a certificate")
		}
	})
}
