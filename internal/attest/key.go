package attest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"snug/internal/digest"
	"snug/internal/fault"
)

// The files of the pair that OpenKey makes, and the folder beside them of the
// public keys that are trusted besides.
const (
	PrivateFile   = "signing.pem"
	PublicFile    = "signing.pub.pem"
	TrustedFolder = "trusted"
)

// maxKey bounds a key file.
const maxKey = 64 << 10

const (
	makeKey   = "openssl genpkey -algorithm ed25519 -out FILE makes one"
	publicPEM = "openssl pkey -in FILE -pubout prints the public half of a private key"
)

// Signer holds a private key.
type Signer struct {
	private ed25519.PrivateKey
	public  PublicKey
}

// Public is the other half of the key.
func (s *Signer) Public() PublicKey { return s.public }

// PublicKey is one that statements are verified with. ID is the SHA-256 of its
// SubjectPublicKeyInfo, in hexadecimal digits; From is the file it came from.
type PublicKey struct {
	ID   string
	From string
	key  ed25519.PublicKey
}

// Short is the beginning of the ID, for people.
func (k PublicKey) Short() string { return k.ID[:16] }

// PEM is the key as a file (SubjectPublicKeyInfo).
func (k PublicKey) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki(k.key)})
}

func spki(key ed25519.PublicKey) []byte {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		panic("snug: internal error: " + err.Error()) // an ed25519 key always marshals
	}
	return der
}

func publicKey(key ed25519.PublicKey, from string) PublicKey {
	return PublicKey{ID: digest.Of(spki(key)).String(), From: from, key: key}
}

// OpenKey reads the private key of the folder dir, making the pair when it is
// first asked for. Of several processes that make it at once, one succeeds and
// all get that one. Errors are those of ReadKey.
func OpenKey(dir string) (*Signer, error) {
	path := filepath.Join(dir, PrivateFile)
	s, err := ReadKey(path)
	if fault.CodeOf(err) == fault.NotFound {
		if err := generate(dir, path); err != nil {
			return nil, fault.New(fault.Failed, "--signing-key FILE names a key of your own; "+makeKey, "make a signing key: %w", err)
		}
		s, err = ReadKey(path)
	}
	if err != nil {
		return nil, err
	}
	public := filepath.Join(dir, PublicFile)
	if have, err := os.ReadFile(public); err == nil && bytes.Equal(have, s.public.PEM()) {
		return s, nil
	}
	return s, replace(public, s.public.PEM(), 0o644)
}

// generate makes a private key at path, unless one is there by then: the link
// fails where somebody was quicker.
func generate(dir, path string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	temp, err := writeTemp(dir, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
	if err != nil {
		return err
	}
	err = os.Link(temp, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return os.Remove(temp)
	}
	return rename(temp, path) // a file system without links: the last of several wins
}

// ReadKey reads a private key: ed25519 in PKCS #8, PEM, as openssl makes them.
// A file that others may read is refused, as ssh does. Errors: fault.NotFound,
// fault.Input for what is no such key, fault.Integrity for loose permissions.
func ReadKey(path string) (*Signer, error) {
	block, err := readPEM(path, true)
	if err != nil {
		return nil, err
	}
	wrong := func(what string) error {
		return fault.New(fault.Input, makeKey, "%s %s, not a private ed25519 key (PKCS #8, PEM)", path, what)
	}
	switch block.Type {
	case "PRIVATE KEY":
	case "PUBLIC KEY":
		return nil, wrong("holds a public key")
	case "ENCRYPTED PRIVATE KEY":
		return nil, wrong("holds a key under a password")
	default:
		return nil, wrong(fmt.Sprintf("holds a %.40q", block.Type))
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, wrong("holds what cannot be read (" + err.Error() + ")")
	}
	private, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, wrong(fmt.Sprintf("holds a %T", parsed))
	}
	return &Signer{private, publicKey(private.Public().(ed25519.PublicKey), path)}, nil
}

// ReadPublicKey reads a public ed25519 key (SubjectPublicKeyInfo, PEM).
func ReadPublicKey(path string) (PublicKey, error) {
	block, err := readPEM(path, false)
	if err != nil {
		return PublicKey{}, err
	}
	if block.Type != "PUBLIC KEY" {
		return PublicKey{}, fault.New(fault.Input, publicPEM, "%s holds a %.40q, not a public key", path, block.Type)
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return PublicKey{}, fault.New(fault.Input, publicPEM, "%s: no public key: %w", path, err)
	}
	key, ok := parsed.(ed25519.PublicKey)
	if !ok {
		return PublicKey{}, fault.New(fault.Input, "snug signs with ed25519 and takes no other key", "%s holds a %T", path, parsed)
	}
	return publicKey(key, path), nil
}

// TrustedKeys are the public keys of the folder dir: that of the pair, if it was
// made, and those of the trusted folder, by name. None is made here.
func TrustedKeys(dir string) ([]PublicKey, error) {
	var out []PublicKey
	own, err := ReadPublicKey(filepath.Join(dir, PublicFile))
	switch {
	case err == nil:
		out = append(out, own)
	case fault.CodeOf(err) != fault.NotFound:
		return nil, err
	}
	entries, err := os.ReadDir(filepath.Join(dir, TrustedFolder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".pem") {
			continue
		}
		key, err := ReadPublicKey(filepath.Join(dir, TrustedFolder, e.Name()))
		if err != nil {
			return nil, err
		}
		out = append(out, key)
	}
	return out, nil
}

// Keyring puts keys together, each once.
func Keyring(sets ...[]PublicKey) []PublicKey {
	var out []PublicKey
	for _, k := range slices.Concat(sets...) {
		if !slices.ContainsFunc(out, func(have PublicKey) bool { return have.ID == k.ID }) {
			out = append(out, k)
		}
	}
	return out
}

func readPEM(path string, secret bool) (*pem.Block, error) {
	hint := "snug provenance key prints the public key of the machine that signed"
	if secret {
		hint = "--signing-key FILE names a key of your own; " + makeKey
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, hint, "there is no key %s", path)
	}
	if err != nil {
		return nil, fault.New(fault.Failed, hint, "read a key: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxKey+1))
	if err != nil {
		return nil, err
	}
	block, rest := pem.Decode(data)
	if block == nil || len(data) > maxKey || len(bytes.TrimSpace(rest)) > 0 {
		return nil, fault.New(fault.Input, hint, "%s is not one key in PEM", path)
	}
	if secret && runtime.GOOS != "windows" && st.Mode().IsRegular() && st.Mode().Perm()&0o077 != 0 {
		return nil, fault.New(fault.Integrity, "chmod 600 "+path+"; make a new key if somebody may have read it",
			"%s can be read by others (mode %04o): a signature of it proves nothing", path, st.Mode().Perm())
	}
	return block, nil
}

// replace writes path whole or not at all.
func replace(path string, data []byte, mode fs.FileMode) error {
	temp, err := writeTemp(filepath.Dir(path), data, mode)
	if err != nil {
		return err
	}
	return rename(temp, path)
}

func rename(temp, path string) error {
	if err := os.Rename(temp, path); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	return nil
}

// writeTemp writes a new file in dir and waits for the disk.
func writeTemp(dir string, data []byte, mode fs.FileMode) (path string, err error) {
	f, err := os.CreateTemp(dir, ".tmp-") // 0600
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}
