package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed runtime.go.txt
var runtimeText string

// target is a package whose code is changed.
type target struct {
	dir  string   // below the module
	skip []string // files that are not about verification
}

// overlay instruments packages of a module, and writes a file for go's -overlay into a folder. It returns the mutants, by id from 1.
func overlay(module, folder string, targets []target) (file string, mutants []mutant, err error) {
	exports, err := exportData(module, targets)
	if err != nil {
		return "", nil, err
	}
	replaced, next := map[string]string{}, 1
	for _, t := range targets {
		dir, err := filepath.Abs(filepath.Join(module, t.dir))
		if err != nil {
			return "", nil, err
		}
		found, err := instrumentPackage(dir, t, exports, &next, func(name string, content []byte) error {
			changed := filepath.Join(folder, strings.ReplaceAll(t.dir, "/", "_")+"_"+name)
			replaced[filepath.Join(dir, name)] = changed
			return os.WriteFile(changed, content, 0o600)
		})
		if err != nil {
			return "", nil, fmt.Errorf("instrument %s: %w", t.dir, err)
		}
		mutants = append(mutants, found...)
	}
	content, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		return "", nil, err
	}
	file = filepath.Join(folder, "overlay.json")
	return file, mutants, os.WriteFile(file, content, 0o600)
}

// exportData returns the files with the types of what the packages import, by import path.
func exportData(module string, targets []target) (map[string]string, error) {
	args := []string{"list", "-export", "-deps", "-f", "{{.ImportPath}}\t{{.Export}}"}
	for _, t := range targets {
		args = append(args, "./"+t.dir)
	}
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Stderr = module, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w", strings.Join(args, " "), err)
	}
	exports := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if path, file, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			exports[path] = file
		}
	}
	return exports, nil
}

func instrumentPackage(dir string, t target, exports map[string]string, next *int, write func(name string, content []byte) error) (mutants []mutant, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	var files []*ast.File
	var names []string
	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files, names = append(files, file), append(names, name)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})}
	pkg, err := config.Check(files[0].Name.Name, fset, files, info)
	if err != nil {
		return nil, err
	}
	for i, file := range files {
		if contains(t.skip, names[i]) {
			continue
		}
		source, err := os.ReadFile(filepath.Join(dir, names[i]))
		if err != nil {
			return nil, err
		}
		in := &instrumenter{
			fset: fset, info: info, pkg: pkg, source: source, base: file.FileStart, file: filepath.Base(t.dir) + "/" + names[i], next: next,
		}
		in.walk(file)
		content, err := in.apply()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", names[i], err)
		}
		if err := write(names[i], content); err != nil {
			return nil, err
		}
		mutants = append(mutants, in.numbered()...)
	}
	return mutants, write("mutant_runtime.go", []byte(strings.Replace(runtimeText, "PACKAGE", pkg.Name(), 1)))
}

// walk visits every node with its parents at hand.
func (in *instrumenter) walk(file *ast.File) {
	skipped := 0
	ast.Inspect(file, func(n ast.Node) bool {
		if n == nil {
			in.parents = in.parents[:len(in.parents)-1]
			return false
		}
		into := skipped == 0 && in.visit(n)
		if into {
			in.parents = append(in.parents, n)
		}
		return into
	})
}

// numbered tells mutants apart that look the same.
func (in *instrumenter) numbered() []mutant {
	seen := map[string]int{}
	for i := range in.mutants {
		m := &in.mutants[i]
		seen[m.name()]++
		m.nth = seen[(mutant{file: m.file, function: m.function, original: m.original, changed: m.changed}).name()]
	}
	return in.mutants
}

func contains(list []string, name string) bool {
	for _, item := range list {
		if item == name {
			return true
		}
	}
	return false
}
