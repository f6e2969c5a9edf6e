package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strconv"
)

// orders are what a comparison becomes.
var orders = map[token.Token]token.Token{
	token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR, token.EQL: token.NEQ, token.NEQ: token.EQL,
}

// sums are what an operation on integers becomes.
var sums = map[token.Token]token.Token{
	token.ADD: token.SUB, token.SUB: token.ADD, token.MUL: token.ADD, token.QUO: token.MUL, token.OR: token.AND, token.AND: token.OR,
	token.REM: token.ADD, token.AND_NOT: token.AND, token.XOR: token.OR, token.SHL: token.SHR, token.SHR: token.SHL,
}

func (in *instrumenter) binary(e *ast.BinaryExpr) {
	if in.info.Types[e].Value != nil { // a constant
		return
	}
	left, right := in.text(e.X), in.text(e.Y)
	say := func(op token.Token) string { return fmt.Sprintf("%s %s %s", left, op, right) }
	switch e.Op {
	case token.LAND, token.LOR:
		other := map[token.Token]token.Token{token.LAND: token.LOR, token.LOR: token.LAND}[e.Op]
		id := in.add(e, say(e.Op), say(other))
		in.add(e, say(e.Op), left)
		in.add(e, say(e.Op), right)
		in.wrap(e, fmt.Sprintf("mutantLogic(%d, %t, func() bool { return (", id, e.Op == token.LAND), ") })")
		in.replace(e.OpPos, e.OpPos+token.Pos(len(e.Op.String())), ") }, func() bool { return (")
	case token.EQL, token.NEQ:
		if in.isCondition(e) {
			return // always and never are the same and stronger
		}
		id := in.add(e, say(e.Op), say(orders[e.Op]))
		in.wrap(e, fmt.Sprintf("mutantBool(%d, ", id), ")")
	case token.LSS, token.LEQ, token.GTR, token.GEQ:
		if !in.sameBasic(e.X, e.Y) {
			return
		}
		id := in.add(e, say(e.Op), say(orders[e.Op]))
		in.wrap(e, fmt.Sprintf("mutantOrder(%d, %q, ", id, e.Op), ")")
		in.replace(e.OpPos, e.OpPos+token.Pos(len(e.Op.String())), ",")
	default:
		in.arithmetic(e, say)
	}
}

func (in *instrumenter) arithmetic(e *ast.BinaryExpr, say func(token.Token) string) {
	other, known := sums[e.Op]
	if !known || !isInteger(in.info.TypeOf(e)) {
		return
	}
	id := 0
	switch e.Op {
	case token.SHL, token.SHR:
		if in.info.Types[e.X].Value != nil {
			return
		}
		id = in.add(e, say(e.Op), say(other))
		in.wrap(e, fmt.Sprintf("mutantShift(%d, %q, ", id, e.Op), ")")
	default:
		if !in.sameBasic(e.X, e.Y) {
			return
		}
		id = in.add(e, say(e.Op), say(other))
		in.wrap(e, fmt.Sprintf("mutantSum(%d, %q, ", id, e.Op), ")")
	}
	in.replace(e.OpPos, e.OpPos+token.Pos(len(e.Op.String())), ",")
}

// sameBasic reports whether two operands have one type, that can be inferred from at least one of them.
func (in *instrumenter) sameBasic(x, y ast.Expr) bool {
	a, b := in.info.TypeOf(x), in.info.TypeOf(y)
	if a == nil || b == nil || !types.Identical(a, b) {
		return false
	}
	basic, ok := a.Underlying().(*types.Basic)
	if !ok || basic.Info()&(types.IsInteger|types.IsString) == 0 || basic.Info()&types.IsUntyped != 0 {
		return false
	}
	return in.info.Types[x].Value == nil || in.info.Types[y].Value == nil
}

// isCondition reports whether an expression is all of a condition.
func (in *instrumenter) isCondition(e ast.Expr) bool {
	switch parent := in.parents[len(in.parents)-1].(type) {
	case *ast.IfStmt:
		return parent.Cond == e
	case *ast.CaseClause:
		return true
	}
	return false
}

func isInteger(t types.Type) bool {
	basic, ok := t.Underlying().(*types.Basic)
	return ok && basic.Info()&types.IsInteger != 0 && basic.Info()&types.IsUntyped == 0
}

// literal adds one to an integer.
func (in *instrumenter) literal(e *ast.BasicLit) {
	t := in.info.TypeOf(e)
	if e.Kind != token.INT || t == nil || !isInteger(t) {
		return
	}
	switch parent := in.parents[len(in.parents)-1].(type) {
	case *ast.BinaryExpr:
		if in.info.Types[parent].Value != nil || parent.Op == token.SHL || parent.Op == token.SHR {
			return
		}
		// In the operands of a shift or a constant, the type is the context's.
	case *ast.CaseClause, *ast.KeyValueExpr, *ast.ValueSpec:
		return
	}
	value, err := strconv.ParseUint(e.Value, 0, 64)
	if err != nil {
		return
	}
	id := in.add(e, in.text(in.context(e)), fmt.Sprintf("%s + 1", e.Value))
	_ = value
	in.wrap(e, fmt.Sprintf("mutantInt(%d, %s(", id, types.TypeString(t, in.qualifier)), "))")
}

// qualifier names a package as the file does, if it does: nothing here is imported by another name.
func (in *instrumenter) qualifier(p *types.Package) string {
	if p == in.pkg {
		return ""
	}
	return p.Name()
}

// context returns the expression around a literal, to find it by.
func (in *instrumenter) context(e ast.Node) ast.Node {
	parent := in.parents[len(in.parents)-1]
	if _, ok := parent.(ast.Expr); ok && parent.End()-parent.Pos() < 60 {
		return parent
	}
	return e
}
