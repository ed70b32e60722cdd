package web

import (
	"embed"
	"io/fs"
	"net/http"
)

//go:embed index.html page.css page.js answer.js icon.svg
var files embed.FS

// policy lets the page load its own files, connect to its own server and
// nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

// pages says which path serves which file.
var pages = map[string]struct{ file, media string }{
	"GET /{$}":           {"index.html", "text/html; charset=utf-8"},
	"GET /web/page.css":  {"page.css", "text/css; charset=utf-8"},
	"GET /web/icon.svg":  {"icon.svg", "image/svg+xml"},
	"GET /web/page.js":   {"page.js", "text/javascript; charset=utf-8"},
	"GET /web/answer.js": {"answer.js", "text/javascript; charset=utf-8"},
}

// Route adds the page and its files to a router.
func Route(mux *http.ServeMux) {
	for pattern, page := range pages {
		content, err := fs.ReadFile(files, page.file)
		if err != nil {
			panic("web: a file is not embedded: " + err.Error()) // the build embeds what the table names
		}
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
			head := w.Header()
			head.Set("Content-Type", page.media)
			head.Set("Content-Security-Policy", policy)
			head.Set("X-Content-Type-Options", "nosniff")
			head.Set("Referrer-Policy", "no-referrer")
			head.Set("Cross-Origin-Opener-Policy", "same-origin")
			// A page is never newer than its gateway.
			head.Set("Cache-Control", "no-cache")
			// A client that has gone away is no error of ours.
			_, _ = w.Write(content)
		})
	}
}
