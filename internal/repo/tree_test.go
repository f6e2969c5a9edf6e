package repo

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// foreign lists directories that hold no text of ours: tools, dependencies, generated code and build output.
var foreign = []string{".git", ".tools", "api", "build", "dist", "node_modules", "testdata", "third_party"}

// files returns the paths, with slashes, of our own files below root whose names have one of these endings.
func files(t *testing.T, suffixes ...string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if slices.Contains(foreign, entry.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		name := entry.Name()
		generated := strings.HasSuffix(name, ".pb.go") || strings.HasSuffix(name, ".pb.gw.go")
		if !generated && slices.ContainsFunc(suffixes, func(suffix string) bool { return strings.HasSuffix(name, suffix) }) {
			relative, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			paths = append(paths, filepath.ToSlash(relative))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
