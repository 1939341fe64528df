package build

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"snug/internal/archive"
	"snug/internal/fault"
	"snug/internal/sandbox"
)

//go:embed driver.py
var driver []byte

// room is the folder of one build on the host, and how it is seen from inside.
// The sources, the folder for what is built and a temporary folder are the
// build's own; nothing else can be written to.
type room struct {
	box        *sandbox.Sandbox
	job        Job
	conditions Conditions
	dir        string
	inputs     []sandbox.Input
	at         places
	env        []string
	late       time.Duration // that driver.py is to be wrong about the clock
	log        *buildLog
	result     *sandbox.Result
}

// enter copies the sources into a room of their own.
func (b *Builder) enter(ctx context.Context, job Job) (*room, error) {
	dir, err := os.MkdirTemp(b.temp, "build-")
	if err != nil {
		return nil, err
	}
	r := &room{box: b.box, job: job, conditions: job.Conditions.orCanonical(), dir: dir, log: newLog(job.Log)}
	if err := r.furnish(ctx); err != nil {
		return nil, errors.Join(err, r.leave())
	}
	return r, nil
}

func (r *room) leave() error { return os.RemoveAll(r.dir) }

func (r *room) step(name string) {
	if r.job.Step != nil {
		r.job.Step(name)
	}
}

func (r *room) furnish(ctx context.Context) error {
	if !local(r.job.Name) {
		return fault.New(fault.Internal, "", "%q cannot be the name of a folder", r.job.Name)
	}
	source := filepath.Join(r.dir, r.job.Name)
	for _, folder := range []string{"out", "tmp", "in"} {
		if err := os.Mkdir(filepath.Join(r.dir, folder), 0o755); err != nil {
			return err
		}
	}
	if err := r.layOut(source); err != nil {
		return fmt.Errorf("lay out the sources of %s: %w", r.job.Name, err)
	}
	if err := r.job.Recipe.apply(source, r.job.Version, r.job.Epoch); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(r.dir, "in", "driver.py"), driver, 0o644); err != nil {
		return err
	}
	r.at.source = r.show(source, path.Join(r.conditions.Folder, r.job.Name), true)
	r.at.out = r.show(filepath.Join(r.dir, "out"), "/build-out", true)
	r.at.temp = r.show(filepath.Join(r.dir, "tmp"), "/build-tmp", true)
	r.at.in = r.show(filepath.Join(r.dir, "in"), "/build-in", false)
	if err := r.showPython(); err != nil {
		return err
	}
	if err := r.job.Toolchain.furnish(r); err != nil {
		return err
	}
	moved, err := r.moveClock(ctx)
	if err != nil {
		return err
	}
	r.env = r.environment()
	if moved {
		r.env = append(r.env, "LD_PRELOAD="+path.Join(r.at.in, clockFile))
	} else {
		r.late = r.conditions.Clock
	}
	return nil
}

// layOut copies the sources, or moves them where they are given and lie on the same
// disk: to make thousands of files is what building a small package would cost most.
func (r *room) layOut(source string) error {
	if r.job.Given && os.Rename(r.job.Source, source) == nil {
		return tidyTree(source, r.job.Epoch)
	}
	return copyTree(r.job.Source, source, r.job.Epoch)
}

// show makes a file or folder of the host visible and says where.
func (r *room) show(host, inside string, writable bool) string {
	in := sandbox.Input{Host: host, Inside: inside, Writable: writable}
	r.inputs = append(r.inputs, in)
	return r.box.Path(in)
}

// request is what driver.py is asked.
type request struct {
	Hook        string         `json:"hook"`
	Backend     string         `json:"backend"`
	BackendPath []string       `json:"backend_path"`
	Source      string         `json:"source"`
	Out         string         `json:"out"`
	Settings    map[string]any `json:"settings"`
	Umask       int            `json:"umask"`
	Clock       int64          `json:"clock"`
}

// answer is what driver.py wrote. It was written where the backend can write: it
// is as good as the backend's word.
type answer struct {
	Value json.RawMessage `json:"value"`
	Kind  string          `json:"kind"`
	Text  string          `json:"text"`
}

// ask runs one hook and reads its answer into value.
func (r *room) ask(ctx context.Context, hook string, value any) error {
	r.step(hook)
	req := request{Hook: hook, Backend: r.job.Backend, BackendPath: r.job.BackendPath, Source: r.at.source, Out: r.at.out,
		Settings: r.job.Recipe.settings(), Umask: r.conditions.Umask, Clock: int64(r.late.Seconds())}
	if req.BackendPath == nil {
		req.BackendPath = []string{}
	}
	text, err := json.Marshal(req)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(r.dir, "in", "request.json"), text, 0o644); err != nil {
		return err
	}
	r.result, err = r.box.Run(ctx, sandbox.Command{
		Argv: []string{path.Join(r.at.python, "bin", "python3"), "-s", "-B", path.Join(r.at.in, "driver.py"), path.Join(r.at.in, "request.json"), path.Join(r.at.out, "answer.json")},
		Dir:  r.at.source, Env: r.env, Inputs: r.inputs, System: true, Hostname: r.conditions.Hostname, Umask: r.conditions.Umask,
		Limits: r.job.Limits, Log: r.log})
	if err != nil {
		return fmt.Errorf("build %s: %w", r.job.Name, err)
	}
	said, err := r.answer()
	if err != nil || said.Kind != "" || r.result.Killed != "" {
		return r.failed(hook, said)
	}
	if err := json.Unmarshal(said.Value, value); err != nil {
		return r.failed(hook, answer{Kind: "answer", Text: hook + " gave an answer of the wrong kind"})
	}
	return nil
}

// answer reads and removes what the hook answered.
func (r *room) answer() (answer, error) {
	file := filepath.Join(r.dir, "out", "answer.json")
	text, err := readRegular(file, maxAnswer)
	if err != nil {
		return answer{}, err
	}
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		return answer{}, err
	}
	return a, os.Remove(file)
}

var distInfo = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9._+!-]{1,200}\.dist-info$`) })

// prepared reads the METADATA in the folder that the backend named.
func (r *room) prepared(name string) ([]byte, error) {
	if !distInfo().MatchString(name) {
		return nil, r.lied("metadata", "prepare_metadata_for_build_wheel named %.100q, which is no .dist-info folder", name)
	}
	folder := filepath.Join(r.dir, "out", name)
	if info, err := os.Lstat(folder); err != nil || !info.IsDir() {
		return nil, r.lied("metadata", "prepare_metadata_for_build_wheel named %s, which it did not make", name)
	}
	text, err := readRegular(filepath.Join(folder, "METADATA"), maxMetadata)
	if err != nil {
		return nil, r.lied("metadata", "%s holds no METADATA that can be read", name)
	}
	return text, nil
}

// wheel is the path of the one wheel that was built, which must be the one named.
func (r *room) wheel(name string) (string, error) {
	folder := filepath.Join(r.dir, "out")
	if !local(name) || !strings.HasSuffix(name, ".whl") {
		return "", r.lied("wheel", "build_wheel named %.100q, which is not the name of a wheel", name)
	}
	info, err := os.Lstat(filepath.Join(folder, name))
	if err != nil || !info.Mode().IsRegular() {
		return "", r.lied("wheel", "build_wheel named %s, which it did not make", name)
	}
	if info.Size() > maxWheel {
		return "", r.lied("wheel", "the wheel %s has %d bytes, more than %d", name, info.Size(), int64(maxWheel))
	}
	others, err := wheelsIn(folder)
	if err != nil {
		return "", err
	}
	if len(others) != 1 {
		return "", r.lied("wheel", "build_wheel made %d wheels: %s", len(others), strings.Join(others, ", "))
	}
	return filepath.Join(folder, name), nil
}

func wheelsIn(folder string) ([]string, error) {
	d, err := os.Open(folder)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	entries, err := d.ReadDir(maxOutputs)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	var wheels []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".whl") {
			wheels = append(wheels, e.Name())
		}
	}
	return wheels, nil
}

// readRegular reads a file that a stranger made: a regular one, up to max bytes.
// The stranger's processes are gone.
func readRegular(file string, max int64) ([]byte, error) {
	info, err := os.Lstat(file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > max {
		return nil, fmt.Errorf("%s: %w", filepath.Base(file), fs.ErrInvalid)
	}
	return os.ReadFile(file)
}

// metadataOf reads METADATA out of a wheel.
func metadataOf(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	z, err := archive.OpenZip(f, info.Size(), archive.DefaultLimits())
	if err != nil {
		return nil, err
	}
	for _, file := range z.Files() {
		folder, name, _ := strings.Cut(file.Name, "/")
		if name == "METADATA" && distInfo().MatchString(folder) {
			return z.ReadFile(file.Name, maxMetadata)
		}
	}
	return nil, fault.New(fault.Integrity, "", "the wheel that was built has no METADATA")
}
