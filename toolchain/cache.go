package toolchain

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"github.com/daprstack/daprstack/internal/progress"
)

// builders is how many tools are built at once: while one is linked, on a single
// core, the next can be compiled.
const builders = 2

// Toolchain finds tools in the cache, or builds them.
type Toolchain struct {
	checkout string // the folder that holds toolchain/
	cache    string
	report   *progress.Reporter
}

// New returns the Toolchain of a checkout. It keeps tools in [CacheDir].
func New(checkout string, report *progress.Reporter) (*Toolchain, error) {
	dir, err := CacheDir()
	if err != nil {
		return nil, err
	}
	return &Toolchain{checkout: checkout, cache: filepath.Join(dir, "tools"), report: report}, nil
}

// CacheDir returns the folder of everything that is kept between runs but can be
// built or downloaded again: daprstack in the user's cache folder ($XDG_CACHE_HOME,
// default ~/.cache).
func CacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the cache folder: %w; set XDG_CACHE_HOME", err)
	}
	return filepath.Join(dir, "daprstack"), nil
}

// Ensure returns the absolute path of each of the named tools, after building those
// that the cache lacks. A pulumi on PATH is used instead if its version fits.
func (tc *Toolchain) Ensure(ctx context.Context, names ...string) (map[string]string, error) {
	queues, err := queue(names)
	if err != nil {
		return nil, err
	}
	var (
		mu    sync.Mutex
		wg    sync.WaitGroup
		next  = make(chan []tool, len(queues))
		paths = make(map[string]string, len(names))
		errs  []error
	)
	for _, tools := range queues {
		next <- tools
	}
	close(next)
	for range builders {
		wg.Go(func() {
			for tools := range next {
				for _, t := range tools {
					path, err := tc.ensure(ctx, t)
					mu.Lock()
					paths[t.name], errs = path, append(errs, err)
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return paths, errors.Join(errs...)
}

// queue groups the named tools by module, each group in the order of the catalogue.
// Tools of one module share packages, so they are built one after the other.
func queue(names []string) ([][]tool, error) {
	wanted := make(map[string]bool)
	for _, name := range names {
		if _, err := find(name); err != nil {
			return nil, err
		}
		wanted[name] = true
	}
	var queues [][]tool
	index := make(map[string]int)
	for _, t := range tools {
		if !wanted[t.name] {
			continue
		}
		i, ok := index[t.module]
		if !ok {
			i = len(queues)
			index[t.module] = i
			queues = append(queues, nil)
		}
		queues[i] = append(queues[i], t)
	}
	return queues, nil
}

func (tc *Toolchain) ensure(ctx context.Context, t tool) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if t.module == "" {
		out := filepath.Join(tc.checkout, "bin", t.name)
		return out, tc.build(ctx, t, tc.checkout, out)
	}
	if t.name == Pulumi {
		if path, err := FindPulumi(ctx); err == nil {
			return path, nil
		}
	}
	module := filepath.Join(tc.checkout, "toolchain", t.module)
	key, err := key(ctx, t, module)
	if err != nil {
		return "", fmt.Errorf("%s: %w", t, err)
	}
	dir := filepath.Join(tc.cache, t.name+"-"+key)
	path := filepath.Join(dir, t.name)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}

	unlock, err := tc.lock(t)
	if err != nil {
		return "", fmt.Errorf("%s: %w", t, err)
	}
	defer unlock()
	if _, err := os.Stat(path); err == nil { // another process has built it meanwhile
		return path, nil
	}
	// Whoever left an unfinished folder is gone: we hold the lock.
	half := dir + ".building"
	if err := os.RemoveAll(half); err != nil {
		return "", fmt.Errorf("%s: removing an unfinished build: %w", t, err)
	}
	if err := tc.build(ctx, t, module, filepath.Join(half, t.name)); err != nil {
		return "", errors.Join(err, os.RemoveAll(half))
	}
	if err := os.Rename(half, dir); err != nil {
		return "", fmt.Errorf("%s: %w", t, err)
	}
	return path, nil
}

// lock keeps other processes from building a tool.
func (tc *Toolchain) lock(t tool) (unlock func(), err error) {
	path := filepath.Join(tc.cache, t.name+".lock")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		step := tc.report.Start("waiting for another process, which builds %s", t)
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		step.Done()
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	return func() { f.Close() }, nil
}

// key returns a hash of everything that goes into a build: the compiler, the target,
// the tool's entry in the catalogue and the files of its module, except tests.
func key(ctx context.Context, t tool, module string) (string, error) {
	compiler, err := exec.CommandContext(ctx, "go", "version").Output()
	if err != nil {
		return "", fmt.Errorf("go version: %w; is Go on PATH?", err)
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s %s/%s %+v %q\n", compiler, runtime.GOOS, runtime.GOARCH, t, buildFlags(t))
	err = filepath.WalkDir(module, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(module, path)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(h, "%s %x\n", name, sha256.Sum256(content))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("reading module %s: %w", module, err)
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}

// FindPulumi returns the path of a pulumi on PATH that can run our programs. It fails
// if there is none: its major version must be that of the SDK that they use, and it
// must not be older.
func FindPulumi(ctx context.Context) (string, error) {
	wanted := fmt.Sprintf("daprstack needs version %s, or a later one of version %c", PulumiVersion, PulumiVersion[0])
	path, err := exec.LookPath("pulumi")
	if err != nil {
		return "", fmt.Errorf("no pulumi on PATH, and %s", wanted)
	}
	cmd := exec.CommandContext(ctx, path, "version")
	cmd.Env = append(os.Environ(), "PULUMI_SKIP_UPDATE_CHECK=true")
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s version: %w, and %s", path, err, wanted)
	}
	if version := strings.TrimSpace(string(out)); !fits(version, PulumiVersion) {
		return "", fmt.Errorf("%s is %s, and %s", path, version, wanted)
	}
	return path, nil
}

// fits reports whether version, as in v3.260.1, has the same major version as pinned
// and is not older.
func fits(version, pinned string) bool {
	var have, want [3]int
	if n, _ := fmt.Sscanf(version, "v%d.%d.%d", &have[0], &have[1], &have[2]); n != 3 {
		return false
	}
	if n, _ := fmt.Sscanf(pinned, "%d.%d.%d", &want[0], &want[1], &want[2]); n != 3 {
		return false
	}
	if have[0] != want[0] {
		return false
	}
	return have[1] > want[1] || have[1] == want[1] && have[2] >= want[2]
}
