//go:build unix

package interp

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/dirhash"

	"snug/internal/fault"
)

// newer is a version that snug's catalogue does not know.
const newer = "v0.0.0-3.14.9-20300101-1"

// fakeGo is a go command that has downloaded one module zip, on a PATH of its
// own. It returns the environment and the zip's hash.
func fakeGo(t *testing.T, noSum string) (env func(string) string, zip, h1 string) {
	t.Helper()
	dir := t.TempDir()
	zip = filepath.Join(dir, "m.zip")
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write("m.zip", string(moduleZip(t, newer)))
	h1, err := dirhash.HashZip(zip, dirhash.Hash1)
	if err != nil {
		t.Fatal(err)
	}
	said, err := json.Marshal(ModuleZip{Zip: zip, Sum: h1})
	if err != nil {
		t.Fatal(err)
	}
	write("said.json", string(said))
	write("go", `#!/bin/sh
case "$*" in
"env GOPROXY") echo https://first.example,https://proxy.example,direct ;;
"env GOSUMDB") echo sum.example ;;
"env GONOSUMDB") echo '`+noSum+`' ;;
"mod download -json `+ModulePath+"@"+newer+`") cat '`+dir+`/said.json' ;;
*) exit 1 ;;
esac
`)
	return func(name string) string { return map[string]string{"PATH": dir}[name] }, zip, h1
}

// proxyWith lists the newer version and states its hash, as a proxy with a
// checksum database does.
func proxyWith(h1 string) web {
	return web{
		"proxy.example/" + ModulePath + "/@v/list":                               []byte(newer + "\nv0.0.0-3.14.5-20300101-1\n"),
		"proxy.example/sumdb/sum.example/lookup/" + ModulePath + "@" + newer:     []byte("7\n" + ModulePath + " " + newer + " " + h1 + "\n" + ModulePath + " " + newer + "/go.mod " + h1 + "\n"),
		"proxy.example/sumdb/sum.example/lookup/" + ModulePath + "@v0.0.0-other": []byte("nothing"),
	}
}

func TestVersionThatTheCatalogueLacks(t *testing.T) {
	env, zip, h1 := fakeGo(t, "")
	ctx, linux := context.Background(), parseTargets(t, "linux-x86_64")[0]
	m := NewModule(ctx, client(t, proxyWith(h1)), env)
	list, err := m.List(ctx, linux)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(i Interpreter) bool { return i.ID == newer })
	sum, _ := h1Hex(h1)
	if i < 0 || len(list) != 5 || list[i].SHA256 != sum || list[i].Version.String() != "3.14.9" {
		t.Fatalf("%+v", list)
	}
	dir := t.TempDir()
	if err := m.Fetch(ctx, list[i], dir, nil); err != nil {
		t.Fatal(err)
	}
	if got := tree(t, dir); !slices.Contains(got, "python3.14 755") {
		t.Errorf("got %q", got)
	}
	// Another zip than the one that was pinned.
	if err := os.WriteFile(zip, moduleZip(t, "v0.0.0-3.14.9-20300102-1"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := m.Fetch(ctx, list[i], t.TempDir(), nil); fault.CodeOf(err) != fault.Integrity {
		t.Errorf("%v", err)
	}
}

// Where the user told Go not to check the module, its hash is nobody's word.
func TestUncheckedVersionIsNotOffered(t *testing.T) {
	env, _, h1 := fakeGo(t, "example.com/x,github.com/kluctl/*")
	m := NewModule(context.Background(), client(t, proxyWith(h1)), env)
	list, err := m.List(context.Background(), parseTargets(t, "linux-x86_64")[0])
	if err != nil || len(list) != 4 || slices.ContainsFunc(list, func(i Interpreter) bool { return strings.HasPrefix(i.Version.String(), "3.14.9") }) {
		t.Errorf("%+v %v", list, err)
	}
}
