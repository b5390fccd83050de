package localcluster

import (
	"crypto/tls"
	"fmt"
	"slices"

	"github.com/zooctl/zooctl/localcluster/server/keystore"
	"github.com/zooctl/zooctl/localcluster/server/zoocfg"
)

// tlsConfig is how clients of the secure port are spoken to. What a file cannot give,
// and a name that means nothing here, are refused.
func tlsConfig(z zoocfg.TLS) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	key, err := readStore(z.Key)
	if err != nil {
		return nil, err
	}
	cert, err := keystore.Key(key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	c.Certificates = []tls.Certificate{cert}
	switch z.Auth {
	case "need":
		c.ClientAuth = tls.RequireAndVerifyClientCert
	case "want":
		c.ClientAuth = tls.VerifyClientCertIfGiven
	}
	if z.Trust.Location != "" {
		trust, err := readStore(z.Trust)
		if err != nil {
			return nil, err
		}
		if c.ClientCAs, err = keystore.Trusted(trust); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrConfig, err)
		}
	}
	if err := setVersions(c, z.Protocols); err != nil {
		return nil, err
	}
	return c, setCiphers(c, z.Ciphers)
}

func readStore(s zoocfg.Store) (keystore.Store, error) {
	data, err := readSmall(s.Location)
	if err != nil {
		return keystore.Store{}, fileError(err)
	}
	return keystore.Store{Name: s.Location, Type: s.Type, Password: s.Password, Data: []byte(data)}, nil
}

// setVersions takes Java's names of protocols. "TLS" is every usual one.
func setVersions(c *tls.Config, names []string) error {
	known := map[string]uint16{"TLSv1": tls.VersionTLS10, "TLSv1.1": tls.VersionTLS11, "TLSv1.2": tls.VersionTLS12, "TLSv1.3": tls.VersionTLS13}
	var versions []uint16
	for _, name := range names {
		v, ok := known[name]
		switch {
		case ok:
			versions = append(versions, v)
		case name != "TLS":
			return fmt.Errorf("%w: ssl.enabledProtocols: %s cannot be honoured: want TLSv1.2 or TLSv1.3", ErrConfig, name)
		}
	}
	if len(versions) > 0 {
		c.MinVersion, c.MaxVersion = slices.Min(versions), slices.Max(versions)
	}
	return nil
}

// setCiphers takes the names that IANA gives to suites, which are Java's. Those of TLS
// 1.3 are always there.
func setCiphers(c *tls.Config, names []string) error {
	known := slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites())
	for _, name := range names {
		i := slices.IndexFunc(known, func(s *tls.CipherSuite) bool { return s.Name == name })
		if i < 0 {
			return fmt.Errorf("%w: ssl.ciphersuites: %s cannot be honoured: it is not known here", ErrConfig, name)
		}
		c.CipherSuites = append(c.CipherSuites, known[i].ID)
	}
	return nil
}
