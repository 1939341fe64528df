package assemble

import (
	"fmt"
	"os"
	"path/filepath"

	"snug/internal/digest"
	"snug/internal/generation"
	"snug/internal/manifest"
)

// SharedKey names all that the bytes of a shared runtime depend on: projects
// for which it is the same get the same runtime.
func SharedKey(in Input) (string, error) {
	code, err := in.firstParty()
	if err != nil {
		return "", err
	}
	local := ""
	if in.hasProject() {
		local = "app " + manifest.DigestOf(code)
	}
	text := fmt.Sprintf("%s\n%s\n%s\n%s\n%s\n%t\n%t\n%s\n", generation.Schema, digest.Of(in.LockBytes), in.Target, in.Python, in.Runtime, in.Isolated, in.Bytecode, local)
	return "shared-" + digest.Of([]byte(text)).String(), nil
}

// Share fills in.Dest as a generation of in.Project that links to the shared
// runtime at from, which was assembled with the same SharedKey.
func Share(in Input, from string) error {
	if err := generation.Share(from, in.Dest); err != nil {
		return err
	}
	if !in.hasProject() {
		return nil
	}
	to, err := filepath.Rel(in.at(), in.Project.Root)
	if err != nil {
		return err
	}
	return os.Symlink(to, filepath.Join(in.Dest, "app"))
}
