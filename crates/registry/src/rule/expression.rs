//! The language of conditions: a few words over what registries and alerts say.
//!
//! `or` binds weakest, then `and`, `not`, comparisons (which do not chain), sums and products. Every condition has three outcomes:
//! met, not met and unknown.

use std::fmt;

/// A number, a text or a truth, as a condition writes it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    /// `a or b`
    Or(Box<Node>, Box<Node>),
    /// `a and b`
    And(Box<Node>, Box<Node>),
    /// `not a`
    Not(Box<Node>),
    /// `a < b`
    Compare(Comparison, Box<Node>, Box<Node>),
    /// `a + b`, `a - b`, `a * b`
    Arithmetic(Operator, Box<Node>, Box<Node>),
    /// A number; lengths are in metres.
    Number(f64),
    /// A text.
    Text(String),
    /// A column of the alert, or within a filter of the record.
    Column(String),
    /// `inside(source, filter)` and its like.
    Call(Call),
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// How two numbers make one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Plus,
    Minus,
    Times,
}

/// What is asked of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// Whether a record in force throughout meets the alert.
    Inside,
    /// Whether a record meets the alert, whenever it was in force.
    Meets,
    /// Whether records in force throughout cover the alert.
    Covered,
    /// Whether a record in force throughout lies within a distance.
    Near,
    /// Share of the alert within records in force.
    Share,
    /// Hectares of the alert within records in force.
    OverlapHa,
}

/// A question to a source, with the records that it is about and a distance.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    pub(crate) question: Question,
    pub(crate) source: String,
    pub(crate) filter: Option<Box<Node>>,
    pub(crate) distance_m: Option<f64>,
}

/// Where and why a condition cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// Character of the condition, from 1.
    pub(crate) at: usize,
    /// What is wrong and what is expected.
    pub(crate) problem: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "character {}: {}", self.at, self.problem)
    }
}

/// How deep parentheses may nest: no condition that people can read comes near it.
const MAX_DEPTH: usize = 64;

/// Functions of the language.
const QUESTIONS: [(&str, Question); 6] = [
    ("inside", Question::Inside),
    ("meets", Question::Meets),
    ("covered", Question::Covered),
    ("near", Question::Near),
    ("share", Question::Share),
    ("overlap_ha", Question::OverlapHa),
];

/// Comparisons, the longer signs first.
const COMPARISONS: [(&str, Comparison); 6] = [
    ("==", Comparison::Equal),
    ("!=", Comparison::Unequal),
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

impl Node {
    /// The condition that a text writes; a name that `declared` knows is its number.
    pub(crate) fn parse(text: &str, declared: &dyn Fn(&str) -> Option<f64>) -> Result<Self, Mistake> {
        let mut reader = Reader { words: words(text)?, next: 0, end: text.chars().count() + 1, depth: 0, declared };
        let node = reader.either()?;
        match reader.words.get(reader.next) {
            None => Ok(node),
            Some((at, word)) => Err(Mistake { at: *at, problem: format!("`{word}` is not expected here") }),
        }
    }

    /// Every question to a source, in order.
    pub(crate) fn calls(&self) -> Vec<&Call> {
        let mut calls = Vec::new();
        self.walk(&mut |node| {
            if let Self::Call(call) = node {
                calls.push(call);
            }
        });
        calls
    }

    /// Columns of the alert, or of a record where this is a filter; those of filters within are not among them.
    pub(crate) fn columns(&self) -> Vec<&str> {
        let mut columns = Vec::new();
        self.walk(&mut |node| {
            if let Self::Column(name) = node {
                columns.push(name.as_str());
            }
        });
        columns
    }

    /// Shows every node from left to right; what stands in the filter of a question is not among them.
    fn walk<'n>(&'n self, see: &mut dyn FnMut(&'n Self)) {
        see(self);
        match self {
            Self::Or(a, b) | Self::And(a, b) | Self::Compare(_, a, b) | Self::Arithmetic(_, a, b) => {
                a.walk(see);
                b.walk(see);
            }
            Self::Not(inner) => inner.walk(see),
            Self::Number(_) | Self::Text(_) | Self::Column(_) | Self::Call(_) => {}
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Word {
    Name(String),
    Number(f64),
    Text(String),
    Sign(&'static str),
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "{name}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "\"{text}\""),
            Self::Sign(sign) => write!(f, "{sign}"),
        }
    }
}

const SIGNS: [&str; 13] = ["==", "!=", "<=", ">=", "<", ">", "(", ")", ",", "+", "-", "*", "."];

fn words(text: &str) -> Result<Vec<(usize, Word)>, Mistake> {
    let characters: Vec<char> = text.chars().collect();
    let mut words = Vec::new();
    let mut i = 0;
    while i < characters.len() {
        let at = i + 1;
        let here = characters[i];
        if here.is_whitespace() {
            i += 1;
        } else if here == '"' || here == '\'' {
            let length = characters[i + 1..].iter().position(|c| *c == here);
            let length = length.ok_or_else(|| Mistake { at, problem: "a text that does not end".to_owned() })?;
            words.push((at, Word::Text(characters[i + 1..i + 1 + length].iter().collect())));
            i += length + 2;
        } else if here.is_ascii_digit() {
            let length = characters[i..].iter().take_while(|c| c.is_ascii_digit() || **c == '.').count();
            let digits: String = characters[i..i + length].iter().collect();
            let number = digits.parse().map_err(|_| Mistake { at, problem: format!("`{digits}` is no number") })?;
            words.push((at, Word::Number(number)));
            i += length;
        } else if here.is_alphabetic() || here == '_' {
            let length = characters[i..].iter().take_while(|c| c.is_alphanumeric() || **c == '_').count();
            words.push((at, Word::Name(characters[i..i + length].iter().collect())));
            i += length;
        } else {
            let rest: String = characters[i..characters.len().min(i + 2)].iter().collect();
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
            let sign = sign.ok_or_else(|| Mistake { at, problem: format!("`{here}` has no meaning here") })?;
            words.push((at, Word::Sign(sign)));
            i += sign.len();
        }
    }
    Ok(words)
}

struct Reader<'a> {
    words: Vec<(usize, Word)>,
    next: usize,
    end: usize,
    depth: usize,
    declared: &'a dyn Fn(&str) -> Option<f64>,
}

impl Reader<'_> {
    fn at(&self) -> usize {
        self.words.get(self.next).map_or(self.end, |(at, _)| *at)
    }

    fn mistake<T>(&self, problem: impl Into<String>) -> Result<T, Mistake> {
        Err(Mistake { at: self.at(), problem: problem.into() })
    }

    fn takes_name(&mut self, name: &str) -> bool {
        let taken = matches!(self.words.get(self.next), Some((_, Word::Name(word))) if word == name);
        self.next += usize::from(taken);
        taken
    }

    fn takes_sign(&mut self, sign: &str) -> bool {
        let taken = matches!(self.words.get(self.next), Some((_, Word::Sign(word))) if *word == sign);
        self.next += usize::from(taken);
        taken
    }

    fn expect(&mut self, sign: &str) -> Result<(), Mistake> {
        if self.takes_sign(sign) { Ok(()) } else { self.mistake(format!("expected `{sign}`")) }
    }

    fn either(&mut self) -> Result<Node, Mistake> {
        let mut node = self.both()?;
        while self.takes_name("or") {
            node = Node::Or(Box::new(node), Box::new(self.both()?));
        }
        Ok(node)
    }

    fn both(&mut self) -> Result<Node, Mistake> {
        let mut node = self.denied()?;
        while self.takes_name("and") {
            node = Node::And(Box::new(node), Box::new(self.denied()?));
        }
        Ok(node)
    }

    fn denied(&mut self) -> Result<Node, Mistake> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.mistake(format!("nested more than {MAX_DEPTH} deep"));
        }
        let node = if self.takes_name("not") { Node::Not(Box::new(self.denied()?)) } else { self.compared()? };
        self.depth -= 1;
        Ok(node)
    }

    fn compared(&mut self) -> Result<Node, Mistake> {
        let left = self.sum()?;
        match self.comparison() {
            Some(comparison) => Ok(Node::Compare(comparison, Box::new(left), Box::new(self.sum()?))),
            None => Ok(left),
        }
    }

    fn comparison(&mut self) -> Option<Comparison> {
        COMPARISONS.into_iter().find(|(sign, _)| self.takes_sign(sign)).map(|(_, comparison)| comparison)
    }

    fn sum(&mut self) -> Result<Node, Mistake> {
        let mut node = self.product()?;
        loop {
            let operator = match () {
                () if self.takes_sign("+") => Operator::Plus,
                () if self.takes_sign("-") => Operator::Minus,
                () => return Ok(node),
            };
            node = Node::Arithmetic(operator, Box::new(node), Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Result<Node, Mistake> {
        let mut node = self.value()?;
        while self.takes_sign("*") {
            node = Node::Arithmetic(Operator::Times, Box::new(node), Box::new(self.value()?));
        }
        Ok(node)
    }

    fn value(&mut self) -> Result<Node, Mistake> {
        if self.takes_sign("(") {
            let node = self.either()?;
            self.expect(")")?;
            return Ok(node);
        }
        let negative = self.takes_sign("-");
        let Some((_, word)) = self.words.get(self.next).cloned() else { return self.mistake("the condition ends too early") };
        match word {
            Word::Number(number) => {
                self.next += 1;
                Ok(Node::Number(if negative { -number } else { number } * self.unit()))
            }
            _ if negative => self.mistake("expected a number after `-`"),
            Word::Text(text) => {
                self.next += 1;
                Ok(Node::Text(text))
            }
            Word::Name(name) => {
                self.next += 1;
                if self.takes_sign("(") {
                    self.call(&name)
                } else {
                    Ok((self.declared)(&name).map_or(Node::Column(name), Node::Number))
                }
            }
            Word::Sign(sign) => self.mistake(format!("`{sign}` is not expected here")),
        }
    }

    /// Metres in the unit that follows a number; 1 where none does.
    fn unit(&mut self) -> f64 {
        if self.takes_name("km") {
            return 1000.0;
        }
        self.takes_name("m");
        1.0
    }

    fn call(&mut self, name: &str) -> Result<Node, Mistake> {
        if name == "value" {
            return self.record_value();
        }
        let Some((_, question)) = QUESTIONS.iter().find(|(word, _)| *word == name) else {
            let known = QUESTIONS.map(|(word, _)| word).join(", ");
            self.next -= 2;
            return self.mistake(format!("`{name}` is no question; there are {known} and value"));
        };
        let mut call = Call { question: *question, source: self.name("a source")?, filter: None, distance_m: None };
        while self.takes_sign(",") {
            match self.either()? {
                Node::Number(metres) if *question == Question::Near && call.distance_m.is_none() => {
                    call.distance_m = Some(metres);
                }
                Node::Number(_) => return self.mistake("a distance is asked of `near` alone, and once"),
                filter if call.filter.is_none() => call.filter = Some(Box::new(filter)),
                _ => return self.mistake("one filter is enough; join two by `and`"),
            }
        }
        if *question == Question::Near && call.distance_m.is_none() {
            return self.mistake("`near` needs a distance, such as near(roads, 1000 m)");
        }
        self.expect(")")?;
        Ok(Node::Call(call))
    }

    /// `value(source, column) == "text"`: some record in force throughout has that value.
    fn record_value(&mut self) -> Result<Node, Mistake> {
        let source = self.name("a source")?;
        self.expect(",")?;
        let column = self.name("a column")?;
        self.expect(")")?;
        let Some(comparison) = self.comparison() else {
            return self.mistake("`value(source, column)` is to be compared with something");
        };
        let filter = Node::Compare(comparison, Box::new(Node::Column(column)), Box::new(self.sum()?));
        Ok(Node::Call(Call { question: Question::Inside, source, filter: Some(Box::new(filter)), distance_m: None }))
    }

    fn name(&mut self, what: &str) -> Result<String, Mistake> {
        match self.words.get(self.next).cloned() {
            Some((_, Word::Name(name))) => {
                self.next += 1;
                Ok(name)
            }
            _ => self.mistake(format!("expected {what}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Node, Mistake> {
        Node::parse(text, &|name| (name == "road_distance").then_some(250.0))
    }

    #[test]
    fn and_binds_stronger_than_or_and_comparisons_stronger_than_both() {
        let node = parse("a > 1 or b and not c == \"x\"").expect("a condition");
        let Node::Or(first, second) = node else { panic!("or comes last") };
        assert!(matches!(*first, Node::Compare(Comparison::Greater, ..)));
        let Node::And(_, denied) = *second else { panic!("and comes before or") };
        assert!(matches!(*denied, Node::Not(_)));
    }

    #[test]
    fn questions_name_their_source_filter_and_distance() {
        let node = parse("inside(runap, categoria == 'PNN') and near(vias, 1 km) and value(uso, clase) != \"x\"").expect("one");
        let calls = node.calls();
        assert_eq!(calls.iter().map(|call| call.source.as_str()).collect::<Vec<_>>(), ["runap", "vias", "uso"]);
        assert_eq!(calls[1].distance_m, Some(1000.0));
        assert_eq!(calls[0].filter.as_ref().map(|filter| filter.columns()), Some(vec!["categoria"]));
        assert!(node.columns().is_empty());
    }

    #[test]
    fn a_declared_number_stands_for_its_name() {
        let node = parse("near(vias, road_distance) or area_ha > road_distance").expect("a condition");
        assert_eq!((node.calls()[0].distance_m, node.columns()), (Some(250.0), vec!["area_ha"]));
    }

    #[test]
    fn mistakes_are_placed() {
        for (text, at, says) in [
            ("area_ha >", 10, "ends too early"),
            ("within(runap)", 1, "there are inside"),
            ("near(vias)", 10, "needs a distance"),
            ("a > 1 b", 7, "not expected"),
            ("a == \"x", 6, "does not end"),
            ("inside(3)", 8, "expected a source"),
            ("a & b", 3, "no meaning"),
        ] {
            let mistake = parse(text).expect_err(text);
            assert!(mistake.at == at && mistake.problem.contains(says), "{text}: {mistake}");
        }
        assert!(parse(&"(".repeat(10_000)).is_err());
        assert!(parse(&"not ".repeat(10_000)).is_err());
    }
}
