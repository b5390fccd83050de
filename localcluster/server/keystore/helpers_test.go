package keystore_test

import (
	"bytes"
	"crypto/sha1"
	"crypto/x509"
)

// signed is the content of a JKS file with the hash that fits it.
func signed(body []byte) []byte {
	var b bytes.Buffer
	for _, c := range []byte(password) {
		b.Write([]byte{0, c})
	}
	b.WriteString("Mighty Aphrodite")
	b.Write(body)
	sum := sha1.Sum(b.Bytes())
	return append(bytes.Clone(body), sum[:]...)
}

func verify(pool *x509.CertPool) x509.VerifyOptions {
	return x509.VerifyOptions{Roots: pool, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}
}
