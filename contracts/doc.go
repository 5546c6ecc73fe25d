// Package contracts helps application code use Dapr by the rules of the data
// model: CloudEvents and their catalogue, state keys with their lifetimes, and
// the requests that save, read, publish and invoke.
//
// It is pure: it builds and checks values and *http.Request, and the
// application sends them with its own http.Client. It needs no Dapr SDK, no
// Pulumi and no sidecar, so unit tests can use it too.
//
// A base URL is what an application of the stack finds in its environment:
// STATESTORE_URL, BACKEND_URL, EVENT_TASK_CREATED_URL (C-01). [StateURL],
// [AppURL] and [PublishURL] return the same addresses for programs that the
// stack does not deploy.
//
// Invalid values are refused with [Problems]: all of them at once, each with
// the number of the rule in the documentation.
package contracts
