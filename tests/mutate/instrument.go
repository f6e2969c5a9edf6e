package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// A mutant is a program with one change. All of them are compiled into one binary, in which the environment variable MUTANT switches
// one on: a change costs a run and no build.
type mutant struct {
	id                int
	file, function    string
	original, changed string
	nth               int // among those in the function that look the same, from 1
	line              int
}

// name identifies the mutant as long as its function stays as it is.
func (m mutant) name() string {
	name := fmt.Sprintf("%s %s: %s → %s", m.file, m.function, m.original, m.changed)
	if m.nth > 1 {
		name += fmt.Sprintf(" (%d)", m.nth)
	}
	return name
}

// instrumenter rewrites one file. Edits are insertions and replacements in its text, which never overlap but nest.
type instrumenter struct {
	fset     *token.FileSet
	info     *types.Info
	pkg      *types.Package
	source   []byte
	base     token.Pos // of the file
	file     string
	function string
	next     *int // the next mutant's id
	mutants  []mutant
	edits    []edit
	parents  []ast.Node
}

type edit struct {
	start, end int // offsets that are replaced; nothing is if they are the same
	text       string
	order      int // of edits at the same offset
}

// add makes a mutant and returns its id.
func (in *instrumenter) add(at ast.Node, original, changed string) int {
	m := mutant{id: *in.next, file: in.file, function: in.function, original: original, changed: changed, line: in.fset.Position(at.Pos()).Line}
	*in.next++
	in.mutants = append(in.mutants, m)
	return m.id
}

// text returns the source of a node on one line.
func (in *instrumenter) text(n ast.Node) string {
	return strings.Join(strings.Fields(string(in.source[in.offset(n.Pos()):in.offset(n.End())])), " ")
}

func (in *instrumenter) offset(p token.Pos) int { return int(p - in.base) }

// wrap puts text around a node. Outer nodes come first.
func (in *instrumenter) wrap(n ast.Node, before, after string) {
	depth := len(in.parents)
	start, end := in.offset(n.Pos()), in.offset(n.End())
	in.edits = append(in.edits, edit{start, start, before, depth}, edit{end, end, after, -depth})
}

func (in *instrumenter) replace(start, end token.Pos, text string) {
	in.edits = append(in.edits, edit{in.offset(start), in.offset(end), text, 0})
}

// apply returns the file with all edits.
func (in *instrumenter) apply() ([]byte, error) {
	slices.SortStableFunc(in.edits, func(a, b edit) int {
		if a.start != b.start {
			return a.start - b.start
		}
		// What ends here stands before what begins here; a replacement is last.
		if (a.order < 0) != (b.order < 0) {
			if a.order < 0 {
				return -1
			}
			return 1
		}
		return a.order - b.order
	})
	var out bytes.Buffer
	at := 0
	for _, e := range in.edits {
		out.Write(in.source[at:e.start])
		out.WriteString(e.text)
		at = max(at, e.end)
	}
	out.Write(in.source[at:])
	return format.Source(out.Bytes())
}

// visit instruments a node, and says whether its children are to be.
func (in *instrumenter) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.GenDecl:
		return n.Tok == token.VAR // constants and types have no values at run time
	case *ast.FuncDecl:
		in.function = functionName(n)
	case *ast.CallExpr:
		return !isMessage(n)
	case *ast.IfStmt:
		in.condition(n.Cond)
	case *ast.CaseClause:
		in.cases(n)
	case *ast.BinaryExpr:
		in.binary(n)
	case *ast.UnaryExpr:
		if n.Op == token.NOT {
			in.negation(n)
		}
	case *ast.BasicLit:
		in.literal(n)
	case *ast.Ident:
		if n.Name == "true" || n.Name == "false" {
			in.boolean(n)
		}
	case ast.Stmt:
		in.statement(n)
	case *ast.ArrayType:
		return false
	}
	return true
}

// isMessage reports whether a call makes the text of an error, which tests don't decide by.
func isMessage(call *ast.CallExpr) bool {
	name := ""
	switch f := call.Fun.(type) {
	case *ast.Ident:
		name = f.Name
	case *ast.SelectorExpr:
		name = f.Sel.Name
	}
	return slices.Contains([]string{"fail", "Errorf", "Sprintf", "differ", "panic"}, name)
}

func functionName(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return f.Name.Name
	}
	receiver := f.Recv.List[0].Type
	if star, ok := receiver.(*ast.StarExpr); ok {
		receiver = star.X
	}
	if index, ok := receiver.(*ast.IndexExpr); ok {
		receiver = index.X
	}
	return fmt.Sprintf("%s.%s", receiver, f.Name.Name)
}

// condition makes a condition always and never true: the latter is a check that was removed.
func (in *instrumenter) condition(e ast.Expr) {
	text := in.text(e)
	never := in.add(e, "if "+text, "never")
	in.add(e, "if "+text, "always")
	in.wrap(e, fmt.Sprintf("mutantCondition(%d, ", never), ")")
}

// cases treats the clauses of a switch without a value as conditions.
func (in *instrumenter) cases(clause *ast.CaseClause) {
	block, _ := in.parents[len(in.parents)-1].(*ast.BlockStmt)
	if block == nil || len(in.parents) < 2 {
		return
	}
	if s, ok := in.parents[len(in.parents)-2].(*ast.SwitchStmt); !ok || s.Tag != nil {
		return
	}
	for _, e := range clause.List {
		text := in.text(e)
		never := in.add(e, "case "+text, "never")
		in.add(e, "case "+text, "always")
		in.wrap(e, fmt.Sprintf("mutantCondition(%d, ", never), ")")
	}
}

func (in *instrumenter) negation(e *ast.UnaryExpr) {
	id := in.add(e, in.text(e), in.text(e.X))
	in.wrap(e, fmt.Sprintf("mutantBool(%d, ", id), ")")
}

func (in *instrumenter) boolean(e *ast.Ident) {
	if in.info.Types[e].Value == nil {
		return
	}
	switch in.parents[len(in.parents)-1].(type) {
	case *ast.ReturnStmt, *ast.AssignStmt, *ast.CallExpr, *ast.KeyValueExpr:
		id := in.add(e, e.Name, "not "+e.Name)
		in.wrap(e, fmt.Sprintf("mutantBool(%d, ", id), ")")
	}
}

// statement leaves a statement out.
func (in *instrumenter) statement(s ast.Stmt) {
	switch parent := in.parents[len(in.parents)-1].(type) {
	case *ast.BlockStmt, *ast.CaseClause:
	default:
		_ = parent
		return // of an if, a for or a switch
	}
	switch s := s.(type) {
	case *ast.ExprStmt:
		if call, ok := s.X.(*ast.CallExpr); ok {
			if name, ok := call.Fun.(*ast.Ident); ok && name.Name == "panic" {
				return
			}
		}
	case *ast.AssignStmt:
		if s.Tok == token.DEFINE {
			return
		}
	case *ast.IncDecStmt:
	case *ast.BranchStmt:
		if s.Label != nil || s.Tok == token.FALLTHROUGH || s.Tok == token.GOTO {
			return
		}
	case *ast.ReturnStmt:
		if len(s.Results) > 0 {
			return
		}
	default:
		return
	}
	id := in.add(s, in.text(s), "nothing")
	in.wrap(s, fmt.Sprintf("if !mutantOn(%d) { ", id), " }")
}
