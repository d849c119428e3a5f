use super::constant::Constant;
use super::program::{Binary, Unary};
use super::symbol::{self, SYMBOLS, Symbol, symbol, wavelength};
use crate::unmixing::Unmixing;

/// Brackets, powers and signs within each other; deeper formulas are refused before they can exhaust the stack.
const MAX_DEPTH: usize = 64;

/// Definitions within definitions: deeper ones are refused, as those that go round in a circle.
const MAX_LEVEL: usize = 4;

/// Steps beyond which no further definition is put in.
const MAX_STEPS: usize = 200_000;

/// What a formula reads of a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Input {
    /// A band.
    Band(&'static Symbol),
    /// What an unmixing gives under this place of [`Unmixing::outputs`].
    Fraction(usize),
}

/// What the words of a formula may mean beside bands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Vocabulary<'a> {
    /// Numbers and formulas by name.
    pub(super) constants: &'a [Constant],
    /// Whose fractions are known by their names, in any letters.
    pub(super) unmixing: &'a Unmixing,
}

/// One step of a formula in postfix order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Step {
    /// A number.
    Number(f64),
    /// The input at this place of [`Formula::inputs`].
    Load(usize),
    /// Replaces the last value.
    Unary(Unary),
    /// Replaces the last two values.
    Binary(Binary),
}

/// A formula in postfix order, with what it reads in the order of first use.
#[derive(Debug, Clone, Default)]
pub(super) struct Formula {
    pub(super) steps: Vec<Step>,
    pub(super) inputs: Vec<Input>,
    /// Bands whose wavelength it uses and nobody gave: NaN stands in the place of each.
    pub(super) wavelengths: Vec<&'static Symbol>,
}

/// Why a formula cannot be read, and where (counted in characters from 1).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Unreadable {
    pub(super) column: usize,
    pub(super) reason: String,
}

impl Formula {
    /// Reads numbers, names, `+ - * / **`, brackets and functions; powers bind as in Python (`-x**2` is `-(x**2)`).
    pub(super) fn parse(text: &str, vocabulary: Vocabulary<'_>) -> Result<Self, Unreadable> {
        let mut parser = Parser { text, at: 0, depth: 0, level: 0, vocabulary, formula: Self::default() };
        parser.whole()?;
        if parser.formula.inputs.is_empty() {
            parser.at = 0;
            return Err(parser.wrong(format!("it uses no band; bands are {}", symbol::list())));
        }
        Ok(parser.formula)
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    /// Definitions around this one.
    level: usize,
    vocabulary: Vocabulary<'a>,
    formula: Formula,
}

impl<'a> Parser<'a> {
    fn wrong(&self, reason: impl Into<String>) -> Unreadable {
        Unreadable { column: self.text[..self.at].chars().count() + 1, reason: reason.into() }
    }

    fn peek(&mut self) -> Option<char> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        self.text[self.at..].chars().next()
    }

    /// Steps over the sign if it comes next.
    fn take(&mut self, sign: &str) -> bool {
        self.peek();
        let found = self.text[self.at..].starts_with(sign);
        if found {
            self.at += sign.len();
        }
        found
    }

    fn take_while(&mut self, holds: impl Fn(char) -> bool) -> &'a str {
        let rest = &self.text[self.at..];
        let word = &rest[..rest.find(|c| !holds(c)).unwrap_or(rest.len())];
        self.at += word.len();
        word
    }

    fn push(&mut self, step: Step) {
        self.formula.steps.push(step);
    }

    fn deeper(&mut self, part: impl FnOnce(&mut Self) -> Result<(), Unreadable>) -> Result<(), Unreadable> {
        if self.depth == MAX_DEPTH {
            return Err(self.wrong(format!("more than {MAX_DEPTH} brackets, powers or signs within each other")));
        }
        self.depth += 1;
        part(self)?;
        self.depth -= 1;
        Ok(())
    }

    fn whole(&mut self) -> Result<(), Unreadable> {
        self.sum()?;
        match self.peek() {
            None => Ok(()),
            Some('^') => Err(self.wrong("powers are written **, not ^")),
            Some(c) => Err(self.wrong(format!("'{c}' is not expected here"))),
        }
    }

    fn sum(&mut self) -> Result<(), Unreadable> {
        self.product()?;
        loop {
            let binary = match self.peek() {
                Some('+') => Binary::Add,
                Some('-') => Binary::Subtract,
                _ => return Ok(()),
            };
            self.at += 1;
            self.product()?;
            self.push(Step::Binary(binary));
        }
    }

    fn product(&mut self) -> Result<(), Unreadable> {
        self.signed()?;
        loop {
            let binary = match self.peek() {
                Some('*') => Binary::Multiply,
                Some('/') => Binary::Divide,
                _ => return Ok(()),
            };
            self.at += 1;
            self.signed()?;
            self.push(Step::Binary(binary));
        }
    }

    fn signed(&mut self) -> Result<(), Unreadable> {
        if self.take("-") {
            self.deeper(Self::signed)?;
            self.push(Step::Unary(Unary::Negate));
            return Ok(());
        }
        if self.take("+") {
            return self.deeper(Self::signed);
        }
        self.atom()?;
        if self.take("**") {
            self.deeper(Self::signed)?;
            self.push(Step::Binary(Binary::Power));
        }
        Ok(())
    }

    fn atom(&mut self) -> Result<(), Unreadable> {
        match self.peek() {
            Some('(') => {
                self.at += 1;
                self.deeper(Self::sum)?;
                self.close()
            }
            Some(c) if c.is_ascii_digit() || c == '.' => self.number(),
            Some(c) if c.is_alphabetic() || c == '_' => self.word(),
            Some(c) => Err(self.wrong(format!("a number, a name or '(' is expected, not '{c}'"))),
            None => Err(self.wrong("it ends where a number, a name or '(' is expected")),
        }
    }

    fn close(&mut self) -> Result<(), Unreadable> {
        if self.take(")") { Ok(()) } else { Err(self.wrong("')' is expected")) }
    }

    fn number(&mut self) -> Result<(), Unreadable> {
        let start = self.at;
        self.take_while(|c| c.is_ascii_digit() || c == '.');
        let mantissa_end = self.at;
        if self.text[self.at..].starts_with(['e', 'E']) {
            self.at += 1;
            if self.text[self.at..].starts_with(['+', '-']) {
                self.at += 1;
            }
            if self.take_while(|c| c.is_ascii_digit()).is_empty() {
                self.at = mantissa_end;
            }
        }
        match self.text[start..self.at].parse::<f64>() {
            Ok(value) if value.is_finite() => {
                self.push(Step::Number(value));
                Ok(())
            }
            _ => {
                let text = &self.text[start..self.at];
                self.at = start;
                Err(self.wrong(format!("'{text}' is no number")))
            }
        }
    }

    fn word(&mut self) -> Result<(), Unreadable> {
        let start = self.at;
        let word = self.take_while(|c| c.is_alphanumeric() || c == '_');
        if self.peek() == Some('(') {
            return self.call(word, start);
        }
        if let Some(constant) = self.vocabulary.constants.iter().find(|constant| constant.is_called(word)) {
            return self.definition(constant, start);
        }
        if let Some(symbol) = wavelength(word) {
            self.formula.wavelengths.push(symbol);
            self.push(Step::Number(f64::NAN));
            return Ok(());
        }
        let fraction = || self.vocabulary.unmixing.output(word).map(Input::Fraction);
        let Some(input) = symbol(word).map(Input::Band).or_else(fraction) else {
            self.at = start;
            return Err(self.wrong(self.unknown(word)));
        };
        let inputs = &mut self.formula.inputs;
        let place = inputs.iter().position(|known| *known == input).unwrap_or_else(|| {
            inputs.push(input);
            inputs.len() - 1
        });
        self.push(Step::Load(place));
        Ok(())
    }

    /// Puts the steps of a constant in its place, as if it stood there in brackets.
    fn definition(&mut self, constant: &Constant, start: usize) -> Result<(), Unreadable> {
        let name: String = constant.name.chars().take(40).collect();
        if self.level == MAX_LEVEL || self.formula.steps.len() > MAX_STEPS {
            self.at = start;
            return Err(self.wrong(format!("the definition of '{name}' leads through too many others, or in a circle")));
        }
        let formula = std::mem::take(&mut self.formula);
        let (vocabulary, level) = (self.vocabulary, self.level + 1);
        let mut inner = Parser { text: &constant.value, at: 0, depth: 0, level, vocabulary, formula };
        let read = inner.whole();
        self.formula = inner.formula;
        read.map_err(|Unreadable { column, reason }| {
            self.at = start;
            self.wrong(format!("its constant {name} cannot be read at character {column}: {reason}"))
        })
    }

    fn unknown(&self, word: &str) -> String {
        let constants = self.vocabulary.constants.iter().map(|constant| constant.name.as_str());
        let known = SYMBOLS.iter().flat_map(|s| [s.text, s.bands[0].name()]).chain(constants.clone());
        let hint = super::nearest(word, known).map(|near| format!(" (did you mean {near}?)")).unwrap_or_default();
        let constants: Vec<&str> = constants.collect();
        let constants = if constants.is_empty() { String::new() } else { format!("; constants are {}", constants.join(" ")) };
        let word: String = word.chars().take(40).collect();
        format!("there is no band or constant '{word}'{hint}; bands are {}{constants}", symbol::list())
    }

    fn call(&mut self, word: &str, start: usize) -> Result<(), Unreadable> {
        let unary = Unary::FUNCTIONS.iter().find(|(name, _)| *name == word).map(|(_, f)| Step::Unary(*f));
        let binary = Binary::FUNCTIONS.iter().find(|(name, _)| *name == word).map(|(_, f)| Step::Binary(*f));
        let Some(function) = unary.or(binary) else {
            self.at = start;
            let names = Unary::FUNCTIONS.iter().map(|(name, _)| *name).chain(Binary::FUNCTIONS.iter().map(|(name, _)| *name));
            let names: Vec<&str> = names.collect();
            return Err(self.wrong(format!("there is no function '{word}'; functions are {}", names.join(" "))));
        };
        self.at += 1;
        self.deeper(Self::sum)?;
        if binary.is_some() {
            if !self.take(",") {
                return Err(self.wrong(format!("{word} takes two values, separated by a comma")));
            }
            self.deeper(Self::sum)?;
        }
        self.close()?;
        self.push(function);
        Ok(())
    }
}
