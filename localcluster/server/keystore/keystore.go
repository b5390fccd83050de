// Package keystore reads the files in which servers of Apache ZooKeeper keep their
// keys and the certificates that they trust: PEM, and JKS, the format of Java's
// keytool. Other formats are refused, with the command that converts them.
//
// It promises that a length in a file is checked before memory is taken for it, that
// a JKS file that was changed without its password is refused, and that no error
// tells a password. It opens no file.
package keystore

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"path"
	"strings"
)

// Store is the content of a key store.
type Store struct {
	Name     string // of the file, for messages and to guess the type by
	Type     string // PEM, JKS, PKCS12, BCFKS, or "" to go by the name's ending
	Password string
	Data     []byte
}

// kind is the type of a store.
func (s *Store) kind() (string, error) {
	kind := strings.ToUpper(s.Type)
	if kind == "" {
		switch strings.ToLower(path.Ext(s.Name)) {
		case ".pem":
			kind = "PEM"
		case ".jks":
			kind = "JKS"
		case ".p12":
			kind = "PKCS12"
		case ".bcfks":
			kind = "BCFKS"
		default:
			return "", s.errorf("its name does not end in .pem or .jks, and its type is not set")
		}
	}
	switch kind {
	case "PEM", "JKS":
		return kind, nil
	case "PKCS12":
		return "", s.errorf("cannot be honoured: convert it to PEM with 'openssl pkcs12 -nodes -in %s -out %s.pem'", s.Name, strings.TrimSuffix(s.Name, path.Ext(s.Name)))
	case "BCFKS":
		return "", s.errorf("cannot be honoured: convert it to JKS with 'keytool -importkeystore -deststoretype JKS'")
	}
	return "", s.errorf("%s is no type of key store", s.Type)
}

func (s *Store) errorf(format string, args ...any) error {
	return fmt.Errorf(s.Name+": "+format, args...)
}

// Key returns the key in a store, with the certificates that vouch for it.
func Key(s Store) (tls.Certificate, error) {
	kind, err := s.kind()
	if err != nil {
		return tls.Certificate{}, err
	}
	read := s.pemKey
	if kind == "JKS" {
		read = s.jksKey
	}
	c, err := read()
	if err == nil {
		err = fits(&c)
	}
	if err != nil {
		return tls.Certificate{}, s.errorf("%w", err)
	}
	return c, nil
}

// fits checks that a key and its certificate belong together.
func fits(c *tls.Certificate) error {
	if len(c.Certificate) == 0 {
		return errors.New("there is no certificate in it")
	}
	leaf, err := x509.ParseCertificate(c.Certificate[0])
	if err != nil {
		return err
	}
	type key interface {
		Public() crypto.PublicKey
	}
	type public interface{ Equal(x crypto.PublicKey) bool }
	mine, ok := c.PrivateKey.(key)
	if !ok {
		return errors.New("its key is of a kind that cannot be used")
	}
	if theirs, ok := leaf.PublicKey.(public); !ok || !theirs.Equal(mine.Public()) {
		return errors.New("its key and its certificate do not belong together")
	}
	c.Leaf = leaf
	return nil
}

// Trusted returns the certificates in a store.
func Trusted(s Store) (*x509.CertPool, error) {
	kind, err := s.kind()
	if err != nil {
		return nil, err
	}
	var ders [][]byte
	if kind == "JKS" {
		ders, err = s.jksTrusted()
	} else {
		_, ders, err = s.pemBlocks()
	}
	if err == nil && len(ders) == 0 {
		err = errors.New("there is no certificate in it")
	}
	pool := x509.NewCertPool()
	for _, der := range ders {
		c, bad := x509.ParseCertificate(der)
		if bad != nil {
			err = bad
			break
		}
		pool.AddCert(c)
	}
	if err != nil {
		return nil, s.errorf("%w", err)
	}
	return pool, nil
}

// pemBlocks returns the key, if there is one, and the certificates of a PEM file.
func (s *Store) pemBlocks() (key []byte, certs [][]byte, err error) {
	for rest := s.Data; ; {
		var b *pem.Block
		if b, rest = pem.Decode(rest); b == nil {
			return key, certs, nil
		}
		switch {
		case b.Type == "CERTIFICATE":
			certs = append(certs, b.Bytes)
		case b.Type == "ENCRYPTED PRIVATE KEY", b.Headers["Proc-Type"] != "":
			return nil, nil, fmt.Errorf("its key is encrypted, which cannot be honoured: 'openssl pkey -in %s' writes it as it is", s.Name)
		case strings.HasSuffix(b.Type, "PRIVATE KEY"):
			key = b.Bytes
		}
	}
}

func (s *Store) pemKey() (tls.Certificate, error) {
	key, certs, err := s.pemBlocks()
	if err != nil {
		return tls.Certificate{}, err
	}
	if key == nil {
		return tls.Certificate{}, errors.New("there is no key in it")
	}
	private, err := parseKey(key)
	return tls.Certificate{Certificate: certs, PrivateKey: private}, err
}

// parseKey reads a key in any of the forms that are in use.
func parseKey(der []byte) (crypto.PrivateKey, error) {
	if k, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return k, nil
	}
	if k, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return k, nil
	}
	if k, err := x509.ParseECPrivateKey(der); err == nil {
		return k, nil
	}
	return nil, errors.New("its key is in no known form")
}
