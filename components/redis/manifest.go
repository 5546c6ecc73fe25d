package redis

import (
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/kube"
)

const (
	user    = 999 // of the official image
	dataDir = "/data"
	authDir = "/etc/redis/auth"
)

var (
	labels = map[string]string{"app.kubernetes.io/name": "redis"}
	ports  = []kube.Port{{Name: "redis", Number: Port}}
)

// arguments configure the server on its command line, where a change rolls the
// pod. The password is not among them: it is in the included file.
func arguments(args *Args) []string {
	return []string{
		"redis-server",
		"--include", authDir + "/" + AuthFile,
		"--dir", dataDir,
		"--appendonly", "yes",
		"--appendfsync", args.Fsync,
		"--save", "",
		"--maxmemory", strconv.FormatInt(args.MaxMemory, 10),
		"--maxmemory-policy", "noeviction",
	}
}

// deployment is one pod, replaced as a whole: two servers must never write the
// same volume.
func deployment(args *Args, claim pulumi.StringInput) kube.Deployment {
	return kube.Deployment{
		Name: Service, Namespace: args.Namespace, Labels: labels, Replicas: 1, Recreate: true,
		Pod: kube.Pod{
			PullSecrets: args.PullSecrets,
			User:        user,
			Container: kube.Container{
				Name: "redis", Image: args.Image, Command: arguments(args),
				// redis-cli of the probes reads its password here.
				Env:       []kube.Variable{{Name: "REDISCLI_AUTH", Secret: &args.Auth}},
				Ports:     ports,
				Resources: kube.Resources{Requests: args.Requests, Limits: args.Limits},
				// Ready at once when it is up; alive as long as it answers at all,
				// even while it loads a large file.
				Startup: ping(1, 120), Readiness: ping(5, 3), Liveness: ping(10, 6),
				Mounts: []kube.Mount{
					{Volume: "data", Path: dataDir}, {Volume: "auth", Path: authDir, ReadOnly: true},
				},
			},
			Volumes: []kube.Volume{
				{Name: "data", Claim: claim}, {Name: "auth", Secret: args.Auth.Name, SecretFiles: []string{AuthFile}},
			},
		},
	}
}

// ping asks the server itself; -e makes an error reply a failure.
func ping(period, failures int) *kube.Probe {
	return &kube.Probe{Command: []string{"redis-cli", "-e", "ping"}, Period: period, Failures: failures}
}
