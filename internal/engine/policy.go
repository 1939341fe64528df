package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/fetch"
	"snug/internal/manifest"
	"snug/internal/policy"
	"snug/internal/store"
)

// Policy is the project's policy over all that it extends. What it extends by address
// is fetched once and kept by its digest, so that it is here without a network too. A
// project's policy must come through here before it judges: until then it denies.
func (e *Engine) Policy(ctx context.Context, p *manifest.Project) (*policy.Policy, error) {
	return e.completed(ctx, p.Policy)
}

// PolicyFile is the shared policy at path, which messages call name, over all that it
// extends.
func (e *Engine) PolicyFile(ctx context.Context, name, path string) (*policy.Policy, error) {
	text, err := readBounded(path, policy.MaxFile)
	if err != nil {
		return nil, err
	}
	p, err := policy.Parse(name, filepath.Dir(path), text)
	if err != nil {
		return nil, err
	}
	return e.completed(ctx, p)
}

func (e *Engine) completed(ctx context.Context, p *policy.Policy) (*policy.Policy, error) {
	return p.Complete(func(s policy.Source) (text []byte, ok bool, err error) {
		if s.Path == "" {
			text, err = e.sharedPolicy(ctx, s)
			return text, err == nil, err
		}
		if text, err = readBounded(s.Path, policy.MaxFile); err != nil {
			return nil, false, fmt.Errorf("%s: extends: %w", s.Place, err)
		}
		return text, true, nil
	})
}

// readBounded reads a file that the user named, of at most max bytes.
func readBounded(path string, max int64) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault.New(fault.NotFound, "name a file that is there", "%s is not there", path)
	case err != nil:
		return nil, fault.New(fault.Input, "name a file that this user may read", "%w", err)
	case !info.Mode().IsRegular() || info.Size() > max:
		return nil, fault.New(fault.Input, "name a file of rules", "%s is no file of at most %d KB", path, max>>10)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.New(fault.Input, "name a file that this user may read", "%w", err)
	}
	return text, nil
}

// sharedPolicy is what an address must bring by its digest: from the store's home, or
// fetched.
func (e *Engine) sharedPolicy(ctx context.Context, s policy.Source) ([]byte, error) {
	kept := filepath.Join(e.Home, "policies", s.SHA256+".toml")
	if text, err := os.ReadFile(kept); err == nil && digest.Of(text).String() == s.SHA256 {
		return text, nil // a damaged one is fetched again
	}
	got, err := e.fetch.Get(ctx, s.URL, fetch.GetOptions{MaxBytes: policy.MaxFile, NoStore: true})
	if err != nil {
		return nil, fmt.Errorf("%s: the shared policy: %w", s.Place, err)
	}
	if sum := digest.Of(got.Body).String(); sum != s.SHA256 {
		return nil, fault.New(fault.Integrity, "read what changed, and write its new digest beside the address", "%s: %s has the digest %s, and not %s", s.Place, fetch.Redact(s.URL), sum, s.SHA256)
	}
	if err := os.MkdirAll(filepath.Dir(kept), 0o755); err != nil {
		return nil, err
	}
	return got.Body, store.WriteFile(kept, got.Body, 0o644)
}
