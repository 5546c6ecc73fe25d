// Command greeter is the application of the tutorial (docs/tutorial.md): it greets,
// and it writes greetings that others ask for by an event. It finds everything by
// environment variables and knows nothing of Dapr.
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"sync"

	"github.com/daprstack/daprstack/contracts"
)

// Asked is the data of the event greeting.asked.
type Asked struct {
	Name     string `json:"name"`
	Language string `json:"language"`
}

// Event names the event that the data belongs to.
func (Asked) Event() contracts.EventType {
	return contracts.EventType{Type: "greeting.asked", Source: "/greeter", Trigger: "POST /ask"}
}

// Check finds nothing wrong.
func (Asked) Check() contracts.Problems { return nil }

func main() {
	log.Fatal(http.ListenAndServe(":"+os.Getenv("PORT"), newGreeter(os.Getenv).handler()))
}

// greeter greets in the languages that it knows.
type greeter struct {
	words  map[string]string // by language
	events string            // where greeting.asked is posted
	writer string            // the base address of the app that writes

	mu      sync.Mutex
	written []string
}

func newGreeter(getenv func(string) string) *greeter {
	g := &greeter{
		words:  map[string]string{"en": "Hello"},
		events: getenv("EVENT_GREETING_ASKED_URL"), writer: getenv("WRITER_URL"),
	}
	for _, word := range strings.Fields(getenv("WORDS")) { // WORDS="en=Hello de=Hallo"
		language, word, _ := strings.Cut(word, "=")
		g.words[language] = word
	}
	return g
}

func (g *greeter) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /hello", g.hello)
	mux.HandleFunc("POST /ask", g.ask)
	mux.HandleFunc("POST /events/greeting-asked", g.asked)
	mux.HandleFunc("GET /written", g.list)
	return mux
}

// greet returns a greeting, or an error if it does not know the language.
func (g *greeter) greet(a Asked) (string, error) {
	word, ok := g.words[a.Language]
	if !ok {
		return "", fmt.Errorf("no word for %q", a.Language)
	}
	return word + ", " + a.Name + "!", nil
}

func (g *greeter) hello(w http.ResponseWriter, r *http.Request) {
	greeting, err := g.greet(Asked{r.FormValue("name"), r.FormValue("language")})
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	fmt.Fprintln(w, greeting)
}

// ask publishes an event; whoever subscribes to it writes the greeting.
func (g *greeter) ask(w http.ResponseWriter, r *http.Request) {
	event, err := contracts.NewEvent(Asked{r.FormValue("name"), r.FormValue("language")})
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	request, err := contracts.PublishRequest(r.Context(), g.events, event)
	if err == nil {
		_, err = send(request)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	fmt.Fprintln(w, "asked")
}

// asked handles the event. What it cannot do it refuses, and is asked again.
func (g *greeter) asked(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	event, err := contracts.ParseEvent(body)
	var data Asked
	if err == nil {
		data, err = contracts.DataAs[Asked](event)
	}
	var greeting string
	if err == nil {
		greeting, err = g.greet(data)
	}
	if err != nil {
		log.Print(err)
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.written = append(g.written, greeting)
}

// list shows what was written, here or by the writer.
func (g *greeter) list(w http.ResponseWriter, r *http.Request) {
	if g.writer == "" {
		g.mu.Lock()
		defer g.mu.Unlock()
		for _, greeting := range g.written {
			fmt.Fprintln(w, greeting)
		}
		return
	}
	request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, g.writer+"/written", nil)
	var text []byte
	if err == nil {
		text, err = send(request)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	_, _ = w.Write(text)
}

func send(request *http.Request) ([]byte, error) {
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode >= http.StatusMultipleChoices {
		err = errors.New(response.Status + ": " + string(text))
	}
	return text, err
}
