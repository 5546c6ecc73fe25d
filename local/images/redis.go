package images

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"

	"github.com/daprstack/daprstack/internal/progress"
)

// DebianRedis is the image of Redis on the local node: Debian's 7.0.15, which has
// the security fixes of later releases.
const DebianRedis = "localhost/redis:7.0.15-debian"

// redisUser is the user that the official Redis image runs as.
const redisUser = 999

// Redis returns an image of Debian's redis-server and redis-cli, laid out like the
// official one but without a shell. The packages are downloaded into the directory
// cache, once, and not installed, so that this machine gets no Redis service.
func Redis(name, cache string) Image {
	return Image{
		Name:       name,
		Entrypoint: []string{"/usr/local/bin/redis-server"},
		User:       redisUser,
		WorkingDir: "/data",
		Layers: func(ctx context.Context, report *progress.Reporter) ([]*Layer, error) {
			root := filepath.Join(cache, "debian-redis-"+runtime.GOARCH)
			if err := fetchPackages(ctx, report, root, "redis-server", "redis-tools"); err != nil {
				return nil, err
			}
			return redisLayers(root)
		},
	}
}

// redisLayers makes the layer from the programs and libraries of the packages
// unpacked in root. Libraries that this machine has were not downloaded; they are
// taken from there.
func redisLayers(root string) ([]*Layer, error) {
	files := []File{
		{Path: "/etc/passwd", Data: fmt.Sprintf("root:x:0:0::/:/sbin/nologin\nredis:x:%d:%[1]d::/data:/sbin/nologin\n", redisUser), Mode: 0o644},
		{Path: "/etc/group", Data: fmt.Sprintf("root:x:0:\nredis:x:%d:\n", redisUser), Mode: 0o644},
		{Path: "/tmp", Dir: true, Mode: 0o1777},
		{Path: "/data", Dir: true, Owner: redisUser},
	}
	var programs []string
	for _, program := range []string{"redis-server", "redis-cli"} {
		// redis-server is a link to another name of the same program.
		source, err := filepath.EvalSymlinks(filepath.Join(root, "usr/bin", program))
		if err != nil {
			return nil, fmt.Errorf("looking for %s in Debian's packages: %w", program, err)
		}
		programs = append(programs, source)
		files = append(files, File{Path: "/usr/local/bin/" + program, Source: source})
	}
	libraries, err := closure(programs, []string{root, "/"})
	if err != nil {
		return nil, err
	}
	return []*Layer{NewLayer(append(files, libraries...)...)}, nil
}
