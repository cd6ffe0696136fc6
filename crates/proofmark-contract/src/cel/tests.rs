//! Our evaluation against the one of the `cel` crate, on random expressions and values.

use std::collections::HashMap;
use std::sync::Arc;

use super::*;
use crate::generate::{Dictionary, Source};
use crate::types::Type;

const WIT: &str = "package t:t; world t {
  record point { x: s32, y-axis: s64, tags: list<string> }
  variant shape { dot, circle(s64), path(list<point>) }
  enum color { red, green, light-blue }
  flags access { read, write }
  export f: func(i: s64, j: s16, u: u64, v: u8, d: f64, b: bool, s: string, t: string, c: char, xs: list<s64>, ys: list<s32>,
    us: list<u32>, ss: list<string>, ds: list<f64>, p: point, q: point, h: shape, g: shape, e: color, o: option<s64>, k: result<s64, string>,
    a: access, n: tuple<s64, string>, ps: list<point>) -> s64; }";

fn interface() -> Interface {
    let contract = format!("wit = '{WIT}'");
    let placed = Placed::new(&contract, 6..contract.len(), WIT);
    crate::interface::read(&placed, None).unwrap()
}

/// Writes random expressions of a type, right by construction.
struct Writer {
    state: u64,
    locals: Vec<(String, &'static str)>,
}

impl Writer {
    fn below(&mut self, end: usize) -> usize {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.state >> 33) % end as u64).unwrap()
    }

    fn pick(&mut self, from: &[&'static str]) -> String {
        let nth = self.below(from.len());
        from[nth].to_owned()
    }

    fn local(&mut self, ty: &str) -> Option<String> {
        let names: Vec<String> =
            self.locals.iter().filter(|(_, known)| *known == ty).map(|(name, _)| name.clone()).collect();
        let nth = self.below(names.len().max(1) * 2);
        names.get(nth).cloned()
    }

    fn int(&mut self, depth: usize) -> String {
        if let Some(local) = self.local("int") {
            return local;
        }
        if depth == 0 || self.below(3) == 0 {
            return self.pick(&[
                "i",
                "j",
                "0",
                "1",
                "-1",
                "7",
                "p.x",
                "q.y_axis",
                "n[0]",
                "result",
                "9223372036854775807",
            ]);
        }
        let d = depth - 1;
        match self.below(9) {
            0..=3 => format!("({} {} {})", self.int(d), self.pick(&["+", "-", "*", "/", "%"]), self.int(d)),
            4 => format!("-({})", self.int(d)),
            5 => format!("size({})", self.any_list(d)),
            6 => format!("{}.size()", self.text(d)),
            7 => format!("{}[{}]", self.ints(d), self.int(d)),
            _ => format!("({} ? {} : {})", self.bool(d), self.int(d), self.int(d)),
        }
    }

    fn uint(&mut self, depth: usize) -> String {
        if depth == 0 || self.below(3) == 0 {
            return self.pick(&["u", "v", "0u", "1u", "7u", "18446744073709551615u"]);
        }
        let d = depth - 1;
        match self.below(4) {
            0..=1 => format!("({} {} {})", self.uint(d), self.pick(&["+", "-", "*", "/", "%"]), self.uint(d)),
            2 => format!("us[{}]", self.int(d)),
            _ => format!("uint({})", self.pick(&["j", "v", "d", "i", "ys.size()"])),
        }
    }

    fn double(&mut self, depth: usize) -> String {
        if depth == 0 || self.below(3) == 0 {
            return self.pick(&["d", "0.0", "1.5", "-2.25", "1e300"]);
        }
        let d = depth - 1;
        match self.below(4) {
            0..=1 => format!("({} {} {})", self.double(d), self.pick(&["+", "-", "*", "/"]), self.double(d)),
            2 => format!("double({})", self.pick(&["j", "v", "ys.size()", "us.size()"])),
            _ => format!("-({})", self.double(d)),
        }
    }

    fn text(&mut self, depth: usize) -> String {
        if let Some(local) = self.local("string") {
            return local;
        }
        if depth == 0 || self.below(3) == 0 {
            return self.pick(&["s", "t", "c", "'a'", "''", "'ü\u{1F600}'", "n[1]", "(e + '')"]);
        }
        let d = depth - 1;
        match self.below(5) {
            0 | 1 => format!("({} + {})", self.text(d), self.text(d)),
            2 => format!("string({})", self.pick(&["i", "u", "s", "e", "j"])),
            3 => format!("ss[{}]", self.int(d)),
            _ => format!("({} ? {} : {})", self.bool(d), self.text(d), self.text(d)),
        }
    }

    fn ints(&mut self, depth: usize) -> String {
        if depth == 0 || self.below(3) == 0 {
            return self.pick(&["xs", "ys", "[1, 2, 1]", "[i, j]", "([] + xs)", "[7].filter(z, b)"]);
        }
        let d = depth - 1;
        let over = self.ints(d);
        match self.below(4) {
            0 => format!("({over} + {})", self.ints(d)),
            1 => format!("{over}.filter({})", self.lambda("int", d, Self::bool)),
            2 => format!("{over}.map({})", self.lambda("int", d, Self::int)),
            _ => format!(
                "ps.map({})",
                self.lambda("point", d, |writer, _| {
                    let point = writer.local("point").unwrap_or_else(|| "p".to_owned());
                    format!("{point}.x")
                })
            ),
        }
    }

    fn any_list(&mut self, depth: usize) -> String {
        match self.below(4) {
            0 => "ss".to_owned(),
            1 => "ps".to_owned(),
            2 => "us".to_owned(),
            _ => self.ints(depth),
        }
    }

    fn lambda(&mut self, ty: &'static str, depth: usize, body: fn(&mut Self, usize) -> String) -> String {
        let name = format!("l{}", self.locals.len());
        self.locals.push((name.clone(), ty));
        let body = body(self, depth);
        self.locals.pop();
        format!("{name}, {body}")
    }

    fn bool(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.pick(&[
                "b",
                "true",
                "false",
                "has(o.some)",
                "has(h.dot)",
                "has(k.err)",
                "a.read",
                "e == 'red'",
                "h == g",
                "p == q",
            ]);
        }
        let d = depth - 1;
        let order = ["<", "<=", ">", ">=", "==", "!="];
        match self.below(22) {
            0..=2 => format!("({} && {})", self.bool(d), self.bool(d)),
            3..=5 => format!("({} || {})", self.bool(d), self.bool(d)),
            6 => format!("!({})", self.bool(d)),
            7 => format!("({} {} {})", self.int(d), self.pick(&order), self.int(d)),
            8 => format!("({} {} {})", self.uint(d), self.pick(&order), self.uint(d)),
            9 => format!("({} {} {})", self.double(d), self.pick(&order), self.double(d)),
            10 => format!("({} {} {})", self.int(d), self.pick(&order), self.uint(d)),
            11 => format!("(j {} {})", self.pick(&order), self.double(d)),
            12 => format!("({} {} {})", self.text(d), self.pick(&["==", "!="]), self.text(d)),
            13 => format!("{}.{}({})", self.text(d), self.pick(&["contains", "startsWith", "endsWith"]), self.text(d)),
            14 => format!("({} in {})", self.int(d), self.ints(d)),
            15 => format!("({} in ss)", self.text(d)),
            16 => format!("({} == {})", self.ints(d), self.ints(d)),
            17 | 18 => {
                let over = self.ints(d);
                let name = self.pick(&["all", "exists", "exists_one"]);
                format!("{over}.{name}({})", self.lambda("int", d, Self::bool))
            }
            19 => self.pick(&[
                "o.some > 0",
                "k.ok == 1",
                "k.err == 'a'",
                "h.circle < 3",
                "h.path == ps",
                "h == g",
                "p in ps",
                "h == {'circle': i}",
                "o == {'some': i}",
                "p == {'x': 1, 'y_axis': i, 'tags': ss}",
                "a == {'read': b, 'write': true}",
                "k == {'ok': i}",
                "o == {'none': true}",
            ]),
            20 => format!("{}.all({})", self.pick(&["ss", "p.tags"]), self.lambda("string", d, Self::bool)),
            _ => format!("({} ? {} : {})", self.bool(d), self.bool(d), self.bool(d)),
        }
    }
}

fn theirs(value: &Value) -> cel::Value {
    use cel::Value as C;
    let map = |pairs: Vec<(String, C)>| C::from(pairs.into_iter().collect::<HashMap<String, C>>());
    let name = |name: &str| name.replace('-', "_");
    let carried = |value: &Option<Box<Value>>| value.as_ref().map_or(C::Bool(true), |value| theirs(value));
    match value {
        Value::Bool(value) => C::Bool(*value),
        Value::S16(value) => C::Int(i64::from(*value)),
        Value::S32(value) => C::Int(i64::from(*value)),
        Value::S64(value) => C::Int(*value),
        Value::U8(value) => C::UInt(u64::from(*value)),
        Value::U32(value) => C::UInt(u64::from(*value)),
        Value::U64(value) => C::UInt(*value),
        Value::F64(value) => C::Float(*value),
        Value::Char(value) => C::from(value.to_string()),
        Value::String(value) => C::from(value.clone()),
        Value::List(values) | Value::Tuple(values) => C::from(values.iter().map(theirs).collect::<Vec<C>>()),
        Value::Record(ty, values) => {
            map(ty.fields.iter().zip(values).map(|((field, _), value)| (name(field), theirs(value))).collect())
        }
        Value::Variant(ty, case, value) => map(vec![(name(&ty.cases[*case as usize].0), carried(value))]),
        Value::Enum(ty, case) => C::from(ty.cases[*case as usize].clone()),
        Value::Option(None) => map(vec![("none".to_owned(), C::Bool(true))]),
        Value::Option(value) => map(vec![("some".to_owned(), carried(value))]),
        Value::Result(Ok(value)) => map(vec![("ok".to_owned(), carried(value))]),
        Value::Result(Err(value)) => map(vec![("err".to_owned(), carried(value))]),
        Value::Flags(ty, bits) => {
            map(ty.names.iter().enumerate().map(|(nth, flag)| (name(flag), C::Bool(bits >> nth & 1 == 1))).collect())
        }
        other => panic!("{other}"),
    }
}

struct Nothing;

impl Exports for Nothing {
    fn call(&self, _: &Function, _: &[Value]) -> Result<Option<Value>, String> {
        Err(String::new())
    }
}

/// Runs `cases` random expressions over random values through both; returns how many were true, false and errors.
fn compare(cases: u64, from: u64) -> [u64; 3] {
    let interface = interface();
    let function = &interface.functions[0];
    let evaluator = Evaluator::new(&interface, Arc::new(Nothing));
    let root = cel::Context::default();
    let mut counts = [0; 3];
    for seed in from..from + cases {
        let mut writer = Writer { state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15), locals: Vec::new() };
        let depth = 1 + writer.below(4);
        let source = format!("({} || result != result)", writer.bool(depth));
        let contract = format!("'''{source}'''");
        let predicate = Predicate::parse(
            &Placed::new(&contract, 0..contract.len(), &source),
            &interface.functions,
            function,
            Role::Ensures,
        );
        let predicate = predicate.unwrap_or_else(|problems| panic!("{source}: {problems:?}"));
        let program = cel::Program::compile(&source).unwrap();
        let mut source_of_values = Source::new([u8::try_from(seed % 251).unwrap(); 32], &Dictionary::default());
        for _ in 0..3 {
            let arguments = source_of_values.arguments(function);
            let result = source_of_values.value(&Type::S64);
            let ours = evaluator.holds(&predicate, &arguments, Some(&result));
            let mut scope = root.new_inner_scope();
            for ((name, _), value) in function.params.iter().zip(&arguments) {
                scope.add_variable_from_value(name, theirs(value));
            }
            scope.add_variable_from_value("result", theirs(&result));
            let other = match program.execute(&scope) {
                Ok(cel::Value::Bool(answer)) => Ok(answer),
                Ok(other) => panic!("{source}: {other:?}"),
                Err(error) => Err(error),
            };
            match (&ours, &other) {
                (Ok(a), Ok(b)) if a == b => counts[usize::from(!*a)] += 1,
                (Err(_), Err(_)) => counts[2] += 1,
                _ => {
                    let call = crate::interface::Call { function: Arc::clone(function), args: arguments };
                    panic!("{source}\n{call} -> {result}\nours: {ours:?}\ntheirs: {other:?}")
                }
            }
        }
    }
    counts
}

#[test]
fn we_agree_with_the_cel_crate() {
    let [holds, fails, errors] = compare(4000, 0);
    assert!(holds > 1000 && fails > 1000 && errors > 300, "{holds} true, {fails} false, {errors} errors");
}

#[test]
#[ignore = "a longer run of the same comparison"]
fn we_agree_with_the_cel_crate_on_many_more() {
    compare(300_000, 1_000_000);
}
