package engine

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/internal/cluster"
	"github.com/daprstack/daprstack/toolchain"
)

func TestOnlyDeadLocksOfThisMachineAreReleased(t *testing.T) {
	host, err := os.Hostname()
	require.NoError(t, err)
	ended := exec.Command("true")
	require.NoError(t, ended.Run())

	for name, tc := range map[string]struct {
		pid      int
		host     string
		released bool
	}{
		"process is gone":          {ended.Process.Pid, host, true},
		"pid is another program's": {os.Getpid(), host, true},
		"lock of another machine":  {ended.Process.Pid, "elsewhere", false},
	} {
		t.Run(name, func(t *testing.T) {
			backend := t.TempDir()
			lock := filepath.Join(backend, ".pulumi", "locks", "organization", "daprstack", "dev", "1.json")
			require.NoError(t, os.MkdirAll(filepath.Dir(lock), 0o700))
			content, err := json.Marshal(map[string]any{"pid": tc.pid, "hostname": tc.host})
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(lock, content, 0o600))

			released, err := releaseDeadLocks(t.Context(), backend, "dev")
			require.NoError(t, err)
			assert.Equal(t, tc.released, released)
			_, err = os.Stat(lock)
			assert.Equal(t, tc.released, os.IsNotExist(err))
		})
	}
}

func TestSaltOfTheLastRunIsKept(t *testing.T) {
	kept := filepath.Join(t.TempDir(), "Pulumi.dev.yaml")
	none, err := withKeptSalt(&workspace.ProjectStack{}, kept)
	require.NoError(t, err)
	assert.Empty(t, none.EncryptionSalt, "first run")

	require.NoError(t, os.WriteFile(kept, []byte("encryptionsalt: v1:old\n"), 0o600))
	again, err := withKeptSalt(&workspace.ProjectStack{}, kept)
	require.NoError(t, err)
	assert.Equal(t, "v1:old", again.EncryptionSalt)

	own, err := withKeptSalt(&workspace.ProjectStack{EncryptionSalt: "v1:own"}, kept)
	require.NoError(t, err)
	assert.Equal(t, "v1:own", own.EncryptionSalt, "the stack file's goes first")
}

func TestPassphraseIsMadeOnceAndPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "passphrase")
	require.NoError(t, ensurePassphrase(path))
	first, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, ensurePassphrase(path))
	second, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, first, second)
	assert.GreaterOrEqual(t, len(first), 26)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestToolsAreLinkedWhereTheEngineLooks(t *testing.T) {
	home := t.TempDir()
	install := func(dir string) {
		require.NoError(t, InstallTools(home, map[string]string{
			toolchain.Pulumi:             filepath.Join(dir, "pulumi"),
			toolchain.KubernetesProvider: filepath.Join(dir, "k"),
			toolchain.RandomProvider:     filepath.Join(dir, "r"),
			toolchain.TLSProvider:        filepath.Join(dir, "t"),
		}))
	}
	install("/old")
	install("/new")
	for link, want := range map[string]string{
		"bin/pulumi": "/new/pulumi",
		"plugins/resource-kubernetes-v4.25.0/pulumi-resource-kubernetes": "/new/k",
		"plugins/resource-random-v4.21.2/pulumi-resource-random":         "/new/r",
		"plugins/resource-tls-v5.3.1/pulumi-resource-tls":                "/new/t",
	} {
		target, err := os.Readlink(filepath.Join(home, link))
		require.NoError(t, err)
		assert.Equal(t, want, target)
	}
}

func TestEngineDoesNotLog(t *testing.T) {
	home := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(home, "logs"), 0o700)) // of an earlier version
	for range 2 {
		require.NoError(t, withoutLogs(home))
		require.Error(t, os.MkdirAll(filepath.Join(home, "logs"), 0o700), "as the engine tries")
	}
}

func TestInspect(t *testing.T) {
	for deployment, want := range map[string]State{
		``:                 {},
		`{"resources":[]}`: {},
		`{"resources":[{"type":"pulumi:pulumi:Stack"},{"type":"pulumi:providers:kubernetes","inputs":{"context":"here","version":"1"}}]}`: {Context: "here"},
		`{"resources":[{"type":"pulumi:pulumi:Stack","outputs":{"namespace":"shop"}}]}`:                                                   {Namespace: "shop"},
		`{"resources":[{"type":"kubernetes:core/v1:Secret","inputs":{"apiVersion":"v1","kind":"Secret","metadata":{"name":"n","namespace":"ns"}},"outputs":{"metadata":{"uid":"u"}}}]}`: {
			Objects: []Object{{Object: cluster.Object{APIVersion: "v1", Kind: "Secret", Namespace: "ns", Name: "n"}, UID: "u"}},
		},
		`{"resources":[
			{"type":"random:index/randomId:RandomId","outputs":{"hex":"0123456789abcdef"}},
			{"type":"kubernetes:core/v1:Namespace","protect":true,"retainOnDelete":true,"inputs":{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"n","labels":{"daprstack.io/adopted":"true"}}}},
			{"type":"kubernetes:core/v1:Secret","inputs":{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s","namespace":"n"}}}]}`: {
			Deployment: "0123456789abcdef", Objects: []Object{
				{Object: cluster.Object{APIVersion: "v1", Kind: "Namespace", Name: "n"}, Retained: true, Adopted: true, Protected: true},
				{Object: cluster.Object{APIVersion: "v1", Kind: "Secret", Namespace: "n", Name: "s"}},
			},
		},
		`{"pending_operations":[{"type":"creating"}]}`: {Pending: true},
		`{"pending_operations":[
			{"type":"creating","resource":{"inputs":{"apiVersion":"v1","kind":"Secret","metadata":{"name":"n","namespace":"ns"}}}},
			{"type":"creating","resource":{"retainOnDelete":true,"inputs":{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"kept"}}}},
			{"type":"updating","resource":{"inputs":{"apiVersion":"v1","kind":"Service","metadata":{"name":"known"}}}}]}`: {
			Pending: true, Leftovers: []cluster.Object{{APIVersion: "v1", Kind: "Secret", Namespace: "ns", Name: "n"}},
		},
	} {
		got, err := inspect([]byte(deployment))
		require.NoError(t, err, deployment)
		assert.Equal(t, want, got, deployment)
	}
}
