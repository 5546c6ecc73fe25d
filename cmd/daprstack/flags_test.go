package main

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

// quiet is the console of the commands under test.
var quiet = console{in: strings.NewReader(""), out: io.Discard, err: io.Discard}

// A flagCase is a command line with the options with which it runs the command, or
// with the error with which it does not.
type flagCase[T any] struct {
	args string
	want T
	err  string
}

// testFlags runs the command lines of a command whose run function only keeps its
// options.
func testFlags[T any](t *testing.T, newCommand func(func(context.Context, *T) error) *cobra.Command, cases ...flagCase[T]) {
	t.Helper()
	for _, tc := range cases {
		t.Run(tc.args, func(t *testing.T) {
			var ran *T
			cmd := newCommand(func(_ context.Context, o *T) error { ran = o; return nil })
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			cmd.SetIn(quiet.in)
			cmd.SetOut(quiet.out)
			cmd.SetErr(quiet.err)
			cmd.SetArgs(strings.Fields(tc.args))
			err := cmd.ExecuteContext(t.Context())
			if tc.err != "" {
				require.EqualError(t, err, tc.err)
				require.Nil(t, ran, "it ran")
				return
			}
			require.NoError(t, err)
			require.Equal(t, &tc.want, ran)
		})
	}
}

const everyStackFlag = " --stack prod --config-file f.yaml --context ctx --kubeconfig k.yaml --config a=1 -c b=2"

var (
	defaultStack = stackOptions{stack: "dev"}
	givenStack   = stackOptions{stack: "prod", file: "f.yaml", context: "ctx", kubeconfig: "k.yaml", config: []string{"a=1", "b=2"}}
)

const (
	badErrorFormat   = `invalid argument "xml" for "--errors" flag: must be one of text, json`
	bothPolicyFlags  = "if any flags in the group [no-policy policy-config] are set none of the others can be; [no-policy policy-config] were all set"
	bothPolicyOption = "--no-policy --policy-config p.json"
)

func TestPreviewFlags(t *testing.T) {
	testFlags(t, newPreviewCommand,
		flagCase[previewOptions]{want: previewOptions{console: quiet, stackOptions: defaultStack, errorFormat: "text"}},
		flagCase[previewOptions]{
			args: "--diff --expect-no-changes --errors json --policy-config p.json" + everyStackFlag,
			want: previewOptions{
				console: quiet, stackOptions: givenStack, policyOptions: policyOptions{policyConfig: "p.json"},
				diff: true, expectNoChanges: true, errorFormat: "json",
			},
		},
		flagCase[previewOptions]{
			args: "--no-policy -s staging",
			want: previewOptions{
				console: quiet, stackOptions: stackOptions{stack: "staging"}, policyOptions: policyOptions{noPolicy: true},
				errorFormat: "text",
			},
		},
		flagCase[previewOptions]{
			args: "--refresh --markdown --save-plan plan.json",
			want: previewOptions{console: quiet, stackOptions: defaultStack, refresh: true, markdown: true, plan: "plan.json", errorFormat: "text"},
		},
		flagCase[previewOptions]{
			args: "--markdown --diff",
			err:  "if any flags in the group [markdown diff verbose] are set none of the others can be; [diff markdown] were all set",
		},
		flagCase[previewOptions]{args: "prod", err: `unknown command "prod" for "preview"`},
		flagCase[previewOptions]{args: "--yes", err: "unknown flag: --yes"},
		flagCase[previewOptions]{args: "--errors xml", err: badErrorFormat},
		flagCase[previewOptions]{args: bothPolicyOption, err: bothPolicyFlags},
	)
}

func TestUpFlags(t *testing.T) {
	testFlags(t, newUpCommand,
		flagCase[upOptions]{want: upOptions{console: quiet, stackOptions: defaultStack, errorFormat: "text"}},
		flagCase[upOptions]{
			args: "--yes --no-verify --errors json --policy-config p.json" + everyStackFlag,
			want: upOptions{
				console: quiet, stackOptions: givenStack, policyOptions: policyOptions{policyConfig: "p.json"},
				yes: true, skipVerify: true, errorFormat: "json",
			},
		},
		flagCase[upOptions]{
			args: "-y --no-policy",
			want: upOptions{
				console: quiet, stackOptions: defaultStack, policyOptions: policyOptions{noPolicy: true},
				yes: true, errorFormat: "text",
			},
		},
		flagCase[upOptions]{
			args: "-y --adopt --with-what-others-put-there --verbose",
			want: upOptions{
				console: quiet, stackOptions: defaultStack, ownershipOptions: ownershipOptions{adopt: true, others: true},
				displayOptions: displayOptions{verbose: true}, yes: true, errorFormat: "text",
			},
		},
		flagCase[upOptions]{
			args: "-y --plan plan.json --refresh",
			want: upOptions{
				console: quiet, stackOptions: defaultStack, yes: true, planFile: "plan.json", refresh: true, errorFormat: "text",
			},
		},
		flagCase[upOptions]{args: "prod", err: `unknown command "prod" for "up"`},
		flagCase[upOptions]{args: "--diff", err: "unknown flag: --diff"},
		flagCase[upOptions]{args: "--errors xml", err: badErrorFormat},
		flagCase[upOptions]{args: bothPolicyOption, err: bothPolicyFlags},
	)
}

func TestRefreshFlags(t *testing.T) {
	testFlags(t, newRefreshCommand,
		flagCase[refreshOptions]{want: refreshOptions{console: quiet, stackOptions: defaultStack}},
		flagCase[refreshOptions]{
			args: "--expect-no-changes" + everyStackFlag,
			want: refreshOptions{console: quiet, stackOptions: givenStack, expectNoChanges: true},
		},
		flagCase[refreshOptions]{args: "prod", err: `unknown command "prod" for "refresh"`},
		flagCase[refreshOptions]{args: "--no-policy", err: "unknown flag: --no-policy"},
	)
}

func TestDestroyFlags(t *testing.T) {
	testFlags(t, newDestroyCommand,
		flagCase[destroyOptions]{want: destroyOptions{console: quiet, stackOptions: defaultStack}},
		flagCase[destroyOptions]{
			args: "--yes" + everyStackFlag, want: destroyOptions{console: quiet, stackOptions: givenStack, yes: true},
		},
		flagCase[destroyOptions]{
			args: "--with-what-others-put-there",
			want: destroyOptions{console: quiet, stackOptions: defaultStack, ownershipOptions: ownershipOptions{others: true}},
		},
		flagCase[destroyOptions]{args: "--adopt", err: "unknown flag: --adopt"},
		flagCase[destroyOptions]{args: "-y", want: destroyOptions{console: quiet, stackOptions: defaultStack, yes: true}},
		flagCase[destroyOptions]{args: "prod", err: `unknown command "prod" for "destroy"`},
		flagCase[destroyOptions]{args: "--force", err: "unknown flag: --force"},
	)
}

func TestRecoverFlags(t *testing.T) {
	testFlags(t, newRecoverCommand,
		flagCase[recoverOptions]{want: recoverOptions{console: quiet, stackOptions: defaultStack}},
		flagCase[recoverOptions]{
			args: "-y --deployment 0123456789abcdef" + everyStackFlag,
			want: recoverOptions{console: quiet, stackOptions: givenStack, yes: true, deployment: "0123456789abcdef"},
		},
		flagCase[recoverOptions]{args: "prod", err: `unknown command "prod" for "recover"`},
		flagCase[recoverOptions]{args: "--adopt", err: "unknown flag: --adopt"},
	)
}

func TestOutputsFlags(t *testing.T) {
	testFlags(t, newOutputsCommand,
		flagCase[outputsOptions]{want: outputsOptions{console: quiet, stackOptions: defaultStack}},
		flagCase[outputsOptions]{args: everyStackFlag, want: outputsOptions{console: quiet, stackOptions: givenStack}},
		flagCase[outputsOptions]{args: "page", err: `unknown command "page" for "outputs"`},
	)
}

func TestVerifyFlags(t *testing.T) {
	testFlags(t, newVerifyCommand,
		flagCase[verifyOptions]{want: verifyOptions{console: quiet, stackOptions: defaultStack, output: "text"}},
		flagCase[verifyOptions]{
			args: "--output json --quick" + everyStackFlag,
			want: verifyOptions{console: quiet, stackOptions: givenStack, output: "json", quick: true},
		},
		flagCase[verifyOptions]{args: "-o junit", want: verifyOptions{console: quiet, stackOptions: defaultStack, output: "junit"}},
		flagCase[verifyOptions]{args: "-o xml", err: `invalid argument "xml" for "-o, --output" flag: must be one of text, json, junit`},
		flagCase[verifyOptions]{args: "prod", err: `unknown command "prod" for "verify"`},
	)
}

func TestEventsFlags(t *testing.T) {
	testFlags(t, newEventsListCommand,
		flagCase[eventsListOptions]{want: eventsListOptions{console: quiet, stackOptions: defaultStack}},
		flagCase[eventsListOptions]{args: everyStackFlag, want: eventsListOptions{console: quiet, stackOptions: givenStack}},
		flagCase[eventsListOptions]{args: "list", err: `unknown command "list" for "events"`},
	)
	testFlags(t, newEventsAsyncAPICommand,
		flagCase[eventsAsyncAPIOptions]{want: eventsAsyncAPIOptions{console: quiet, stackOptions: defaultStack, version: "1.0.0"}},
		flagCase[eventsAsyncAPIOptions]{
			args: "--doc-version 2.1.0" + everyStackFlag,
			want: eventsAsyncAPIOptions{console: quiet, stackOptions: givenStack, version: "2.1.0"},
		},
		flagCase[eventsAsyncAPIOptions]{args: "2.1.0", err: `unknown command "2.1.0" for "asyncapi"`},
	)
	testFlags(t, newEventsPageCommand,
		flagCase[eventsPageOptions]{want: eventsPageOptions{console: quiet, stackOptions: defaultStack}},
		flagCase[eventsPageOptions]{args: everyStackFlag, want: eventsPageOptions{console: quiet, stackOptions: givenStack}},
		flagCase[eventsPageOptions]{args: "out.md", err: `unknown command "out.md" for "page"`},
	)
}

func TestEventsShowFlags(t *testing.T) {
	testFlags(t, newEventsShowCommand,
		flagCase[eventsShowOptions]{
			args: "task.created activity-app",
			want: eventsShowOptions{console: quiet, stackOptions: defaultStack, event: "task.created", app: "activity-app"},
		},
		flagCase[eventsShowOptions]{
			args: "task.created activity-app --data" + everyStackFlag,
			want: eventsShowOptions{console: quiet, stackOptions: givenStack, event: "task.created", app: "activity-app", data: true},
		},
		flagCase[eventsShowOptions]{args: "task.created", err: "accepts 2 arg(s), received 1"},
		flagCase[eventsShowOptions]{args: "task.created activity-app id", err: "accepts 2 arg(s), received 3"},
	)
}

func TestEventsPutBackFlags(t *testing.T) {
	const idsOrAll = "give the ids of the events, as daprstack events show lists them, or --all"
	testFlags(t, newEventsPutBackCommand,
		flagCase[eventsPutBackOptions]{
			args: "task.created activity-app --all",
			want: eventsPutBackOptions{console: quiet, stackOptions: defaultStack, event: "task.created", app: "activity-app", ids: []string{}, all: true},
		},
		flagCase[eventsPutBackOptions]{
			args: "task.created activity-app a b" + everyStackFlag,
			want: eventsPutBackOptions{console: quiet, stackOptions: givenStack, event: "task.created", app: "activity-app", ids: []string{"a", "b"}},
		},
		flagCase[eventsPutBackOptions]{args: "task.created --all", err: "requires at least 2 arg(s), only received 1"},
		flagCase[eventsPutBackOptions]{args: "task.created activity-app", err: idsOrAll},
		flagCase[eventsPutBackOptions]{args: "task.created activity-app a --all", err: idsOrAll},
	)
}

func TestLocalFlags(t *testing.T) {
	for name, newCommand := range map[string]func(func(context.Context, *localOptions) error) *cobra.Command{
		"up": newLocalUpCommand, "down": newLocalDownCommand, "status": newLocalStatusCommand, "kubeconfig": newLocalKubeconfigCommand,
	} {
		t.Run(name, func(t *testing.T) {
			testFlags(t, newCommand,
				flagCase[localOptions]{want: localOptions{quiet}},
				flagCase[localOptions]{args: "all", err: `unknown command "all" for "` + name + `"`},
				flagCase[localOptions]{args: "--yes", err: "unknown flag: --yes"},
			)
		})
	}
	testFlags(t, newLocalLoadCommand,
		flagCase[localLoadOptions]{args: "a.tar localhost/web:1=web", want: localLoadOptions{quiet, []string{"a.tar", "localhost/web:1=web"}}},
		flagCase[localLoadOptions]{args: "", err: "requires at least 1 arg(s), only received 0"},
	)
	testFlags(t, newLocalLogsCommand,
		flagCase[localLogsOptions]{args: "etcd", want: localLogsOptions{console: quiet, program: "etcd"}},
		flagCase[localLogsOptions]{args: "etcd --follow", want: localLogsOptions{console: quiet, program: "etcd", follow: true}},
		flagCase[localLogsOptions]{args: "-f etcd", want: localLogsOptions{console: quiet, program: "etcd", follow: true}},
		flagCase[localLogsOptions]{args: "", err: "accepts 1 arg(s), received 0"},
		flagCase[localLogsOptions]{args: "etcd kubelet", err: "accepts 1 arg(s), received 2"},
	)
	testFlags(t, newLocalSuperviseCommand,
		flagCase[localSuperviseOptions]{args: "/root /run", want: localSuperviseOptions{quiet, "/root", "/run"}},
		flagCase[localSuperviseOptions]{args: "/root", err: "accepts 2 arg(s), received 1"},
	)
}

func TestLintFlags(t *testing.T) {
	testFlags(t, newLintCommand,
		flagCase[lintOptions]{args: "deploy", want: lintOptions{console: quiet, path: "deploy", format: "text", level: "warning"}},
		flagCase[lintOptions]{args: "-", want: lintOptions{console: quiet, path: "-", format: "text", level: "warning"}},
		flagCase[lintOptions]{
			args: "chart --format sarif --level error --complete --policy-config p.json --values a.yaml --values b.yaml",
			want: lintOptions{
				console: quiet, path: "chart", format: "sarif", level: "error", complete: true, policyConfig: "p.json",
				values: []string{"a.yaml", "b.yaml"},
			},
		},
		flagCase[lintOptions]{args: "", err: "accepts 1 arg(s), received 0"},
		flagCase[lintOptions]{args: "a b", err: "accepts 1 arg(s), received 2"},
		flagCase[lintOptions]{args: "a --format xml", err: `invalid argument "xml" for "--format" flag: must be one of text, json, sarif`},
		flagCase[lintOptions]{args: "a --level off", err: `invalid argument "off" for "--level" flag: must be one of warning, error, note`},
		flagCase[lintOptions]{args: "a -s prod", err: "unknown shorthand flag: 's' in -s"},
	)
}

// TestEveryCommandIsThere finds a command that was left out of its parent.
func TestEveryCommandIsThere(t *testing.T) {
	var paths []string
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		if cmd.Runnable() {
			paths = append(paths, strings.TrimPrefix(cmd.CommandPath(), "daprstack "))
		}
		for _, child := range cmd.Commands() {
			walk(child)
		}
	}
	walk(newRootCommand())
	require.ElementsMatch(t, []string{
		"init", "config", "diff", "render", "lint", "preview", "up", "refresh", "destroy", "recover", "outputs", "verify", "version",
		"events", "events show", "events put-back", "events asyncapi", "events page",
		"local up", "local down", "local status", "local load", "local kubeconfig", "local logs", "local supervise",
	}, paths)
}
