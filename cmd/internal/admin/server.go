package admin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"ferry/swap/rpc"
)

// Env names the setting, Default is its value for daemons that reach the network:
// a free loopback port, which is logged.
const (
	Env     = "FERRY_ADMIN"
	Default = "127.0.0.1:0"
)

// Limits of the endpoint.
const (
	requestLimit = 15 * time.Second
	// scrapeMost is how many scrapes are answered at a time; more are refused.
	scrapeMost = 2
	// stopLimit is how long a running answer may go on after the end was ordered.
	stopLimit = time.Second
)

// Message is what a daemon logs, with attribute "address", once its endpoint answers.
const Message = "admin endpoint"

// Server is a daemon's admin endpoint. It answers from Open to Close.
type Server struct {
	registry *prometheus.Registry
	health   *health
	address  string
	mux      *http.ServeMux
	http     *http.Server
	failed   chan error
	log      *slog.Logger
}

// Open listens at a loopback address or, where the text begins with "/", on a Unix
// socket that only its owner may open and that admits the given users, if any are.
// It says so in the log and answers at once: not ready until Started.
func Open(ctx context.Context, address string, log *slog.Logger, users ...int) (*Server, error) {
	l, err := listen(ctx, address, users)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", Env, err)
	}
	s := &Server{registry: prometheus.NewRegistry(), health: newHealth(), mux: http.NewServeMux(), address: l.Addr().String(), failed: make(chan error, 1), log: log}
	s.registry.MustRegister(collectors.NewGoCollector(), s.health)
	if l.Addr().Network() != "unix" {
		// The daemons on a socket hold keys and hide what the kernel says of them.
		s.registry.MustRegister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	}
	s.http = &http.Server{Handler: s.handler(), ReadHeaderTimeout: requestLimit, ReadTimeout: requestLimit,
		WriteTimeout: requestLimit, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) }}
	go func() { s.failed <- s.http.Serve(l) }()
	log.Info(Message, "address", s.address)
	return s, nil
}

// OpenSocket is Open for a daemon that must expose nothing on the network.
func OpenSocket(ctx context.Context, path string, log *slog.Logger, users ...int) (*Server, error) {
	if !strings.HasPrefix(path, "/") {
		return nil, fmt.Errorf("%s: %q is not the path of a Unix socket, and this daemon listens on nothing else", Env, path)
	}
	return Open(ctx, path, log, users...)
}

func listen(ctx context.Context, address string, users []int) (net.Listener, error) {
	if strings.HasPrefix(address, "/") {
		l, err := rpc.Listen(address, -1)
		if err != nil || len(users) == 0 {
			return l, err
		}
		return rpc.OnlyUsers(l, users...), nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("%q is neither host:port nor the path of a socket: %w", address, err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("%q is not on the loopback interface, such as %s", address, Default)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return l, nil
}

// Handle answers a pattern of http.ServeMux besides; it may be called at any time.
func (s *Server) Handle(pattern string, h http.Handler) { s.mux.Handle(pattern, h) }

// handler answers /metrics, /healthz and /readyz.
func (s *Server) handler() http.Handler {
	mux := s.mux
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: scrapeMost, Timeout: requestLimit}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.HandleFunc("GET /readyz", s.health.serve)
	return mux
}

// Metrics is where the packages below register.
func (s *Server) Metrics() prometheus.Registerer { return s.registry }

// Address is where it listens: host:port, or the socket's path.
func (s *Server) Address() string { return s.address }

// Check adds something the daemon depends on. The probe has at most two seconds.
func (s *Server) Check(name string, probe func(ctx context.Context) error) { s.health.add(name, probe) }

// Started says that the daemon has come up: from now on it is ready whenever all
// its checks pass.
func (s *Server) Started() { s.health.start() }

// Run waits until ctx ends (nil) or the endpoint fails.
func (s *Server) Run(ctx context.Context) error {
	select {
	case err := <-s.failed:
		return fmt.Errorf("serve the admin endpoint at %s: %w", s.address, err)
	case <-ctx.Done():
		return nil
	}
}

// Close stops answering. What goes wrong is logged: the daemon's end has other causes.
func (s *Server) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		s.log.Warn("admin endpoint did not stop in time", "error", errors.Join(err, s.http.Close()))
	}
}
