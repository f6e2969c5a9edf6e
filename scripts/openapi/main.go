// Command openapi edits the document that protoc-gen-openapiv2 merges from many packages: it sets a title, one tag per
// module instead of "Query" for all, and unique operation ids.
//
//	go run ./scripts/openapi < merged.swagger.json > docs/openapi/dualchain.swagger.json
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

const description = "Routes of a dualchain node: checkpoints and finality under /dualchain/, the Cosmos SDK's modules " +
	"under /cosmos/, IBC under /ibc/. Integers of 64 bits are JSON strings. The header x-cosmos-block-height asks for " +
	"the state at an earlier height."

// version matches the path segment that ends a package name, such as v1 or v1beta1.
var version = regexp.MustCompile(`^v[0-9]+((alpha|beta)[0-9]+)?$`)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "openapi:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	var doc map[string]any
	if err := json.NewDecoder(in).Decode(&doc); err != nil {
		return fmt.Errorf("read the merged document: %w", err)
	}
	doc["info"] = map[string]string{"title": "dualchain REST API", "version": "v1", "description": description}

	paths, _ := doc["paths"].(map[string]any)
	tags := map[string]bool{}
	for path, operations := range paths {
		tag := tagOf(path)
		tags[tag] = true
		methods, _ := operations.(map[string]any)
		for _, operation := range methods {
			op, ok := operation.(map[string]any)
			if !ok {
				return fmt.Errorf("path %s: expected operations, found %T", path, operation)
			}
			op["tags"] = []string{tag}
			op["operationId"] = strings.ReplaceAll(tag, " ", "_") + "_" + fmt.Sprint(op["operationId"])
		}
	}
	doc["tags"] = ownFirst(tags)

	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	return encoder.Encode(doc)
}

// tagOf names the package behind a route: /cosmos/gov/v1beta1/proposals is "gov v1beta1".
func tagOf(path string) string {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	for i, segment := range segments {
		if version.MatchString(segment) && i > 0 {
			return strings.Join(segments[1:i+1], " ")
		}
	}
	return segments[0]
}

// ownFirst orders the tags: this chain's modules first, then the others by name.
func ownFirst(tags map[string]bool) []map[string]string {
	names := slices.SortedFunc(maps.Keys(tags), func(a, b string) int {
		own := func(s string) int {
			return slices.Index([]string{"finality v1", "checkpoint v1"}, s)
		}
		if own(a) != own(b) {
			return own(b) - own(a)
		}
		return strings.Compare(a, b)
	})
	list := make([]map[string]string, len(names))
	for i, name := range names {
		list[i] = map[string]string{"name": name}
	}
	return list
}
