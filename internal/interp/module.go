package interp

import (
	"archive/zip"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/package-url/packageurl-go"
	"golang.org/x/mod/module"

	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/fetch"
	"snug/internal/pep440"
	"snug/internal/pytag"
)

const maxList = 1 << 20 // of a module proxy's answers in text

// Module is the source "go-embed-python": a Go module whose zip holds CPython
// for five platforms, read through the module proxy that Go itself would use.
type Module struct {
	goTool  goTool
	proxies []origin
}

// NewModule reads GOPROXY from env, else asks `go env`, else takes Go's own
// default. A list that names no proxy is not configured, and List says so.
func NewModule(ctx context.Context, client *fetch.Client, env func(string) string) *Module {
	tool := findGo(env)
	list := env("GOPROXY")
	if list == "" {
		list = cmp.Or(tool.env(ctx, "GOPROXY"), defaultProxy())
	}
	return &Module{goTool: tool, proxies: proxies(client, list)}
}

// defaultProxy is the one that Go itself asks where nothing else is said. It is
// composed from the package-URL type: this is the only place that knows it.
func defaultProxy() string { return "https://proxy." + packageurl.TypeGolang + ".org" }

// proxies are those of a GOPROXY list, in its order; "direct" and "off" are none.
func proxies(client *fetch.Client, list string) []origin {
	var out []origin
	for _, p := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == '|' }) {
		p = strings.TrimSpace(p)
		if p == "off" {
			break
		}
		if isAddress(p) || strings.HasPrefix(p, "file://") {
			out = append(out, originAt(client, p))
		}
	}
	return out
}

// Name is SourceModule.
func (m *Module) Name() string { return SourceModule }

// moduleVersion is "v0.0.0-3.14.6-20260610-1": Python, build date, build.
var moduleVersion = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^v0\.0\.0-(3\.[0-9]{1,3}\.[0-9]{1,3})-[0-9]{8}-[0-9]{1,4}$`)
})

// List returns the catalogue's interpreters, and newer ones that the proxy
// lists where the `go` tool is there to check them.
func (m *Module) List(ctx context.Context, target pytag.Target) ([]Interpreter, error) {
	if len(m.proxies) == 0 {
		return nil, fault.New(fault.Unsupported, "set GOPROXY to a module proxy's address", "no Go module proxy is configured")
	}
	platform := modulePlatform(target)
	if platform == "" {
		return nil, nil
	}
	entries, err := Catalogue()
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	var out []Interpreter
	for _, e := range entries {
		v, err := pep440.Parse(e.Python)
		if err != nil {
			return nil, fmt.Errorf("snug's own interpreter catalogue: %w", err)
		}
		known[e.Python] = true
		if sum, ok := e.Trees[platform]; ok {
			out = append(out, m.interpreter(v, target, e.Module, sum))
		}
	}
	listed, err := m.get(ctx, ModulePath+"/@v/list")
	if errors.Is(err, fetch.ErrOffline) {
		return out, nil // what the store has can still be chosen
	}
	if err != nil {
		return nil, err
	}
	return append(out, m.uncatalogued(ctx, target, string(listed), known)...), nil
}

func (m *Module) interpreter(v pep440.Version, t pytag.Target, id, sum string) Interpreter {
	return Interpreter{Version: v, Target: t.String(), Source: SourceModule, ID: id, SHA256: sum, Movable: true}
}

// uncatalogued are the listed versions that snug does not know, each pinned by
// the hash that the checksum database states for the whole zip. That answer is
// not trusted here: Fetch has the go tool verify it.
func (m *Module) uncatalogued(ctx context.Context, target pytag.Target, list string, known map[string]bool) []Interpreter {
	fresh := slices.DeleteFunc(strings.Fields(list), func(id string) bool {
		match := moduleVersion().FindStringSubmatch(id)
		return match == nil || known[match[1]]
	})
	if len(fresh) == 0 || m.goTool.path == "" {
		return nil
	}
	sumdb, _, _ := strings.Cut(m.goTool.env(ctx, "GOSUMDB"), " ")
	if sumdb == "" || sumdb == "off" || module.MatchPrefixPatterns(m.goTool.env(ctx, "GONOSUMDB"), ModulePath) {
		return nil // the go tool would check nothing
	}
	var out []Interpreter
	for _, id := range fresh {
		v, err := pep440.Parse(moduleVersion().FindStringSubmatch(id)[1])
		if err != nil {
			continue
		}
		body, err := m.get(ctx, "sumdb/"+sumdb+"/lookup/"+ModulePath+"@"+id)
		if err != nil {
			continue // a version without a checksum is not offered
		}
		if sum, ok := h1In(string(body), ModulePath+" "+id+" "); ok {
			out = append(out, m.interpreter(v, target, id, sum))
		}
	}
	return out
}

// h1In finds the line that starts so and returns its h1 hash as hex.
func h1In(text, start string) (string, bool) {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), start); ok {
			return h1Hex(rest)
		}
	}
	return "", false
}

func h1Hex(h1 string) (string, bool) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(h1, "h1:"))
	if err != nil || len(raw) != len(digest.SHA256{}) || !strings.HasPrefix(h1, "h1:") {
		return "", false
	}
	return hex.EncodeToString(raw), true
}

// get asks each proxy in turn.
func (m *Module) get(ctx context.Context, path string) ([]byte, error) {
	err := fault.New(fault.Network, "", "no module proxy")
	for _, p := range m.proxies {
		body, failed := p.get(ctx, path, maxList)
		if failed == nil {
			return body, nil
		}
		err = fault.New(fault.Network, "", "module proxy: %w", failed)
	}
	return nil, err
}

// Fetch reads only the platform's part of the zip where snug's catalogue
// vouches for the tree; else the whole module, checked by the go tool against
// the checksum database.
func (m *Module) Fetch(ctx context.Context, i Interpreter, dir string, progress func(done, total int64)) error {
	if progress == nil {
		progress = func(int64, int64) {}
	}
	target, err := pytag.ParseTarget(i.Target)
	if err != nil {
		return err
	}
	platform := modulePlatform(target)
	entries, err := Catalogue()
	if err != nil {
		return err
	}
	for _, e := range entries {
		h1, _ := h1Hex(e.H1)
		if sum, ok := e.Trees[platform]; ok && e.Module == i.ID && (i.SHA256 == sum || i.SHA256 == h1) {
			return m.fetchByRange(ctx, i, platform, sum, dir, progress)
		}
	}
	return m.fetchWhole(ctx, i, platform, dir, progress)
}

func (m *Module) fetchByRange(ctx context.Context, i Interpreter, platform, want, dir string, progress func(done, total int64)) error {
	if len(m.proxies) == 0 {
		return fault.New(fault.Unsupported, "set GOPROXY to a module proxy's address", "no Go module proxy is configured")
	}
	var failed error
	for _, p := range m.proxies {
		z, done, err := openModule(ctx, p, i, platform, progress)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		got, err := unpackModule(z, i.Minor(), dir)
		done()
		if err != nil {
			return fault.New(fault.Integrity, "", "unpack Python %s (%s): %w", i.Version, i.ID, err)
		}
		return expect(i, want, got)
	}
	return fault.New(fault.Network, "", "fetch Python %s: %w", i.Version, failed)
}

// expect compares the laid-out tree with the digest that was promised.
func expect(i Interpreter, want string, got digest.SHA256) error {
	if got.String() == want {
		return nil
	}
	return fault.New(fault.Integrity, "the mirror or proxy serves other files than snug was made with; try again later or set another",
		"Python %s (%s) has digest %s, expected %s", i.Version, i.ID, got, want)
}

// openModule returns the platform's entries of the zip at p, read by range, or
// from a temporary copy where ranges are not served.
func openModule(ctx context.Context, p origin, i Interpreter, platform string, progress func(done, total int64)) (map[string]*zip.File, func(), error) {
	name := ModulePath + "/@v/" + i.ID + ".zip"
	if p.folder {
		return openCopy(ctx, p, name, i, platform, progress)
	}
	r, err := openRemoteZip(ctx, p.client, p.base+"/"+name)
	if errors.Is(err, fetch.ErrNoRange) {
		return openCopy(ctx, p, name, i, platform, progress)
	}
	if err != nil {
		return nil, nil, err
	}
	z, err := zip.NewReader(r, r.size)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	files, first, next, err := platformFiles(z, i.ID, platform)
	if err != nil {
		return nil, nil, err
	}
	from, err := first.DataOffset()
	if err != nil {
		return nil, nil, err
	}
	to := r.size - directoryGuess
	if next != nil {
		if to, err = next.DataOffset(); err != nil {
			return nil, nil, err
		}
	}
	return files, func() {}, r.want(from, to, progress)
}

func openCopy(ctx context.Context, p origin, name string, i Interpreter, platform string, progress func(done, total int64)) (map[string]*zip.File, func(), error) {
	body, size, err := p.download(ctx, name, maxModuleZip)
	if err != nil {
		return nil, nil, err
	}
	defer body.Close()
	f, err := os.CreateTemp("", "snug-module-")
	if err != nil {
		return nil, nil, err
	}
	done := func() { f.Close(); os.Remove(f.Name()) }
	n, err := io.Copy(f, fetch.Counted(body, size, progress))
	if err != nil {
		done()
		return nil, nil, err
	}
	z, err := zip.NewReader(f, n)
	if err != nil {
		done()
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	files, _, _, err := platformFiles(z, i.ID, platform)
	if err != nil {
		done()
	}
	return files, done, err
}
