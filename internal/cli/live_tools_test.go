//go:build live

package cli

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"snug/internal/assemble"
)

// shopKit is a project with everything that people run: a plugin for pytest
// that it registers itself, a launcher, scripts, a server, pools.
func shopKit() map[string]string {
	return map[string]string{
		"pyproject.toml": `[project]
name = "shop-kit"
version = "1.4.0"
dependencies = ["gunicorn>=23", "six==1.16.0"]

[project.scripts]
shop-hello = "shop.cli:main"

[project.entry-points.pytest11]
shop = "shop.plugin"

[dependency-groups]
test = ["pytest>=8", "pytest-xdist>=3", "pytest-cov>=7", "coverage>=7.10"]
dev = [{ include-group = "test" }, "pip"]

[tool.snug]
as-of = 2026-11-01T00:00:00Z

[tool.coverage.run]
source = ["shop"]
parallel = true
patch = ["subprocess"]
`,
		"src/shop/__init__.py": "",
		"src/shop/__main__.py": "import sys\nprint('main of', sys.argv[1:])\n",
		"src/shop/cli.py":      "def main():\n    print('hello from the launcher')\n",
		"src/shop/plugin.py":   "import pytest\n\n\n@pytest.fixture\ndef till():\n    return 41\n",
		"src/shop/prices.py":   "def gross(net):\n    if net < 0:\n        raise ValueError(net)\n    return net * 2\n",
		"src/shop/wsgi.py": "def application(environ, start):\n    start('200 OK', [('Content-Type', 'text/plain')])\n" +
			"    return [b'served ' + environ['PATH_INFO'].encode()]\n",
		"manage.py":       "import sys\nfrom shop.prices import gross\nprint('manage', sys.argv[1:], gross(2))\n",
		"tools/job.py":    "import shop.prices\ntry:\n    import jobkit\nexcept ImportError:\n    print('job alone')\nelse:\n    print('job with', jobkit.NAME)\n",
		"tools/jobkit.py": "NAME = 'its kit'\n",
		"tools/pool.py": "import multiprocessing, sys\nfrom shop.prices import gross\nif __name__ == '__main__':\n" +
			"    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:\n        print('pool', pool.map(gross, [1, 2, 3]))\n",
		"tests/test_shop.py": `import importlib.metadata
import subprocess
import sys

from shop.prices import gross


def test_installed(till):
    assert till == 41
    assert gross(2) == 4
    assert importlib.metadata.version("shop-kit") == "1.4.0"
    scripts = importlib.metadata.entry_points(group="console_scripts", name="shop-hello")
    assert [e.value for e in scripts] == ["shop.cli:main"]


def test_child():
    code = "import shop.prices\ntry: shop.prices.gross(-1)\nexcept ValueError: print('no')"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "no\n"
`,
	}
}

// dev and test are used as people are used to, prod as far as it is meant to,
// and none of it changes a file of a runtime.
func TestLiveTools(t *testing.T) {
	u := newUse(t, shopKit())
	for _, r := range []string{"dev", "test", "prod"} {
		u.says(u.run(r, "python", "manage.py", "check"), "manage ['check'] 4")
		u.says(u.run(r, "python", "-m", "shop", "now"), "main of ['now']")
		u.says(u.run(r, "shop-hello"), "hello from the launcher")
		u.says(u.run(r, "python", "tools/pool.py", "spawn"), "pool [2, 4, 6]")
		u.says(u.run(r, "python", "tools/pool.py", "forkserver"), "pool [2, 4, 6]")
		job := "job with its kit" // the script's folder is on sys.path
		if r == "prod" {
			job = "job alone"
		}
		u.says(u.run(r, "python", "tools/job.py"), job)
	}
	t.Run("pytest", func(t *testing.T) { testPytest(&use{t, u.dir}) })
	t.Run("coverage", func(t *testing.T) { testCoverage(&use{t, u.dir}) })
	t.Run("gunicorn", func(t *testing.T) { testGunicorn(&use{t, u.dir}) })
	t.Run("venv", func(t *testing.T) { testVenv(&use{t, u.dir}) })
	u.clean()
	u.says(liveSnug(t, u.dir, "verify", "test", "--json"), `"added-bytecode":0`)
}

func testPytest(u *use) {
	u.says(u.run("test", "pytest", "-q"), "2 passed")
	u.says(u.run("dev", "python", "-m", "pytest", "-q"), "2 passed")
	u.says(u.run("test", "pytest", "-v", "-n", "2"), "[gw0]", "[gw1]", "2 passed")
}

// The line that only a child of a test reaches counts: coverage's own start-up
// file is at work, under xdist too.
func testCoverage(u *use) {
	t := u.t
	all := regexp.MustCompile(`src/shop/prices\.py +4 +0 +100%`)
	u.run("test", "coverage", "run", "-m", "pytest", "-q")
	u.run("test", "coverage", "combine", "-q")
	for _, said := range []string{
		u.run("test", "coverage", "report"),
		u.run("test", "pytest", "-q", "-n", "2", "--cov", "--cov-report=term"),
	} {
		if !all.MatchString(said) {
			t.Errorf("not every line was seen to run:\n%s", said)
		}
	}
}

func testGunicorn(u *use) {
	served(u.t, filepath.Join(u.dir, ".snug", "prod", "current", "bin", "gunicorn"))
}

// served starts the launcher, which serves a request and ends well when told to.
func served(t *testing.T, gunicorn string) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	home := t.TempDir()
	cmd := exec.CommandContext(ctx, gunicorn, "--bind", "127.0.0.1:0", "shop.wsgi:application")
	cmd.Dir, cmd.Env = home, []string{"PATH=/usr/bin:/bin", "HOME=" + home}
	logs, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(logs)
	address := ""
	for address == "" && lines.Scan() {
		address = regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(lines.Text())
	}
	if got := body(t, address+"/shelf"); got != "served /shelf" {
		t.Errorf("served %q", got)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() { // to its end, which is the server's
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("gunicorn: %v", err)
	}
}

func body(t *testing.T, address string) string {
	t.Helper()
	r, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	data, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// In a virtual environment made from dev, what pip installs there wins over
// what dev has.
func testVenv(u *use) {
	t := u.t
	for _, overDev := range []bool{false, true} {
		dir := filepath.Join(t.TempDir(), "env")
		args := []string{"python", "-m", "venv", dir}
		if overDev {
			args = append(args, "--system-site-packages")
		}
		u.run("dev", args...)
		python := filepath.Join(dir, "bin", "python")
		u.run("dev", python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "six==1.17.0")
		u.says(u.run("dev", python, "-c", "import six; print(six.__version__, six.__file__)"), "1.17.0 "+dir)
		seesDev, _ := u.try(nil, "dev", python, "-c", "import pytest, shop.prices")
		if (seesDev == 0) != overDev {
			t.Errorf("%v: importing what dev has: exit code %d", args, seesDev)
		}
		u.says(u.run("dev", filepath.Join(dir, "bin", "pip"), "--version"), "from "+dir)
	}
	u.says(u.run("dev", "python", "-c", "import six; print(six.__version__)"), "1.16.0")
	code, out := u.try(nil, "dev", "python", "-m", "pip", "install", "six==1.17.0")
	if code == 0 || !strings.Contains(out, "snug add NAME") {
		t.Errorf("pip in the runtime itself: exit code %d\n%s", code, out)
	}
}

// What is delivered runs at another path, with a space in it, when the project
// and snug's store are gone: the project's own launcher, a server, a script, a
// module, a pool.
func TestLiveMovedLaunchers(t *testing.T) {
	base := t.TempDir()
	u := &use{t: t, dir: filepath.Join(base, "project")}
	for name, text := range shopKit() {
		u.write(name, text)
	}
	home := filepath.Join(base, "home")
	liveSnug(t, u.dir, "build", "--into", filepath.Join(base, "rt"), "--home", home)
	moved := filepath.Join(base, "moved to here")
	if err := errors.Join(os.RemoveAll(home), os.RemoveAll(u.dir), os.Rename(filepath.Join(base, "rt"), moved)); err != nil {
		t.Fatal(err)
	}
	bin, app := filepath.Join(moved, "bin"), filepath.Join(moved, "app")
	for want, argv := range map[string][]string{
		"hello from the launcher": {"shop-hello"},
		"manage ['check'] 4":      {"python", filepath.Join(app, "manage.py"), "check"},
		"main of ['now']":         {"python", "-m", "shop", "now"},
		"job alone":               {"python", filepath.Join(app, "tools", "job.py")},
		"pool [2, 4, 6]":          {"python", filepath.Join(app, "tools", "pool.py"), "spawn"},
	} {
		cmd := bounded(t, filepath.Join(bin, argv[0]), argv[1:]...)
		cmd.Dir, cmd.Env = t.TempDir(), []string{"PATH=/usr/bin:/bin", "HOME=/nowhere"}
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%v: %v\n%s", argv, err, out)
		}
	}
	served(t, filepath.Join(bin, "gunicorn"))
	if r, err := assemble.Verify(moved, func(int64, int64) {}); err != nil || !r.Clean() {
		t.Errorf("after all that: %+v, %v", r, err)
	}
}
