use raster::Band;

use super::program::{Binary, Unary};

/// Brackets, powers and signs within each other; deeper formulas are refused before they can exhaust the stack.
const MAX_DEPTH: usize = 64;

/// A band symbol of the Awesome Spectral Indices and the bands it stands for, the preferred one first.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Symbol {
    /// As formulas write it.
    pub(super) text: &'static str,
    /// Bands, by preference; the name of the first is understood as well.
    pub(super) bands: &'static [Band],
}

pub(super) const SYMBOLS: [Symbol; 14] = [
    Symbol { text: "A", bands: &[Band::Coastal] },
    Symbol { text: "B", bands: &[Band::Blue] },
    Symbol { text: "G", bands: &[Band::Green] },
    Symbol { text: "R", bands: &[Band::Red] },
    Symbol { text: "RE1", bands: &[Band::Rededge071] },
    Symbol { text: "RE2", bands: &[Band::Rededge075] },
    Symbol { text: "RE3", bands: &[Band::Rededge078] },
    Symbol { text: "N", bands: &[Band::Nir, Band::Nir08] },
    Symbol { text: "N2", bands: &[Band::Nir08] },
    Symbol { text: "WV", bands: &[Band::Nir09] },
    Symbol { text: "S1", bands: &[Band::Swir16] },
    Symbol { text: "S2", bands: &[Band::Swir22] },
    Symbol { text: "VV", bands: &[Band::Vv] },
    Symbol { text: "VH", bands: &[Band::Vh] },
];

/// The symbol that a word of a formula means: its own letters, or the band's name in any letters.
pub(super) fn symbol(word: &str) -> Option<&'static Symbol> {
    SYMBOLS.iter().find(|s| s.text == word).or_else(|| SYMBOLS.iter().find(|s| s.bands[0].name().eq_ignore_ascii_case(word)))
}

/// One step of a formula in postfix order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Step {
    /// A number.
    Number(f64),
    /// The symbol at this place of [`Formula::symbols`].
    Load(usize),
    /// Replaces the last value.
    Unary(Unary),
    /// Replaces the last two values.
    Binary(Binary),
}

/// A formula in postfix order, with the symbols it uses in the order of their first use.
#[derive(Debug, Clone)]
pub(super) struct Formula {
    pub(super) steps: Vec<Step>,
    pub(super) symbols: Vec<&'static Symbol>,
}

/// Why a formula cannot be read, and where (counted in characters from 1).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Unreadable {
    pub(super) column: usize,
    pub(super) reason: String,
}

impl Formula {
    /// Reads numbers, names, `+ - * / **`, brackets and functions; powers bind as in Python (`-x**2` is `-(x**2)`).
    pub(super) fn parse(text: &str, constants: &[(String, f64)]) -> Result<Self, Unreadable> {
        let mut parser = Parser { text, at: 0, depth: 0, constants, formula: Self { steps: Vec::new(), symbols: Vec::new() } };
        parser.sum()?;
        if let Some(c) = parser.peek() {
            return Err(match c {
                '^' => parser.wrong("powers are written **, not ^"),
                _ => parser.wrong(format!("'{c}' is not expected here")),
            });
        }
        if parser.formula.symbols.is_empty() {
            parser.at = 0;
            return Err(parser.wrong(format!("it uses no band; bands are {}", symbol_list())));
        }
        Ok(parser.formula)
    }
}

fn symbol_list() -> String {
    SYMBOLS.map(|s| s.text).join(" ")
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    constants: &'a [(String, f64)],
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
        if let Some((_, value)) = self.constants.iter().find(|(name, _)| name == word) {
            self.push(Step::Number(*value));
            return Ok(());
        }
        let Some(symbol) = symbol(word) else {
            self.at = start;
            return Err(self.wrong(self.unknown(word)));
        };
        let symbols = &mut self.formula.symbols;
        let place = symbols.iter().position(|s| *s == symbol).unwrap_or_else(|| {
            symbols.push(symbol);
            symbols.len() - 1
        });
        self.push(Step::Load(place));
        Ok(())
    }

    fn unknown(&self, word: &str) -> String {
        let constants = self.constants.iter().map(|(name, _)| name.as_str());
        let known = SYMBOLS.iter().flat_map(|s| [s.text, s.bands[0].name()]).chain(constants.clone());
        let hint = super::nearest(word, known).map(|near| format!(" (did you mean {near}?)")).unwrap_or_default();
        let constants: Vec<&str> = constants.collect();
        let constants = if constants.is_empty() { String::new() } else { format!("; constants are {}", constants.join(" ")) };
        let word: String = word.chars().take(40).collect();
        format!("there is no band or constant '{word}'{hint}; bands are {}{constants}", symbol_list())
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
