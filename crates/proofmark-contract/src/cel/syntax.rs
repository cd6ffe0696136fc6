//! Parses CEL with the `cel` crate, inside limits, and knows the span of every part.
//!
//! Macros are not expanded: `xs.all(x, …)` stays the call that the author wrote, so that problems point at their words.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use cel::common::ast::{EntryExpr, Expr, IdedExpr, SourceInfo, operators};
use cel::{Env, ParseErrors};

use super::lex::{self, Kind, Token};

/// The longest expression, in bytes.
pub(crate) const CEL_BYTES_MAX: usize = 16 << 10;
/// Operators, dots and opening brackets in one expression.
const OPERATORS_MAX: usize = 1000;
/// How deep brackets nest.
const BRACKETS_MAX: usize = 48;
/// How deep the parsed tree is.
const DEPTH_MAX: usize = 128;

/// A parsed expression with the byte span of every node, by id.
pub(super) struct Syntax {
    pub(super) expr: IdedExpr,
    spans: BTreeMap<u64, Range<usize>>,
}

/// What is wrong with an expression, and where in it.
#[derive(Debug)]
pub(super) struct Complaint {
    pub(super) message: String,
    pub(super) label: String,
    pub(super) span: Range<usize>,
    pub(super) help: Option<String>,
}

// The environment of the `cel` crate that knows no macro.
static BARE: LazyLock<Env> = LazyLock::new(Env::default);

impl Syntax {
    pub(super) fn span(&self, node: &IdedExpr) -> Range<usize> {
        self.spans.get(&node.id).cloned().unwrap_or(0..0)
    }
}

/// Parses `source`.
///
/// # Errors
/// The first thing that is wrong with it.
pub(super) fn parse(source: &str) -> Result<Syntax, Complaint> {
    let tokens = lex::tokens(source);
    bounded(source, &tokens)?;
    let (expr, info) =
        BARE.parser().parse_with_source_info(source).map_err(|errors| first(source, &tokens, &errors))?;
    let depth = depth(&expr, 0);
    if depth > DEPTH_MAX {
        return Err(too_big(0..source.len(), format!("the expression nests deeper than {DEPTH_MAX}")));
    }
    let partners = lex::partners(source, &tokens);
    let mut finder = Finder { source, tokens: &tokens, partners: &partners, info: &info, spans: BTreeMap::new() };
    finder.visit(&expr);
    let spans = finder.spans;
    Ok(Syntax { expr, spans })
}

fn too_big(span: Range<usize>, message: String) -> Complaint {
    Complaint::new(span, message, "here").help("split it into several properties")
}

fn bounded(source: &str, tokens: &[Token]) -> Result<(), Complaint> {
    if source.len() > CEL_BYTES_MAX {
        let message = format!("the expression is longer than {CEL_BYTES_MAX} bytes");
        return Err(too_big(0..source.len(), message));
    }
    if tokens.is_empty() {
        let complaint = Complaint::new(0..source.len(), "the expression is empty", "nothing to evaluate");
        return Err(complaint.help("write a condition such as `result >= 0`"));
    }
    let (mut operators, mut open) = (0_usize, 0_usize);
    for token in tokens {
        match token.kind {
            Kind::Open => (operators, open) = (operators.saturating_add(1), open.saturating_add(1)),
            Kind::Close => open = open.saturating_sub(1),
            Kind::Operator => operators = operators.saturating_add(1),
            Kind::Name if source.get(token.span.clone()) == Some("in") => operators = operators.saturating_add(1),
            _ => {}
        }
        if operators > OPERATORS_MAX {
            return Err(too_big(token.span.clone(), format!("the expression has more than {OPERATORS_MAX} operators")));
        }
        if open > BRACKETS_MAX {
            return Err(too_big(token.span.clone(), format!("brackets nest deeper than {BRACKETS_MAX}")));
        }
    }
    Ok(())
}

/// The first of the parser's complaints, in our words.
fn first(source: &str, tokens: &[Token], errors: &ParseErrors) -> Complaint {
    let worded = |message: &str| message.starts_with("Syntax error: ");
    let chosen = errors.errors.iter().find(|error| worded(&error.msg)).or_else(|| errors.errors.first());
    let Some(error) = chosen else {
        return complaint(source, 0..source.len(), "the expression can't be parsed".to_owned());
    };
    let at = offset(source, error.pos);
    let span = tokens.iter().map(|token| &token.span).find(|span| span.contains(&at)).cloned().unwrap_or(at..at);
    let text = source.get(span.clone()).unwrap_or_default();
    let message = match error.msg.strip_prefix("Syntax error: ") {
        Some(found) if found.contains("Recursion limit") => {
            return too_big(span, "the expression nests too deep".to_owned());
        }
        Some(found) if found.contains("'<EOF>'") && !found.starts_with("extraneous") => {
            "the expression ends too early".to_owned()
        }
        Some(found) if found.starts_with("token recognition error") && text.starts_with(['\'', '"', 'r', 'b']) => {
            unfinished(text)
        }
        Some(_) if text.is_empty() => "the expression ends too early".to_owned(),
        Some(found) if found.starts_with("token recognition error") => format!("`{text}` is not part of CEL"),
        Some(_) => format!("`{text}` is not expected here"),
        None => match error.msg.strip_prefix("reserved identifier: ") {
            Some(name) => {
                return complaint(source, span, format!("`{name}` is a reserved word of CEL"))
                    .help(format!("write `{name}_` for the parameter or export of that name"));
            }
            None => plain(&error.msg),
        },
    };
    let help = match text {
        "=" => Some("write `==` to compare".to_owned()),
        "&" => Some("write `&&`".to_owned()),
        "|" => Some("write `||`".to_owned()),
        "and" | "or" | "not" => Some("write `&&`, `||` and `!`".to_owned()),
        _ => None,
    };
    Complaint { help, ..complaint(source, span, message) }
}

fn unfinished(text: &str) -> String {
    let quote = text.chars().find(|character| "'\"".contains(*character)).unwrap_or('"');
    if text.len() > 1 && text.ends_with(quote) {
        format!("the string {text} has an escape that CEL does not know")
    } else {
        format!("the string {text} does not end")
    }
}

fn plain(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let known = ["int", "uint", "double", "string", "bytes"]
        .iter()
        .find(|kind| line.starts_with(&format!("invalid {kind} literal")));
    match known {
        Some(kind @ (&"int" | &"uint" | &"double")) => format!("the number does not fit into `{kind}`"),
        Some(kind) => format!("not a valid {kind}"),
        None => format!("not valid CEL: {}", line.to_lowercase()),
    }
}

fn complaint(source: &str, span: Range<usize>, message: String) -> Complaint {
    let label = if span.start >= source.len() { "something is missing here" } else { "here" };
    Complaint::new(span, message, label)
}

impl Complaint {
    pub(super) fn new(span: Range<usize>, message: impl Into<String>, label: impl Into<String>) -> Self {
        Self { message: message.into(), label: label.into(), span, help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The byte at a line and a column, both from 1, columns counting characters.
fn offset(source: &str, (line, column): (isize, isize)) -> usize {
    let nth = |from_one: isize| usize::try_from(from_one.saturating_sub(1)).unwrap_or(0);
    let mut start = 0_usize;
    for text in source.split_inclusive('\n').take(nth(line)) {
        start = start.saturating_add(text.len());
    }
    let rest = source.get(start..).unwrap_or_default();
    start.saturating_add(rest.char_indices().nth(nth(column)).map_or(rest.len(), |(bytes, _)| bytes))
}

fn depth(node: &IdedExpr, above: usize) -> usize {
    let here = above.saturating_add(1);
    children(node).into_iter().map(|child| depth(child, here)).max().unwrap_or(here)
}

/// The parts of a node, in the order of the source.
fn children(node: &IdedExpr) -> Vec<&IdedExpr> {
    match &node.expr {
        Expr::Call(call) => call.target.iter().map(|target| &**target).chain(&call.args).collect(),
        Expr::Select(select) => vec![&*select.operand],
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Map(map) => map.entries.iter().flat_map(|entry| entry_parts(&entry.expr)).collect(),
        Expr::Struct(strct) => strct.entries.iter().flat_map(|entry| entry_parts(&entry.expr)).collect(),
        Expr::Comprehension(_) | Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => Vec::new(),
    }
}

fn entry_parts(entry: &EntryExpr) -> Vec<&IdedExpr> {
    match entry {
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
        EntryExpr::StructField(field) => vec![&field.value],
    }
}

/// Works out the span of every node from the token that the parser remembers for it.
struct Finder<'a> {
    source: &'a str,
    tokens: &'a [Token],
    partners: &'a [Option<usize>],
    info: &'a SourceInfo,
    spans: BTreeMap<u64, Range<usize>>,
}

impl Finder<'_> {
    fn visit(&mut self, node: &IdedExpr) -> Range<usize> {
        let (start, stop) = self.info.offset_for(node.id).unwrap_or((0, 0));
        let (start, stop) = (start as usize, (stop as usize).saturating_add(1));
        let mut span = start..stop.min(self.source.len()).max(start);
        let operands = self.operands(node);
        for (nth, child) in children(node).into_iter().enumerate() {
            let mut inner = self.visit(child);
            if nth < operands {
                inner = self.with_parentheses(inner);
            }
            span = span.start.min(inner.start)..span.end.max(inner.end);
        }
        if let Some(own) = self.tokens.iter().position(|token| token.span.start == start) {
            span = self.widened(node, own, span);
        }
        self.spans.insert(node.id, span.clone());
        span
    }

    /// How many of the first children have parentheses right around them to themselves.
    fn operands(&self, node: &IdedExpr) -> usize {
        let named = |name: &str| name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '.');
        match &node.expr {
            Expr::Select(_) => 1,
            Expr::Call(call) if call.target.is_some() || call.func_name == operators::INDEX => 1,
            Expr::Call(call) if !named(&call.func_name) => call.args.len(),
            _ => 0,
        }
    }

    fn widened(&self, node: &IdedExpr, own: usize, span: Range<usize>) -> Range<usize> {
        let token = |index: usize| self.tokens.get(index).map(|token| token.span.clone());
        let closing = self.partners.get(own).copied().flatten().and_then(token);
        let end = closing.map_or(span.end, |closing| closing.end.max(span.end));
        match &node.expr {
            Expr::Call(call) if call.target.is_none() && self.text(own) == "(" => {
                let name = own.checked_sub(1).and_then(token).map_or(span.start, |name| name.start);
                name.min(span.start)..end
            }
            Expr::Select(_) => {
                let field = token(own.saturating_add(1)).map_or(span.end, |field| field.end);
                span.start..field.max(span.end)
            }
            Expr::Literal(_) => {
                let minus = own.checked_sub(1).filter(|before| self.text(*before) == "-" && self.signs(*before));
                minus.and_then(token).map_or(span.start, |minus| minus.start)..span.end
            }
            _ => span.start..end,
        }
    }

    /// Whether the minus at this token is a sign rather than a subtraction.
    fn signs(&self, minus: usize) -> bool {
        let before = minus.checked_sub(1).and_then(|before| self.tokens.get(before));
        before.is_none_or(|token| matches!(token.kind, Kind::Open | Kind::Comma | Kind::Operator))
    }

    fn with_parentheses(&self, mut span: Range<usize>) -> Range<usize> {
        loop {
            let before = self.tokens.iter().rposition(|token| token.span.end <= span.start);
            let Some(open) = before.filter(|open| self.text(*open) == "(") else { return span };
            let closing = self.partners.get(open).copied().flatten().and_then(|close| self.tokens.get(close));
            let Some(closing) = closing.filter(|closing| closing.span.start >= span.end) else { return span };
            let between =
                self.tokens.iter().any(|token| token.span.start >= span.end && token.span.end <= closing.span.start);
            let Some(open) = self.tokens.get(open).filter(|_| !between) else { return span };
            span = open.span.start..closing.span.end;
        }
    }

    fn text(&self, index: usize) -> &str {
        self.tokens.get(index).and_then(|token| self.source.get(token.span.clone())).unwrap_or_default()
    }
}
