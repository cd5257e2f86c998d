// Command gen writes the facts of the Envoy API (proto/api) and the fixtures that hold our codec
// against Go's, both from the descriptors that the published Go modules carry.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 3 {
		fail(fmt.Errorf("usage: gen <folder of the table> <folder of the fixtures>"))
	}
	tableFolder, fixtureFolder := os.Args[1], os.Args[2]
	write(filepath.Join(tableFolder, "envoy-api.table"), buildTable())
	write(filepath.Join(tableFolder, "version.json"), buildVersions())
	write(filepath.Join(fixtureFolder, "go-encodings.json"), buildFixtures())
}

func write(path string, content []byte) {
	fail(os.MkdirAll(filepath.Dir(path), 0o755))
	fail(os.WriteFile(path, content, 0o644))
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}
