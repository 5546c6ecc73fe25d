package rulestest

import (
	"strings"

	"github.com/daprstack/daprstack/config/rules"
)

const (
	appIDForm = "must be lower-case letters, digits and hyphens, starting and ending with a letter or digit, at most 58 characters"
	portRange = "must be between 1 and 65535"
	ownPorts  = "must differ from the sidecar's own ports (3500, 3501, 50001, 50002, 8080)"
)

func sidecarCases() []Case {
	cases := []Case{
		{
			Rule: "S-01", Name: "no app-id",
			Check: func() []rules.Reason { return rules.AppID("") }, Allowed: "is required",
			Stack: edits("apps[0].sidecar.appId", nil), Path: "apps[0].sidecar.appId",
			Objects: frontend("app-id", nil),
		},
		{
			Rule: "S-03", Name: "two apps with one app-id",
			Check: func() []rules.Reason {
				return rules.Duplicates("S-03", []string{"backend-app", "backend-app", "activity-app"})[1]
			},
			Allowed: "must be unique, and is declared before",
			Stack:   []Edit{{"apps[0].sidecar.appId", "backend-app"}, {"apps[0].invokes", nil}},
			Path:    "apps[1].sidecar.appId", Value: `"backend-app"`,
			Objects: frontend("app-id", "backend-app"),
		},
		{
			Rule: "S-05", Name: "app-port that the container does not expose",
			Check:   func() []rules.Reason { return rules.AppPortExposed(3001, []int{3000}) },
			Allowed: "must be a port of the app's container (3000)",
			Stack:   edits("apps[0].sidecar.appPort", 3001), Path: "apps[0].sidecar.appPort", Value: "3001",
			Objects: frontend("app-port", "3001"),
		},
		{
			Rule: "S-05", Name: "app-port that is none of two",
			Check:   func() []rules.Reason { return rules.AppPortExposed(8000, []int{3000, 4000}) },
			Allowed: "must be a port of the app's container (3000, 4000)",
			Stack: []Edit{
				{"apps[0].ports", []any{map[string]any{"name": "admin", "port": 4000}}},
				{"apps[0].sidecar.appPort", 8000},
			},
			Path: "apps[0].sidecar.appPort", Value: "8000",
			Objects: on("Deployment", "frontend",
				Edit{"spec.template.spec.containers[0].ports[1]", map[string]any{"name": "admin", "containerPort": 4000}},
				Edit{`spec.template.metadata.annotations["dapr.io/app-port"]`, "8000"}),
		},
		{
			Rule: "S-08", Name: "metrics port of the app",
			Check:   func() []rules.Reason { return rules.MetricsPort(3000, []int{3000}) },
			Allowed: "must differ from the ports of the app's container (3000)",
			Stack:   edits("apps[0].sidecar.metricsPort", 3000), Path: "apps[0].sidecar.metricsPort", Value: "3000",
			Objects: frontend("metrics-port", "3000"),
		},
		{
			Rule: "S-08", Name: "metrics port of a further port",
			Check:   func() []rules.Reason { return rules.MetricsPort(9090, []int{3000, 9090}) },
			Allowed: "must differ from the ports of the app's container (3000, 9090)",
			Stack:   edits("apps[0].ports", []any{map[string]any{"name": "admin", "port": 9090}}), Path: "apps[0].sidecar.metricsPort", Value: "9090",
			Objects: on("Deployment", "frontend",
				Edit{"spec.template.spec.containers[0].ports[1]", map[string]any{"name": "admin", "containerPort": 9090}}),
		},
		{
			Rule: "S-08", Name: "app on a port of the sidecar",
			Check: func() []rules.Reason { return rules.ContainerPort(50001) }, Allowed: ownPorts,
			Stack: edits("apps[0].port", 50001), Path: "apps[0].port", Value: "50001",
			Objects: on("Deployment", "frontend",
				Edit{"spec.template.spec.containers[0].ports[0].containerPort", 50001},
				Edit{`spec.template.metadata.annotations["dapr.io/app-port"]`, "50001"}),
		},
		{
			Rule: "S-09", Name: "Configuration that does not exist",
			Check: func() []rules.Reason {
				return rules.Known("S-09", "the name of the stack's Configuration", "tracing", rules.NamesOf("appconfig"))
			},
			Allowed: "must be the name of the stack's Configuration",
			Stack:   edits("apps[0].sidecar.config", "tracing"), Path: "apps[0].sidecar.config", Value: `"tracing"`,
			Objects: frontend("config", "tracing"),
		},
		{
			Rule: "S-09", Name: "Configuration of nearly that name",
			Check: func() []rules.Reason {
				return rules.Known("S-09", "the name of the stack's Configuration", "app-config", rules.NamesOf("appconfig"))
			},
			Allowed: `must be the name of the stack's Configuration; did you mean "appconfig"?`,
			Stack:   edits("apps[0].sidecar.config", "app-config"), Path: "apps[0].sidecar.config", Value: `"app-config"`,
			Objects: frontend("config", "app-config"),
		},
		{
			Rule: "X-04", Name: "app on the sidecar's HTTP port",
			Check: func() []rules.Reason { return rules.ContainerPort(3500) }, Allowed: "must not be 3500, the sidecar's HTTP port",
			Stack: edits("apps[0].port", 3500), Path: "apps[0].port", Value: "3500",
		},
	}
	for name, id := range map[string]string{
		"capitals": "Frontend-App", "an underscore": "frontend_app", "a dot": "frontend.app", "a space": "frontend app",
		"a hyphen first": "-frontend-app", "a hyphen last": "frontend-app-", "other letters": "frontënd-app",
		"59 characters": strings.Repeat("a", 55) + "-app",
	} {
		cases = append(cases, Case{
			Rule: "S-01", Name: "app-id with " + name,
			Check: func() []rules.Reason { return rules.AppID(id) }, Allowed: appIDForm,
			Stack: edits("apps[0].sidecar.appId", id), Path: "apps[0].sidecar.appId", Value: `"` + id + `"`,
			Objects: frontend("app-id", id),
		})
	}
	for text, port := range map[string]int{"0": 0, "-1": -1, "65536": 65536, "70000": 70000} {
		cases = append(cases, Case{
			Rule: "S-04", Name: "app-port " + text,
			Check: func() []rules.Reason { return rules.AppPort(port) }, Allowed: portRange,
			Stack: edits("apps[0].sidecar.appPort", port), Path: "apps[0].sidecar.appPort", Value: text,
			Objects: frontend("app-port", text),
		}, Case{
			Rule: "S-08", Name: "metrics port " + text,
			Check: option("metrics-port", text), Allowed: portRange,
			Stack: edits("apps[0].sidecar.metricsPort", port), Path: "apps[0].sidecar.metricsPort", Value: text,
			Objects: frontend("metrics-port", text),
		})
	}
	for text, port := range map[string]int{"3500": 3500, "3501": 3501, "50001": 50001, "50002": 50002, "8080": 8080} {
		cases = append(cases, Case{
			Rule: "S-08", Name: "metrics port of the sidecar, " + text,
			Check: func() []rules.Reason { return rules.MetricsPort(port, []int{3000}) }, Allowed: ownPorts,
			Stack: edits("apps[0].sidecar.metricsPort", port), Path: "apps[0].sidecar.metricsPort", Value: text,
			Objects: frontend("metrics-port", text),
		})
	}
	for _, level := range []string{"trace", "INFO", "warning", " info"} {
		cases = append(cases, Case{
			Rule: "S-06", Name: "log level " + level,
			Check: option("log-level", level), Allowed: "must be one of debug, info, warn, error",
			Stack: edits("apps[0].sidecar.logLevel", level), Path: "apps[0].sidecar.logLevel", Value: `"` + level + `"`,
		})
		if level != "INFO" { // Dapr does not mind
			cases[len(cases)-1].Objects = frontend("log-level", level)
		}
	}
	return cases
}

// option checks the annotation of an option.
func option(annotation, text string) func() []rules.Reason {
	return func() []rules.Reason { return rules.Annotation(annotation, text) }
}
