use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::RasterError;

/// One test of a quality code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// Compares the number held by the bits `first..=last` (0 is the lowest) with `value`.
    Bits {
        /// Lowest bit.
        first: u32,
        /// Highest bit.
        last: u32,
        /// Which comparison must hold.
        ordering: Comparison,
        /// What the bits are compared with.
        value: u16,
    },
    /// The whole code is one of these.
    In(Vec<u16>),
}

/// How two numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// Equal.
    Equal,
    /// Not equal.
    NotEqual,
    /// Less.
    Less,
    /// Less or equal.
    AtMost,
    /// Greater.
    Greater,
    /// Greater or equal.
    AtLeast,
}

impl Comparison {
    const SIGNS: [(&'static str, Self); 6] = [
        ("!=", Self::NotEqual),
        ("<=", Self::AtMost),
        (">=", Self::AtLeast),
        ("=", Self::Equal),
        ("<", Self::Less),
        (">", Self::Greater),
    ];

    fn sign(self) -> &'static str {
        Self::SIGNS.iter().find(|(_, comparison)| *comparison == self).map_or("=", |(sign, _)| sign)
    }

    fn holds(self, a: u16, b: u16) -> bool {
        match self {
            Self::Equal => a == b,
            Self::NotEqual => a != b,
            Self::Less => a < b,
            Self::AtMost => a <= b,
            Self::Greater => a > b,
            Self::AtLeast => a >= b,
        }
    }
}

impl Test {
    /// Whether the code passes.
    pub fn holds(&self, code: u16) -> bool {
        match self {
            Self::Bits { first, last, ordering, value } => ordering.holds((code >> first) & bit_mask(last - first + 1), *value),
            Self::In(values) => values.contains(&code),
        }
    }
}

fn bit_mask(bits: u32) -> u16 {
    ((1u32 << bits) - 1) as u16
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bits { first, last, ordering, value } if first == last => write!(f, "bit({first}){}{value}", ordering.sign()),
            Self::Bits { first, last, ordering, value } => write!(f, "bits({first}-{last}){}{value}", ordering.sign()),
            Self::In(values) => {
                let list: Vec<String> = values.iter().map(u16::to_string).collect();
                write!(f, "value in {{{}}}", list.join(","))
            }
        }
    }
}

/// A test, or its opposite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The test.
    pub test: Test,
    /// Whether it must fail rather than hold.
    pub negated: bool,
}

impl Condition {
    /// Whether the code meets the condition.
    pub fn holds(&self, code: u16) -> bool {
        self.test.holds(code) != self.negated
    }
}

/// Conditions that a clear pixel meets, all of them: `bit(0)=0,bits(14-15)<3,value in {4,5,7}`.
///
/// Comparisons are `=`, `!=`, `<`, `<=`, `>`, `>=`; `value not in {..}` and `value=4` are understood too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct QaRule {
    /// The conditions.
    pub conditions: Vec<Condition>,
}

impl QaRule {
    /// The rule that a clear pixel has one of these codes.
    pub fn value_in(values: Vec<u16>) -> Self {
        Self { conditions: vec![Condition { test: Test::In(values), negated: false }] }
    }

    /// Whether the code is that of a clear pixel.
    pub fn holds(&self, code: u16) -> bool {
        self.conditions.iter().all(|condition| condition.holds(code))
    }
}

impl fmt::Display for QaRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, condition) in self.conditions.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            let text = condition.test.to_string();
            let text = if condition.negated { text.replacen("value in", "value not in", 1) } else { text };
            write!(f, "{comma}{text}")?;
        }
        Ok(())
    }
}

impl FromStr for QaRule {
    type Err = RasterError;

    fn from_str(text: &str) -> Result<Self, RasterError> {
        let wrong = |reason: String| RasterError::QaRule { text: text.to_owned(), reason };
        let conditions: Vec<Condition> =
            split_outside_braces(text).map(|part| condition(part.trim()).map_err(&wrong)).collect::<Result<_, _>>()?;
        if conditions.is_empty() {
            return Err(wrong("it is empty".to_owned()));
        }
        Ok(Self { conditions })
    }
}

impl From<QaRule> for String {
    fn from(rule: QaRule) -> Self {
        rule.to_string()
    }
}

impl TryFrom<String> for QaRule {
    type Error = RasterError;

    fn try_from(text: String) -> Result<Self, RasterError> {
        text.parse()
    }
}

fn split_outside_braces(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0i32;
    text.split(move |c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    })
    .filter(|part| !part.trim().is_empty())
}

fn condition(text: &str) -> Result<Condition, String> {
    let number = |part: &str| part.trim().parse::<u16>().map_err(|_| format!("'{}' is no whole number up to 65535", part.trim()));
    if let Some(rest) = text.strip_prefix("value") {
        let rest = rest.trim();
        let (negated, list) = match (rest.strip_prefix("not in"), rest.strip_prefix("in")) {
            (Some(list), _) => (true, list),
            (_, Some(list)) => (false, list),
            _ => return comparison(rest, 0, 15, number),
        };
        let inside =
            list.trim().strip_prefix('{').and_then(|l| l.strip_suffix('}')).ok_or("the list of values stands in braces {}")?;
        let values = inside.split(',').map(number).collect::<Result<Vec<_>, _>>()?;
        return Ok(Condition { test: Test::In(values), negated });
    }
    let (body, single) = match (text.strip_prefix("bits("), text.strip_prefix("bit(")) {
        (Some(body), _) => (body, false),
        (_, Some(body)) => (body, true),
        _ => return Err(format!("'{text}' begins with neither bit(, bits( nor value")),
    };
    let (range, rest) = body.split_once(')').ok_or("a bracket is not closed")?;
    let (first, last) = match range.split_once('-') {
        Some((first, last)) if !single => (number(first)?, number(last)?),
        None if single => (number(range)?, number(range)?),
        _ => return Err("one bit is bit(3), several are bits(14-15)".to_owned()),
    };
    if first > last || last > 15 {
        return Err(format!("bits {first}-{last} are not in order within 0-15"));
    }
    comparison(rest.trim(), u32::from(first), u32::from(last), number)
}

fn comparison(text: &str, first: u32, last: u32, number: impl Fn(&str) -> Result<u16, String>) -> Result<Condition, String> {
    let (sign, ordering) = Comparison::SIGNS
        .into_iter()
        .find(|(sign, _)| text.starts_with(sign))
        .ok_or_else(|| format!("'{text}' has no comparison (=, !=, <, <=, >, >=)"))?;
    let value = number(&text[sign.len()..])?;
    if value > bit_mask(last - first + 1) {
        return Err(format!("{value} does not fit in bits {first}-{last}"));
    }
    Ok(Condition { test: Test::Bits { first, last, ordering, value }, negated: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_keeps_the_codes_that_meet_all_its_conditions() {
        let rule: QaRule = "bit(0)=0,bits(12-13)<3,bits(14-15)<3".parse().expect("a rule");
        assert!(rule.holds(0b0010_0000_0000_0010));
        assert!(!rule.holds(1));
        assert!(!rule.holds(0b0011_0000_0000_0000));
        assert!(!rule.holds(0b1100_0000_0000_0000));
    }

    #[test]
    fn a_rule_reads_back_what_it_writes() {
        for text in ["bit(0)=0,bits(14-15)<3", "value in {4,5,7}", "value not in {0,1}", "bits(0-15)>=7,bit(3)!=1"] {
            let rule: QaRule = text.parse().expect("a rule");
            assert_eq!(rule.to_string(), text);
        }
        assert!("value=4".parse::<QaRule>().expect("a rule").holds(4));
    }

    #[test]
    fn what_is_no_rule_is_refused_with_its_reason() {
        for text in [
            "",
            "bit(16)=0",
            "bit(1-2)=0",
            "bits(3-1)=0",
            "bit(0)=2",
            "value in 4",
            "cloud=0",
            "bit(0",
            "bit(0)~1",
            "value in {}",
        ] {
            assert!(text.parse::<QaRule>().is_err(), "{text}");
        }
    }
}
