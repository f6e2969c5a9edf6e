// Finds the places of a source file where one thing can be changed, and writes the program with every change in it: a change is made
// only while its number is the active one.
import ts from "typescript";

const { factory: f, SyntaxKind: K } = ts;

/** An operator and those that take its place. */
const swaps = new Map([
  [K.LessThanToken, [K.LessThanEqualsToken]], [K.LessThanEqualsToken, [K.LessThanToken]],
  [K.GreaterThanToken, [K.GreaterThanEqualsToken]], [K.GreaterThanEqualsToken, [K.GreaterThanToken]],
  [K.EqualsEqualsEqualsToken, [K.ExclamationEqualsEqualsToken]], [K.ExclamationEqualsEqualsToken, [K.EqualsEqualsEqualsToken]],
  [K.AmpersandAmpersandToken, [K.BarBarToken]], [K.BarBarToken, [K.AmpersandAmpersandToken]],
  [K.PlusToken, [K.MinusToken]], [K.MinusToken, [K.PlusToken]], [K.AsteriskToken, [K.SlashToken]], [K.SlashToken, [K.AsteriskToken]],
  [K.PercentToken, [K.AsteriskToken]], [K.LessThanLessThanToken, [K.GreaterThanGreaterThanToken]],
  [K.GreaterThanGreaterThanToken, [K.LessThanLessThanToken]], [K.AmpersandToken, [K.BarToken]], [K.BarToken, [K.AmpersandToken]],
  [K.PlusEqualsToken, [K.MinusEqualsToken]], [K.MinusEqualsToken, [K.PlusEqualsToken]], [K.BarEqualsToken, [K.AmpersandEqualsToken]],
  [K.GreaterThanGreaterThanEqualsToken, [K.LessThanLessThanEqualsToken]],
]);
const logical = new Set([K.AmpersandAmpersandToken, K.BarBarToken]);
const methods = new Map([["every", "some"], ["some", "every"], ["min", "max"], ["max", "min"]]);

const printer = ts.createPrinter({ removeComments: true });

/** Whether what a node says is only the text of an error. */
function isErrorText(node) {
  if (ts.isTemplateExpression(node)) return true;
  const { parent } = node;
  if (ts.isNewExpression(parent) && /Error$/.test(parent.expression.getText()) && parent.arguments?.includes(node)) return true;
  if (!ts.isCallExpression(parent)) return false;
  const called = parent.expression.getText();
  const i = parent.arguments.indexOf(node);
  return (called === "check" && i === 2) || (called === "unexpected" && i >= 0);
}

const isOperand = (node, parent) => ts.isBinaryExpression(parent) && logical.has(parent.operatorToken.kind)
  || ts.isPrefixUnaryExpression(parent) && parent.operator === K.ExclamationToken;
const isCondition = (node, { parent }) =>
  (ts.isIfStatement(parent) || ts.isWhileStatement(parent) || ts.isDoStatement(parent)) && parent.expression === node
  || ts.isForStatement(parent) && parent.condition === node || ts.isConditionalExpression(parent) && parent.condition === node;
const isLoop = (node) => ts.isWhileStatement(node) || ts.isDoStatement(node) || ts.isForStatement(node);

const comparisons = new Set([
  K.LessThanToken, K.LessThanEqualsToken, K.GreaterThanToken, K.GreaterThanEqualsToken, K.EqualsEqualsEqualsToken, K.ExclamationEqualsEqualsToken,
  K.InKeyword, K.InstanceOfKeyword, ...logical,
]);

/** The methods of the language and of the libraries that return a boolean. The sources' own functions say so themselves. */
const predicates = ["every", "some", "has", "includes", "test", "startsWith", "isArray", "is0", "isTorsionFree", "verify", "fits", "valid"];

/** The names of functions in a source text that return a boolean. */
export const predicatesIn = (text) => [...text.matchAll(/(\w+)(?: = )?\([^()]*\): (?:boolean|\w+ is)\b/g)].map(([, name]) => name);

function booleanResult(node, known) {
  if (ts.isBinaryExpression(node)) return comparisons.has(node.operatorToken.kind);
  if (ts.isPrefixUnaryExpression(node)) return node.operator === K.ExclamationToken;
  if (!ts.isCallExpression(node)) return false;
  const called = ts.isPropertyAccessExpression(node.expression) ? node.expression.name.text : node.expression.getText();
  return predicates.includes(called) || known.has(called);
}

/** The expressions that may take this one's place. */
function replacements(node, known) {
  const out = [];
  if (ts.isBinaryExpression(node)) {
    const { left, right } = node;
    for (const op of swaps.get(node.operatorToken.kind) ?? []) out.push(f.createBinaryExpression(left, op, right));
    if (node.operatorToken.kind === K.QuestionQuestionToken) out.push(left, right);
  }
  if (isCondition(node, node) || isOperand(node, node.parent) || booleanResult(node, known)) {
    if (node.kind !== K.TrueKeyword && node.kind !== K.FalseKeyword) {
      if (!(isCondition(node, node) && isLoop(node.parent))) out.push(f.createTrue());
      out.push(f.createFalse());
    }
  }
  if (node.kind === K.TrueKeyword) out.push(f.createFalse());
  if (node.kind === K.FalseKeyword) out.push(f.createTrue());
  if (ts.isNumericLiteral(node)) {
    const v = Number(node.text);
    out.push(f.createNumericLiteral(v + 1), v === 0 ? f.createPrefixMinus(f.createNumericLiteral(1)) : f.createNumericLiteral(v - 1));
  }
  if (ts.isBigIntLiteral(node)) {
    const v = BigInt(node.text.slice(0, -1));
    out.push(f.createBigIntLiteral(`${v + 1n}n`), v === 0n ? f.createPrefixMinus(f.createBigIntLiteral("1n")) : f.createBigIntLiteral(`${v - 1n}n`));
  }
  if (ts.isPostfixUnaryExpression(node)) {
    out.push(f.createPostfixUnaryExpression(node.operand, node.operator === K.PlusPlusToken ? K.MinusMinusToken : K.PlusPlusToken));
  }
  if (ts.isPrefixUnaryExpression(node) && node.operator === K.MinusToken) out.push(node.operand);
  if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
    const other = methods.get(node.expression.name.text);
    if (other) out.push(f.createCallExpression(f.createPropertyAccessExpression(node.expression.expression, other), undefined, node.arguments));
    if (node.expression.name.text === "slice") out.push(node.expression.expression);
  }
  return out;
}

const isRemovable = (node) => ts.isThrowStatement(node) || ts.isContinueStatement(node) || ts.isBreakStatement(node)
  || ts.isExpressionStatement(node) && !node.getText().startsWith("super(") && (ts.isCallExpression(node.expression) || ts.isBinaryExpression(node.expression));

/** The name of the function, method or constant that a node is in. */
function whereOf(node) {
  let found;
  for (let at = node.parent; at; at = at.parent) {
    if ((ts.isFunctionDeclaration(at) || ts.isMethodDeclaration(at) || ts.isGetAccessor(at) || ts.isClassDeclaration(at)) && at.name) found = found && !ts.isClassDeclaration(at) ? found : [at.name.getText(), found].filter(Boolean).join(".");
    if (ts.isVariableDeclaration(at) && ts.isSourceFile(at.parent.parent.parent)) found ??= at.name.getText();
  }
  return found ?? "(top)";
}

const oneLine = (text) => text.replace(/\s+/g, " ").trim();

/** A loop that counts how often it runs, because a change may leave it without an end. */
const withCount = (loop, context) => {
  const count = f.createExpressionStatement(f.createCallExpression(f.createIdentifier("__loop"), undefined, []));
  return ts.visitEachChild(loop, (child) => (child === loop.statement ? f.updateBlock(child, [count, ...child.statements]) : child), context);
};

/** A transformer that puts every change into a file, and lists them in mutants. */
export function instrument(known, mutants) {
  return (context) => (file) => {
    const name = file.fileName.replace(/.*src\//, "");
    const text = (node) => oneLine(node.pos >= 0 ? node.getText(file) : printer.printNode(ts.EmitHint.Unspecified, node, file));
    const add = (node, before, after) => {
      const line = file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
      mutants.push({ file: name, line, where: whereOf(node), before, after });
      return f.createCallExpression(f.createIdentifier("__mutant"), undefined, [f.createNumericLiteral(mutants.length - 1)]);
    };
    const visit = (node) => {
      if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return node;
      if (ts.isPropertyName(node) && node.parent.name === node) return node;
      if (node.parent && isErrorText(node)) return node;
      let inner = ts.visitEachChild(node, visit, context);
      if (isLoop(node) && ts.isBlock(inner.statement)) inner = withCount(inner, context);
      if (isRemovable(node)) {
        const active = add(node, text(node), "nothing");
        return f.createBlock([f.createIfStatement(f.createLogicalNot(active), inner)]);
      }
      let out = inner;
      for (const changed of replacements(node, known)) {
        const active = add(node, text(node), text(changed));
        out = f.createParenthesizedExpression(f.createConditionalExpression(active, undefined, f.createParenthesizedExpression(changed), undefined, out));
      }
      return out;
    };
    return ts.visitEachChild(file, visit, context);
  };
}
