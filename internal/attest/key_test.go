package attest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"snug/internal/fault"
)

func TestOpenKeyMakesOnePair(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	var wg sync.WaitGroup
	ids := make([]string, 16)
	for i := range ids {
		wg.Go(func() {
			s, err := OpenKey(dir)
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = s.Public().ID
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] || len(id) != 64 {
			t.Fatalf("several keys: %q", ids)
		}
	}
	trusted, err := TrustedKeys(dir)
	if err != nil || len(trusted) != 1 || trusted[0].ID != ids[0] {
		t.Errorf("trusted are %+v, %v", trusted, err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".tmp-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	if st, err := os.Stat(filepath.Join(dir, PrivateFile)); err != nil || runtime.GOOS != "windows" && st.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", st.Mode(), err)
	}
}

// The public half follows the private one, and is written again where it is lost.
func TestPublicFileFollows(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	for _, d := range []string{dir, other} {
		if _, err := OpenKey(d); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(filepath.Join(other, PrivateFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, PrivateFile), data, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := OpenKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := TrustedKeys(dir); err != nil || got[0].ID != s.Public().ID {
		t.Errorf("trusted is %+v, %v, signed by %s", got, err, s.Public().ID)
	}
}

func TestTrustedFolder(t *testing.T) {
	dir := t.TempDir()
	if keys, err := TrustedKeys(dir); err != nil || len(keys) != 0 {
		t.Errorf("of nothing: %v, %v", keys, err)
	}
	other := signer(t)
	folder := filepath.Join(dir, TrustedFolder)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"ci.pem": string(other.Public().PEM()), "README": "not a key"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	keys, err := TrustedKeys(dir)
	if err != nil || len(Keyring(keys, keys)) != 1 || keys[0].ID != other.Public().ID {
		t.Errorf("%+v, %v", keys, err)
	}
	if err := os.WriteFile(filepath.Join(folder, "bad.pem"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := TrustedKeys(dir); fault.CodeOf(err) != fault.Input || !strings.Contains(err.Error(), "bad.pem") {
		t.Errorf("a bad key: %v", err)
	}
}

func TestReadKeyRefuses(t *testing.T) {
	dir := t.TempDir()
	s, err := OpenKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(filepath.Join(dir, PrivateFile))
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(curve)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, text string
		mode       os.FileMode
		code       fault.Code
	}{
		{"loose", string(good), 0o644, fault.Integrity},
		{"of the group", string(good), 0o640, fault.Integrity},
		{"public", string(s.Public().PEM()), 0o600, fault.Input},
		{"another kind", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), 0o600, fault.Input},
		{"encrypted", string(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: der})), 0o600, fault.Input},
		{"old format", string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})), 0o600, fault.Input},
		{"no key", "secret", 0o600, fault.Input},
		{"empty", "", 0o600, fault.Input},
		{"two keys", string(good) + string(good), 0o600, fault.Input},
		{"cut", string(good[:60]), 0o600, fault.Input},
		{"broken", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der[:20]})), 0o600, fault.Input},
		{"large", string(good) + strings.Repeat("\n", maxKey), 0o600, fault.Input},
	} {
		if runtime.GOOS == "windows" && c.mode != 0o600 {
			continue // no such permissions there
		}
		path := filepath.Join(t.TempDir(), "key.pem")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		_, err := ReadKey(path)
		if fault.CodeOf(err) != c.code || fault.HintOf(err) == "" || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := ReadPublicKey(filepath.Join(dir, PrivateFile)); fault.CodeOf(err) != fault.Input {
		t.Errorf("a private key as a public one: %v", err)
	}
	if _, err := ReadKey(filepath.Join(dir, "absent.pem")); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("absent: %v", err)
	}
}
