package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"
)

// once calls a URL through the sidecar, as soon as that answers, and is done. It knows
// nothing of the sidecar's end.
func once(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		answer, err := client.Do(req)
		if err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode < http.StatusMultipleChoices {
				return nil
			}
			err = fmt.Errorf("%s answers %d", url, answer.StatusCode)
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// keep answers with the content of the file that DATA names, after it has written it
// if there is something to write.
func keep(w http.ResponseWriter, r *http.Request) {
	if text := r.URL.Query().Get("write"); text != "" {
		if err := os.WriteFile(os.Getenv("DATA"), []byte(text), 0o600); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	http.ServeFile(w, r, os.Getenv("DATA"))
}
