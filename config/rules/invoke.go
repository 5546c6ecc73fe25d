package rules

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// SidecarURL is the address of an application's sidecar. The port cannot be
// configured.
const SidecarURL = "http://localhost:3500"

// InvokeURL returns the address at which the sidecar invokes an app (I-05). The
// path of the app is appended to it.
func InvokeURL(appID string) string { return SidecarURL + "/v1.0/invoke/" + appID + "/method" }

// StateURL returns the address of a state store at the sidecar.
func StateURL(store string) string { return SidecarURL + "/v1.0/state/" + store }

// PublishURL returns the address of a topic at the sidecar.
func PublishURL(pubSub, topic string) string {
	return SidecarURL + "/v1.0/publish/" + pubSub + "/" + topic
}

// Target checks the part of rule I-01 that needs no stack: the target must have
// the form of an app-id.
func Target(appID string) []Reason {
	if AppID(appID) == nil {
		return nil
	}
	return because("I-01", "must be the app-id of an app with a sidecar, such as backend-app")
}

// Targets checks that the apps that an app invokes are other apps, each named once
// (I-01). The reasons are by position.
func Targets(own string, targets []string) map[int][]Reason {
	found := Repeated("I-01", targets)
	for i, target := range targets {
		if target == own && target != "" {
			found[i] = because("I-01", "must be another app")
		}
	}
	return found
}

// InvokePath checks that the path of an invocation is valid, stays below the app's
// address, and arrives as it was sent (I-02). Dapr decodes a path, resolves dots
// and doubled slashes, drops a trailing slash, and does not encode it again.
func InvokePath(path string) []Reason {
	if !strings.HasPrefix(path, "/") {
		return because("I-02", "must start with /")
	}
	if strings.ContainsAny(path, "?#") {
		return because("I-02", "must be a path alone; set the query on the request")
	}
	if !URIText(path) || strings.ContainsAny(path, "[]") {
		return because("I-02", "must be a valid URI path: escape what is not allowed in one")
	}
	if path == "/" {
		return nil
	}
	for segment := range strings.SplitSeq(path[1:], "/") {
		decoded, err := url.PathUnescape(segment)
		if err != nil || decoded == "" || decoded == "." || decoded == ".." ||
			strings.ContainsAny(decoded, "/?#%") || strings.ContainsFunc(decoded, unicode.IsControl) {
			return because("I-02", "must be a path that arrives unchanged: no empty or dot segments, no trailing slash, "+
				"no escaped / ? # %% or control characters")
		}
	}
	return nil
}

// Methods are the standard HTTP verbs (I-03).
var Methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}

// Method checks the verb of an invocation, which is case-sensitive (I-03).
func Method(method string) []Reason {
	if slices.Contains(Methods, method) {
		return nil
	}
	return because("I-03", "must be one of %s", strings.Join(Methods, ", "))
}

// BaseURL checks the address of a peer that an app is given in an environment
// variable (C-01).
func BaseURL(address string) []Reason {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" ||
		u.RawQuery != "" || u.Fragment != "" || strings.HasSuffix(address, "/") {
		return because("C-01", "must be an http or https URL without a query or a trailing slash")
	}
	return nil
}
