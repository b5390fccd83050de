package keystore

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // the format has no other
	"crypto/subtle"
	"crypto/tls"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"unicode/utf16"
)

// A JKS file is a magic number, a version, a number of entries, the entries, and a
// SHA-1 hash over the password and all of that. Numbers are big-endian.
const (
	jksMagic   = 0xfeedfeed
	jksKey     = 1
	jksTrusted = 2
	// jksSalt stands between the password and the content in the hash.
	jksSalt = "Mighty Aphrodite"
)

var (
	errShort    = errors.New("it is cut short")
	errPassword = errors.New("the password is not its password, or it was changed")
	errNotJKS   = errors.New("it is not a JKS file; 'keytool -importkeystore -deststoretype JKS' makes one of another kind")
)

// jksProtector is the way in which keytool hides keys in a JKS file.
var jksProtector = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 42, 2, 17, 1, 1}

// jksEntry is one entry: a key with its certificates, or a certificate that is trusted.
type jksEntry struct {
	tag   uint32
	key   []byte // hidden
	certs [][]byte
}

// jks reads the entries of the file, which must have been written with the password.
func (s *Store) jks() ([]jksEntry, error) {
	if len(s.Data) < 12+sha1.Size {
		return nil, errNotJKS
	}
	body, sum := s.Data[:len(s.Data)-sha1.Size], s.Data[len(s.Data)-sha1.Size:]
	r := reader{b: body}
	magic, version, count := r.number(), r.number(), r.number()
	if magic != jksMagic || version != 1 && version != 2 {
		return nil, errNotJKS
	}
	if subtle.ConstantTimeCompare(hash(s.password(), []byte(jksSalt), body), sum) == 0 {
		return nil, errPassword
	}
	var all []jksEntry
	for ; count > 0 && r.err == nil; count-- {
		e := jksEntry{tag: r.number()}
		r.text() // its name
		r.take(8)
		certs := uint32(1)
		if e.tag == jksKey {
			e.key = r.bytes()
			certs = r.number()
		} else if e.tag != jksTrusted {
			return nil, errors.New("it has an entry of an unknown kind")
		}
		for ; certs > 0 && r.err == nil; certs-- {
			if version == 2 {
				r.text() // what kind of certificate: there is one
			}
			e.certs = append(e.certs, r.bytes())
		}
		all = append(all, e)
	}
	return all, r.err
}

func (s *Store) jksTrusted() ([][]byte, error) {
	entries, err := s.jks()
	var all [][]byte
	for _, e := range entries {
		if e.tag == jksTrusted {
			all = append(all, e.certs...)
		}
	}
	return all, err
}

// jksKey returns the first key of the file.
func (s *Store) jksKey() (tls.Certificate, error) {
	entries, err := s.jks()
	if err != nil {
		return tls.Certificate{}, err
	}
	for _, e := range entries {
		if e.tag != jksKey {
			continue
		}
		der, err := s.reveal(e.key)
		if err != nil {
			return tls.Certificate{}, err
		}
		key, err := parseKey(der)
		return tls.Certificate{Certificate: e.certs, PrivateKey: key}, err
	}
	return tls.Certificate{}, errors.New("there is no key in it")
}

// reveal undoes what keytool does to a key: it is mixed with a stream of hashes, each
// over the password and the one before, beginning with a salt; a last hash tells
// whether the password was the right one.
func (s *Store) reveal(hidden []byte) ([]byte, error) {
	var info struct {
		Algorithm struct {
			ID     asn1.ObjectIdentifier
			Params asn1.RawValue `asn1:"optional"`
		}
		Data []byte
	}
	if rest, err := asn1.Unmarshal(hidden, &info); err != nil || len(rest) > 0 {
		return nil, errors.New("its key is in no known form")
	}
	if !info.Algorithm.ID.Equal(jksProtector) {
		return nil, errors.New("its key is hidden in a way that is not known here; 'keytool -importkeystore -deststoretype JKS' writes another")
	}
	if len(info.Data) < 2*sha1.Size {
		return nil, errShort
	}
	password, check := s.password(), info.Data[len(info.Data)-sha1.Size:]
	plain := bytes.Clone(info.Data[sha1.Size : len(info.Data)-sha1.Size])
	w := info.Data[:sha1.Size]
	for at := 0; at < len(plain); at += sha1.Size {
		w = hash(password, w)
		subtle.XORBytes(plain[at:], plain[at:], w)
	}
	if subtle.ConstantTimeCompare(hash(password, plain), check) == 0 {
		return nil, errPassword
	}
	return plain, nil
}

// hash is that of all parts together.
func hash(parts ...[]byte) []byte {
	h := sha1.New() //nolint:gosec // the format has no other
	for _, p := range parts {
		h.Write(p) // a hash's Write never fails
	}
	return h.Sum(nil)
}

// password is the password as Java hashes it: two bytes for each unit of UTF-16.
func (s *Store) password() []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s.Password)) {
		b = binary.BigEndian.AppendUint16(b, u)
	}
	return b
}

// reader takes numbers and runs of bytes off b. After an error it gives nothing.
type reader struct {
	b   []byte
	err error
}

func (r *reader) take(n uint32) []byte {
	if r.err != nil || uint64(n) > uint64(len(r.b)) {
		r.err = errShort
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) number() uint32 {
	if b := r.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// bytes takes a run that its length precedes.
func (r *reader) bytes() []byte { return r.take(r.number()) }

// text takes a text that two bytes of length precede.
func (r *reader) text() []byte {
	if b := r.take(2); b != nil {
		return r.take(uint32(binary.BigEndian.Uint16(b)))
	}
	return nil
}
