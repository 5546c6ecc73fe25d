package rules

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// SidecarURL is where an application finds its sidecar. The port cannot be
// configured.
const SidecarURL = "http://localhost:3500"

// InvokeURL is the address under which the sidecar reaches the app with that
// app-id (I-05); paths are appended to it.
func InvokeURL(appID string) string { return SidecarURL + "/v1.0/invoke/" + appID + "/method" }

// StateURL is the address of a state store at the sidecar.
func StateURL(store string) string { return SidecarURL + "/v1.0/state/" + store }

// PublishURL is the address of a topic at the sidecar.
func PublishURL(pubSub, topic string) string {
	return SidecarURL + "/v1.0/publish/" + pubSub + "/" + topic
}

// Target checks the part of rule I-01 that can be seen without a stack: what is
// no app-id has no sidecar.
func Target(appID string) []Reason {
	if AppID(appID) == nil {
		return nil
	}
	return because("I-01", "must be the app-id of an app with a sidecar, such as backend-app")
}

// Targets checks the apps that one app invokes: each is named once, and is
// another one (I-01).
func Targets(own string, targets []string) map[int][]Reason {
	found := Repeated("I-01", targets)
	for i, target := range targets {
		if target == own && target != "" {
			found[i] = because("I-01", "must be another app")
		}
	}
	return found
}

// InvokePath checks the path of an invocation (I-02): it is valid, stays below
// the app's address, and arrives as it was sent. Dapr decodes a path, resolves
// its dots and doubled slashes, cuts a slash from its end, and does not encode
// it again.
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
			return because("I-02", "must be a path that arrives unchanged: no empty or dot segments, no slash at the end, "+
				"no escaped / ? # %% or control characters")
		}
	}
	return nil
}

// Methods are the standard HTTP verbs (I-03).
var Methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}

// Method checks the verb of an invocation, whose case counts (I-03).
func Method(method string) []Reason {
	if slices.Contains(Methods, method) {
		return nil
	}
	return because("I-03", "must be one of %s", strings.Join(Methods, ", "))
}

// BaseURL checks an address that an app gets by a variable (C-01).
func BaseURL(address string) []Reason {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" ||
		u.RawQuery != "" || u.Fragment != "" || strings.HasSuffix(address, "/") {
		return because("C-01", "must be an http or https URL without query and without a slash at its end")
	}
	return nil
}
