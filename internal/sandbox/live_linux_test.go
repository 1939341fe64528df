//go:build live

package sandbox

import (
	"os"
	"path/filepath"
	"testing"
)

// A compiler of the host compiles, links and its program runs, at every level, as
// root and, by TestAsNobody, as an ordinary user.
func TestLiveCompiler(t *testing.T) {
	if _, err := os.Stat("/usr/bin/gcc"); err != nil {
		t.Skip("this machine has no gcc")
	}
	for _, level := range levels {
		t.Run(string(level), func(t *testing.T) {
			s := open(t, level)
			w := newWorld(t, "/bin/true")
			source := "#include <stdio.h>\n#include <math.h>\nint main(int n, char **a) { printf(\"%.3f\\n\", sqrt(n + 1)); return 0; }\n"
			if err := os.WriteFile(filepath.Join(w.in.Host, "root.c"), []byte(source), 0o644); err != nil {
				t.Fatal(err)
			}
			c := sh("cp $IN/root.c . && gcc -O2 -c root.c -o root.o && gcc root.o -o $OUT/root -lm && $OUT/root")
			c.Env = append(c.Env, "IN="+s.Path(w.in), "OUT="+s.Path(w.out))
			c.Inputs = []Input{w.in, w.out}
			r, said := run(t, s, c)
			if r.Exit != 0 || said != "1.414\n" {
				t.Errorf("%+v: %s", r, said)
			}
			if info, err := os.Stat(filepath.Join(w.out.Host, "root")); err != nil || info.Mode().Perm() != 0o755 || ownerOf(info) != os.Geteuid() {
				t.Errorf("the program that came out: %v %v", info, err)
			}
		})
	}
}
