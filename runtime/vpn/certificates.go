package vpn

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"pixfw/runtime/ike"
)

// Files of a directory of certificates.
const (
	fileCA  = "ca.pem"
	fileOwn = "own.pem"
	fileKey = "key.pem"
)

// maxPEM bounds one of them.
const maxPEM = 1 << 20

// ReadCertificates reads a directory with ca.pem (certificates of the authority), own.pem (the box's) and key.pem (its private RSA key,
// which must not be readable by others).
func ReadCertificates(dir string) (*ike.Certificates, error) {
	var files [3]ike.PEM
	for i, name := range []string{fileCA, fileOwn, fileKey} {
		path := filepath.Join(dir, name)
		data, err := readPEM(path, name == fileKey)
		if err != nil {
			return nil, fmt.Errorf("certificates: %w", err)
		}
		files[i] = ike.PEM{Name: path, Data: data}
	}
	c, err := ike.ParseCertificates(files[0], files[1], files[2])
	if err != nil {
		return nil, fmt.Errorf("certificates: %w", err)
	}
	return c, nil
}

func readPEM(path string, secret bool) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if secret && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s: others may read it: chmod 600", path)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxPEM+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(data) > maxPEM {
		return nil, fmt.Errorf("%s: more than %d MB", path, maxPEM>>20)
	}
	return data, nil
}
