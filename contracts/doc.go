// Package contracts is what application code needs to talk through Dapr by the
// rules of the data model: CloudEvents and the catalogue of their types, state
// keys with their lifetimes, and the requests that save, read, publish and
// invoke.
//
// It is pure: it builds and checks values and *http.Request, and leaves sending
// them to the application's own http.Client. It needs no Dapr SDK, no Pulumi
// and no sidecar, so that unit tests can use it as well.
//
// Where a function takes a base URL, it takes what an application of the stack
// finds in its environment: STATESTORE_URL, BACKEND_URL, EVENT_TASK_CREATED_URL
// (C-01). [StateURL], [AppURL] and [PublishURL] give the same addresses to
// programs that are not deployed by the stack.
//
// A value that breaks rules is refused with [Problems]: all of them at once,
// each with the number that the rule has in the documentation.
package contracts
