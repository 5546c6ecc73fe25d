// Command app is an application for the end-to-end tests, which make several of
// it. It knows of Dapr only what its environment says:
//
//	GET, POST /echo      answers with what it was sent
//	POST /publish/TYPE   publishes the event in the body at EVENT_TYPE_URL
//	GET /file            answers with the file DATA, after it has written ?write= to it
//	POST /on/…           takes an event: COLLECTOR is told, and says what to answer
//
// It begins to listen after START_AFTER. With the argument grpc it speaks gRPC instead,
// see serveGRPC. With the arguments once and a URL it calls that, and ends. With work it
// listens nowhere, see work; with touch it writes the files that its other arguments
// name, and ends.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	if err := serve(); err != nil {
		slog.Error("serving", "error", err)
		os.Exit(1)
	}
}

func serve() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "grpc":
			return serveGRPC(ctx)
		case "work":
			return work(ctx)
		case "touch":
			return touch(os.Args[2:])
		}
	}
	if after, err := time.ParseDuration(os.Getenv("START_AFTER")); err == nil {
		time.Sleep(after) // as an app that loads much
	}
	if len(os.Args) > 2 && os.Args[1] == "once" {
		return once(ctx, os.Args[2])
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", echo)
	mux.HandleFunc("/file", keep)
	mux.HandleFunc("POST /publish/{type}", func(w http.ResponseWriter, r *http.Request) {
		forward(w, r, strings.Split(os.Getenv("EVENT_"+r.PathValue("type")+"_URL"), ",")...)
	})
	mux.HandleFunc("POST /on/", func(w http.ResponseWriter, r *http.Request) {
		forward(w, r, os.Getenv("COLLECTOR")+"/"+os.Getenv("NAME")+r.URL.Path)
	})
	server := &http.Server{Addr: ":" + os.Getenv("PORT"), Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		last, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		stopped <- server.Shutdown(last)
	}()
	err := server.ListenAndServe()
	if errors.Is(err, http.ErrServerClosed) {
		err = <-stopped
	}
	return err
}

// work does what it has to do, and needs nobody to ask for it: here, to look for the
// files of NEEDS, without which it fails.
func work(ctx context.Context) error {
	for _, name := range strings.Fields(os.Getenv("NEEDS")) {
		if _, err := os.Stat(name); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return nil
}

func touch(names []string) error {
	for _, name := range names {
		if err := os.WriteFile(name, nil, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// echo answers with what of a request has to arrive.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Echo", r.Method)
	_ = json.NewEncoder(w).Encode(map[string]any{ // the caller has gone
		"method": r.Method, "path": r.URL.Path, "query": r.URL.Query(), "body": body,
		"authorization": r.Header.Values("Authorization"), "type": r.Header.Get("Content-Type"), "custom": r.Header.Values("X-Daprstack-Verify"),
	})
}

// client is patient: what takes too long is for the sidecar to say.
var client = &http.Client{Timeout: 2 * time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// forward posts the body to each of the URLs and answers what the last one
// answers, or the first that fails.
func forward(w http.ResponseWriter, r *http.Request, urls ...string) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var status int
	var said []byte
	for _, url := range urls {
		if status, said, err = post(r, url, body); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		if status >= http.StatusMultipleChoices {
			break
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(said) // the caller has gone
}

func post(r *http.Request, url string, body []byte) (status int, said []byte, err error) {
	req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", r.Header.Get("Content-Type"))
	answer, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	said, err = io.ReadAll(answer.Body)
	return answer.StatusCode, said, err
}
