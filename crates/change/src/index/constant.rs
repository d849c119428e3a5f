use std::fmt;
use std::str::FromStr;

use crate::ChangeError;

/// Names and numbers of the constants of the Awesome Spectral Indices.
const CONSTANTS: &str = include_str!("data/constants.tsv");

/// Values of the radial basis function kernel k(a, b) that kernel indices are made of; `sigma` is its length scale.
const KERNELS: [(&str, &str); 7] = [
    ("kNN", "1"),
    ("kGG", "1"),
    ("kNR", "exp(-((N - R) ** 2) / (2 * sigma ** 2))"),
    ("kNB", "exp(-((N - B) ** 2) / (2 * sigma ** 2))"),
    ("kNL", "exp(-((N - L) ** 2) / (2 * sigma ** 2))"),
    ("kGR", "exp(-((G - R) ** 2) / (2 * sigma ** 2))"),
    ("kGB", "exp(-((G - B) ** 2) / (2 * sigma ** 2))"),
];

/// A named part of a formula: a number, or a formula of its own over bands and other constants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constant {
    /// Its name, such as `L`.
    pub name: String,
    /// A number as formulas write it, such as `0.5`, or a formula, such as `0.5 * (N + R)`.
    pub value: String,
}

impl Constant {
    /// A number under a name.
    pub fn number(name: &str, value: f64) -> Self {
        Self { name: name.to_owned(), value: value.to_string() }
    }

    pub(super) fn is_called(&self, name: &str) -> bool {
        self.name == name
    }
}

impl FromStr for Constant {
    type Err = ChangeError;

    /// Reads `L=0.5` or `sigma=0.5*(N+R)`.
    fn from_str(text: &str) -> Result<Self, ChangeError> {
        match text.split_once('=').map(|(name, value)| (name.trim(), value.trim())) {
            Some((name, value)) if !name.is_empty() && !value.is_empty() => {
                Ok(Self { name: name.to_owned(), value: value.to_owned() })
            }
            _ => Err(ChangeError::Parameter {
                method: "index".to_owned(),
                parameter: "constant",
                got: format!("'{text}'"),
                expected: "NAME=VALUE, such as L=0.5",
            }),
        }
    }
}

impl fmt::Display for Constant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.value)
    }
}

/// A constant that formulas of the catalogue may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What it is where nobody says otherwise; `None` where it must be given.
    pub default: Option<String>,
    /// What it stands for.
    pub meaning: String,
}

impl Parameter {
    /// The constant of this name, as the list has it.
    pub(super) fn known(name: &str) -> Option<Self> {
        let kernel = KERNELS.iter().find(|(kernel, _)| *kernel == name).map(|(_, formula)| Self {
            name: name.to_owned(),
            default: Some((*formula).to_owned()),
            meaning: format!("Kernel of {} and {}", &name[1..2], &name[2..]),
        });
        kernel.or_else(|| {
            let mut rows = CONSTANTS.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t'));
            rows.find_map(|mut row| {
                row.next().filter(|found| *found == name)?;
                let default = row.next().filter(|default| !default.is_empty()).map(str::to_owned);
                Some(Self { name: name.to_owned(), default, meaning: row.next().unwrap_or_default().to_owned() })
            })
        })
    }
}

/// The words of a formula, each once, in the order of their first use; numbers with an exponent are none.
pub(super) fn words(formula: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let mut words = Vec::new();
    for word in formula.split(|c| !is_word(c)).filter(|word| word.starts_with(|c: char| c.is_alphabetic() || c == '_')) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}
