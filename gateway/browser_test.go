package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The page is tried in a real browser, spoken to over the DevTools protocol through
// two pipes: one JSON message each way, ended by a zero byte. No library: what is
// needed of the protocol are a dozen calls.

// browserEnv names a browser, or is 1 for any on the PATH.
const browserEnv = "FERRY_BROWSER"

// browserPath finds a browser, or ends the test: skipped where there is none.
func browserPath(t *testing.T) string {
	t.Helper()
	if named := os.Getenv(browserEnv); strings.Contains(named, "/") {
		return named
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skipf("NO BROWSER: the page was NOT tried in one. Install Debian's chromium (%s=1 deploy/bootstrap.sh does, as root), or name one in %s.",
		browserEnv, browserEnv)
	return ""
}

// browser is a running one.
type browser struct {
	t  testing.TB
	to io.Writer

	mu      sync.Mutex
	next    int
	waiting map[int]chan protocol
	tabs    map[string]*tab
	// ended is closed when nothing more will be heard.
	ended chan struct{}
}

// protocol is any message of the DevTools protocol.
type protocol struct {
	ID        int             `json:"id,omitempty"`
	SessionID string          `json:"sessionId,omitempty"`
	Method    string          `json:"method,omitempty"`
	Params    any             `json:"params,omitempty"`
	Result    json.RawMessage `json:"result,omitempty"`
	Error     *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// openBrowser starts a browser that the test's end kills.
func openBrowser(t *testing.T) *browser {
	t.Helper()
	path := browserPath(t)
	profile, err := os.MkdirTemp("", "gwpage")
	if err != nil {
		t.Fatal(err)
	}
	// A process that is still dying may write once more; what is left is a temporary file.
	t.Cleanup(func() { _ = os.RemoveAll(profile) })
	var pipes [4]*os.File
	for i := range 2 {
		if pipes[2*i], pipes[2*i+1], err = os.Pipe(); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(path, "--headless=new", "--no-sandbox", "--remote-debugging-pipe", "--user-data-dir="+profile,
		"--no-first-run", "--no-default-browser-check", "--disable-gpu", "--disable-dev-shm-usage", "--disable-extensions",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-breakpad", "--no-proxy-server",
		"--disable-background-timer-throttling", "--disable-renderer-backgrounding", "--disable-backgrounding-occluded-windows", "about:blank")
	cmd.ExtraFiles = []*os.File{pipes[0], pipes[3]} // it reads from 3 and writes to 4
	cmd.Env = append(cmd.Environ(), "HOME="+profile, "TMPDIR="+profile)
	// A group of its own, so that all its processes end with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = pipes[0].Close(), pipes[3].Close()
	b := &browser{t: t, to: pipes[1], waiting: map[int]chan protocol{}, tabs: map[string]*tab{}, ended: make(chan struct{})}
	go b.hear(pipes[2])
	t.Cleanup(func() {
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil {
			t.Error(err)
		}
		_ = cmd.Wait() // it was killed
		<-b.ended
		_, _ = pipes[1].Close(), pipes[2].Close()
		if t.Failed() {
			t.Logf("the browser said:\n%s", complaints.String())
		}
	})
	return b
}

// hear hands out answers and events until the browser ends.
func (b *browser) hear(from io.Reader) {
	defer close(b.ended)
	r := bufio.NewReader(from)
	for {
		raw, err := r.ReadBytes(0)
		if err != nil {
			return
		}
		var params json.RawMessage
		m := protocol{Params: &params}
		if err := json.Unmarshal(bytes.TrimRight(raw, "\x00"), &m); err != nil {
			continue // not for us: the answer that is missed is missed by its caller
		}
		b.mu.Lock()
		answer, known := b.waiting[m.ID], b.tabs[m.SessionID]
		delete(b.waiting, m.ID)
		b.mu.Unlock()
		if answer != nil {
			answer <- m
		} else if known != nil {
			known.event(m.Method, params)
		}
	}
}

// call makes one call, of the browser itself where the session is "".
func (b *browser) call(session, method string, params, into any) {
	b.t.Helper()
	if err := b.try(session, method, params, into); err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
}

func (b *browser) try(session, method string, params, into any) error {
	answer := make(chan protocol, 1)
	b.mu.Lock()
	b.next++
	id := b.next
	b.waiting[id] = answer
	raw, err := json.Marshal(protocol{ID: id, SessionID: session, Method: method, Params: params})
	if err == nil {
		_, err = b.to.Write(append(raw, 0))
	}
	b.mu.Unlock()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(b.t.Context(), pagePatience)
	defer cancel()
	select {
	case m := <-answer:
		if m.Error != nil {
			return errors.New(m.Error.Message)
		}
		if into == nil {
			return nil
		}
		return json.Unmarshal(m.Result, into)
	case <-b.ended:
		return errors.New("the browser has ended")
	case <-ctx.Done():
		return fmt.Errorf("no answer: %w", ctx.Err())
	}
}

// tab is one page, with a history and storage of its own.
type tab struct {
	*browser
	t       *testing.T
	session string

	mu         sync.Mutex
	complaints []string
}

// pagePatience is how long a page has for what must come.
const pagePatience = time.Minute

// open loads an address in a tab of that width and waits until it is there.
func (b *browser) open(t *testing.T, url string, width int) *tab {
	t.Helper()
	var context struct {
		ID string `json:"browserContextId"`
	}
	b.call("", "Target.createBrowserContext", map[string]any{}, &context)
	var target struct {
		ID string `json:"targetId"`
	}
	b.call("", "Target.createTarget", map[string]any{"url": "about:blank", "browserContextId": context.ID}, &target)
	p := &tab{browser: b, t: t}
	var attached struct {
		SessionID string `json:"sessionId"`
	}
	b.call("", "Target.attachToTarget", map[string]any{"targetId": target.ID, "flatten": true}, &attached)
	p.session = attached.SessionID
	b.mu.Lock()
	b.tabs[p.session] = p
	b.mu.Unlock()
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		p.do(domain+".enable", nil)
	}
	p.do("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 740, "deviceScaleFactor": 1, "mobile": width < 500})
	p.do("Emulation.setFocusEmulationEnabled", map[string]any{"enabled": true})
	p.do("Page.navigate", map[string]any{"url": url})
	p.await(`document.readyState === "complete" && location.href !== "about:blank"`)
	return p
}

func (p *tab) do(method string, params map[string]any) {
	p.t.Helper()
	if params == nil {
		params = map[string]any{}
	}
	p.call(p.session, method, params, nil)
}

// event keeps what the page complains of: errors of scripts, of the console, of the
// network and of its policy.
func (p *tab) event(method string, params json.RawMessage) {
	var e struct {
		Type  string `json:"type"`
		Entry struct {
			Level string `json:"level"`
			Text  string `json:"text"`
		} `json:"entry"`
	}
	if json.Unmarshal(params, &e) != nil {
		return
	}
	console := method == "Runtime.consoleAPICalled" && slices.Contains([]string{"error", "warning", "assert"}, e.Type)
	logged := method == "Log.entryAdded" && e.Entry.Level == "error"
	if console || logged || method == "Runtime.exceptionThrown" {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.complaints = append(p.complaints, method+" "+string(params))
	}
}

// quiet fails if the page has complained. That a connection could not be made is said
// by the browser itself; it is no complaint where the server was away.
func (p *tab) quiet(serverWasAway bool) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.complaints {
		if !serverWasAway || !strings.Contains(c, "WebSocket connection to") {
			p.t.Errorf("the console has: %s", c)
		}
	}
}

// eval evaluates an expression, which must not throw, and reads its value.
func (p *tab) eval(expression string, into any) {
	p.t.Helper()
	var answer struct {
		Result struct {
			Value json.RawMessage `json:"value"`
		} `json:"result"`
		Exception *struct {
			Exception struct {
				Description string `json:"description"`
			} `json:"exception"`
		} `json:"exceptionDetails"`
	}
	p.call(p.session, "Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true}, &answer)
	if answer.Exception != nil {
		p.t.Fatalf("%s: %s", expression, answer.Exception.Exception.Description)
	}
	if err := json.Unmarshal(answer.Result.Value, into); err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
}

// await looks again and again until an expression is true.
func (p *tab) await(expression string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), pagePatience)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		var ok bool
		if p.eval("Boolean("+expression+")", &ok); ok {
			return
		}
		select {
		case <-ctx.Done():
			var text string
			p.eval(`document.body.innerText + "\n" + [...document.querySelectorAll("input,select")].map((e) => e.id + "=" + e.value).join(" ")`, &text)
			p.t.Fatalf("never true: %s\nthe page:\n%s", expression, text)
		case <-ticker.C:
		}
	}
}

// keys are the named ones, with their codes.
var keys = map[string]int{"Tab": 9, "Enter": 13, "ArrowDown": 40, "ArrowUp": 38, "End": 35, "Backspace": 8}

// press presses a named key.
func (p *tab) press(key string) {
	p.t.Helper()
	event := map[string]any{"type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": keys[key]}
	if key == "Enter" {
		event["text"] = "\r"
	}
	p.do("Input.dispatchKeyEvent", event)
	p.do("Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": key, "code": key, "windowsVirtualKeyCode": keys[key]})
}

// write types a text, key by key.
func (p *tab) write(text string) {
	p.t.Helper()
	for _, c := range text {
		p.do("Input.dispatchKeyEvent", map[string]any{"type": "keyDown", "key": string(c), "text": string(c)})
		p.do("Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": string(c)})
	}
}

// clear empties the focused field, as a person would.
func (p *tab) clear() {
	p.t.Helper()
	var n int
	p.eval("document.activeElement.value.length", &n)
	p.press("End")
	for range n {
		p.press("Backspace")
	}
}

// tabTo presses Tab until an element has the focus.
func (p *tab) tabTo(id string) {
	p.t.Helper()
	var active string
	for range 20 {
		if p.eval("document.activeElement.id", &active); active == id {
			return
		}
		p.press("Tab")
	}
	p.t.Fatalf("20 times Tab does not lead to %s", id)
}
