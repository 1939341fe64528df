package interp

import (
	"archive/zip"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/dirhash"

	"snug/internal/digest"
	"snug/internal/fault"
)

// goTool is the `go` command, where there is one: it knows the module proxy
// and the checksum database. The zero value knows nothing.
type goTool struct {
	path string
}

func findGo(env func(string) string) goTool {
	for _, dir := range filepath.SplitList(env("PATH")) {
		if filepath.IsAbs(dir) {
			if found, err := exec.LookPath(filepath.Join(dir, "go")); err == nil {
				return goTool{found}
			}
		}
	}
	return goTool{}
}

// env returns what `go env NAME` says, "" if it says nothing.
func (g goTool) env(ctx context.Context, name string) string {
	if g.path == "" {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := g.command(ctx, "env", name).Output()
	if err != nil {
		return "" // a broken go tool is as good as none
	}
	return strings.TrimSpace(string(out))
}

// command runs where no go.mod or go.work of the user's counts, so that none of
// them has the go tool fetch another toolchain first.
func (g goTool) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, g.path, args...)
	cmd.Dir, cmd.WaitDelay = filepath.Dir(g.path), killDelay
	return cmd
}

// ModuleZip is a module as the go tool downloaded and checked it.
type ModuleZip struct {
	Zip   string // path of the zip
	Sum   string // "h1:…"
	Error string
}

// download has `go mod download` fetch the module and check it against the
// checksum database.
func (g goTool) download(ctx context.Context, version string) (ModuleZip, error) {
	var m ModuleZip
	if g.path == "" {
		return m, fault.New(fault.Unsupported, "install Go, or choose a Python that `snug python list` shows",
			"%s %s is not in snug's catalogue, and there is no go command to check it with", ModulePath, version)
	}
	out, err := g.command(ctx, "mod", "download", "-json", ModulePath+"@"+version).Output()
	if json.Unmarshal(out, &m) == nil && m.Error != "" {
		return m, fault.New(fault.Network, "", "download %s@%s: %s", ModulePath, version, m.Error)
	}
	if err != nil {
		return m, fault.New(fault.Network, "", "download %s@%s: %w", ModulePath, version, err)
	}
	return m, nil
}

// DownloadModule fetches a whole version of the module with the go command
// found through env and checks its hash again; `make interpreters` uses it.
func DownloadModule(ctx context.Context, env func(string) string, version string) (ModuleZip, error) {
	m, err := findGo(env).download(ctx, version)
	if err != nil {
		return m, err
	}
	got, err := dirhash.HashZip(m.Zip, dirhash.Hash1)
	if err != nil {
		return m, fmt.Errorf("hash %s: %w", m.Zip, err)
	}
	if got != m.Sum {
		return m, fault.New(fault.Integrity, "", "%s@%s has hash %s, go.sum says %s", ModulePath, version, got, m.Sum)
	}
	return m, nil
}

// ModuleTree lays one platform of the module's zip out in the empty folder dir
// and returns the digest of the tree.
func ModuleTree(zipPath, version, platform, minor, dir string) (digest.SHA256, error) {
	z, err := zip.OpenReader(zipPath)
	if err != nil {
		return digest.SHA256{}, err
	}
	defer z.Close()
	files, _, _, err := platformFiles(&z.Reader, version, platform)
	if err != nil {
		return digest.SHA256{}, err
	}
	return unpackModule(files, minor, dir)
}

// fetchWhole takes a version that the catalogue lacks: i.SHA256 is then the
// h1 hash of the whole module.
func (m *Module) fetchWhole(ctx context.Context, i Interpreter, platform, dir string, progress func(done, total int64)) error {
	progress(0, -1)
	whole, err := m.goTool.download(ctx, i.ID)
	if err != nil {
		return err
	}
	h1, err := dirhash.HashZip(whole.Zip, dirhash.Hash1)
	if err != nil {
		return fmt.Errorf("hash %s: %w", whole.Zip, err)
	}
	if sum, ok := h1Hex(h1); !ok || h1 != whole.Sum || sum != i.SHA256 {
		return fault.New(fault.Integrity, "lock again if the interpreter was meant to change",
			"%s@%s has hash %s, which is not what the lock pins", ModulePath, i.ID, h1)
	}
	_, err = ModuleTree(whole.Zip, i.ID, platform, i.Minor(), dir)
	return err
}
