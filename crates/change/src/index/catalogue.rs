use std::sync::Arc;

use raster::Sensor;

use super::constant::{self, Constant, Parameter};
use super::published::Published;
use super::symbol::wavelength;
use super::{Direction, SpectralIndex, nearest};
use crate::ChangeError;
use crate::unmixing::Unmixing;

/// Records of this program, which stand before those of the list.
const OWN: &str = include_str!("data/own.tsv");

/// The Awesome Spectral Indices.
const LIST: &str = include_str!("data/catalogue.tsv");

/// The way in which clearing moves an index, which no list tells.
const DIRECTIONS: [(&str, Direction); 23] = [
    ("NDVI", Direction::Fall),
    ("EVI", Direction::Fall),
    ("EVI2", Direction::Fall),
    ("SAVI", Direction::Fall),
    ("MSAVI", Direction::Fall),
    ("GNDVI", Direction::Fall),
    ("NDMI", Direction::Fall),
    ("NBR", Direction::Fall),
    ("NBR2", Direction::Fall),
    ("NDWI", Direction::Rise),
    ("MNDWI", Direction::Rise),
    ("kNDVI", Direction::Fall),
    ("NDBI", Direction::Rise),
    ("CIG", Direction::Fall),
    ("BSI", Direction::Rise),
    ("BI", Direction::Rise),
    ("NDFI", Direction::Fall),
    ("GV", Direction::Fall),
    ("Soil", Direction::Rise),
    ("VARI", Direction::Fall),
    ("GLI", Direction::Fall),
    ("ExG", Direction::Fall),
    ("TGI", Direction::Fall),
];

/// An index as it was published.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Its name.
    pub name: String,
    /// What it is for: vegetation, water, burn, ..
    pub domain: String,
    /// Its formula.
    pub formula: String,
    /// Its long name.
    pub title: String,
    /// Where it was published.
    pub reference: String,
    /// The way in which clearing moves it, where that is known.
    pub direction: Option<Direction>,
    /// Constants that are others than the list's defaults.
    own: Vec<Constant>,
    unmixing: Option<Arc<Unmixing>>,
}

/// Indices by name: the user's own list before the built-in ones. Nothing is read before it is asked for.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    own: Vec<Record>,
    unmixing: Option<Arc<Unmixing>>,
}

impl Catalogue {
    /// The built-in indices.
    pub fn built_in() -> Self {
        Self::default()
    }

    /// The same catalogue with the indices of a published list before those that it has.
    ///
    /// An index of the same name and formula as a built-in one is that one, with what is known of it.
    #[must_use]
    pub fn with(mut self, list: Published) -> Self {
        self.own = list.into_records();
        for record in &mut self.own {
            let same = |other: &Record| other.name == record.name && squeezed(&other.formula) == squeezed(&record.formula);
            if let Some(known) = built_in().find(same) {
                record.direction = known.direction;
                record.own = known.own;
            }
        }
        self
    }

    /// The same catalogue with fractions of other endmembers.
    #[must_use]
    pub fn with_endmembers(self, unmixing: Unmixing) -> Self {
        Self { unmixing: Some(Arc::new(unmixing)), ..self }
    }

    /// Every index, the user's own first; built-in ones of the same name are left out.
    pub fn records(&self) -> impl Iterator<Item = Record> + '_ {
        let is_new = |record: &Record| !self.own.iter().any(|own| own.name == record.name);
        self.own
            .iter()
            .cloned()
            .chain(self.fractions())
            .chain(built_in().filter(is_new))
            .map(|record| self.with_fractions(record))
    }

    /// An index by its name: as it is written, else in any letters.
    ///
    /// # Errors
    /// [`ChangeError::UnknownIndex`] with the nearest name, or with the names that differ in the case of their letters only.
    pub fn find(&self, name: &str) -> Result<Record, ChangeError> {
        let built_in: Vec<Record> = all_rows().filter(|row| row[0].eq_ignore_ascii_case(name)).map(record).collect();
        let fractions: Vec<Record> = self.fractions().collect();
        for records in [&self.own, &fractions, &built_in] {
            if let Some(record) = among(records, name)? {
                return Ok(self.with_fractions(record.clone()));
            }
        }
        let all: Vec<String> =
            self.own.iter().map(|record| record.name.clone()).chain(all_rows().map(|row| row[0].to_owned())).collect();
        let hint =
            nearest(name, all.iter().map(String::as_str)).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        Err(ChangeError::UnknownIndex { name: name.to_owned(), hint })
    }

    /// An index by its formula, see [`SpectralIndex::new`]; fractions are those of this catalogue's endmembers.
    ///
    /// # Errors
    /// As [`SpectralIndex::new`].
    pub fn formula(
        &self,
        name: &str,
        formula: &str,
        constants: &[Constant],
        direction: Option<Direction>,
    ) -> Result<SpectralIndex, ChangeError> {
        let unmixing = self.unmixing.clone().unwrap_or_else(Unmixing::souza);
        SpectralIndex::read(name, formula, constants, direction, &unmixing)
    }

    /// Fractions of the user's own endmembers.
    fn fractions(&self) -> impl Iterator<Item = Record> + '_ {
        let outputs = self.unmixing.iter().flat_map(|unmixing| unmixing.outputs());
        outputs.map(|name| Record {
            name: name.clone(),
            domain: "unmixing".to_owned(),
            formula: name.clone(),
            title: format!("Fraction of {name}"),
            reference: String::new(),
            direction: direction(name),
            own: Vec::new(),
            unmixing: None,
        })
    }

    fn with_fractions(&self, record: Record) -> Record {
        Record { unmixing: self.unmixing.clone(), ..record }
    }
}

impl Record {
    /// The constants that its formula uses, with those that its constants are made of.
    pub fn parameters(&self) -> Vec<Parameter> {
        let mut parameters: Vec<Parameter> = Vec::new();
        let mut add = |words: Vec<&str>| {
            let mut new = Vec::new();
            for word in words {
                if let Some(mut parameter) = Parameter::known(word).filter(|new| !parameters.iter().any(|p| p.name == new.name)) {
                    if let Some(own) = self.own.iter().find(|own| own.is_called(word)) {
                        parameter.default = Some(own.value.clone());
                    }
                    new.push(parameter.clone());
                    parameters.push(parameter);
                }
            }
            new
        };
        let mut new = add(constant::words(&self.formula));
        while !new.is_empty() {
            let defaults: Vec<Parameter> = std::mem::take(&mut new);
            new.extend(defaults.iter().filter_map(|p| p.default.as_deref()).flat_map(|default| add(constant::words(default))));
        }
        parameters
    }

    /// The index, with constants `given` in place of the defaults.
    ///
    /// # Errors
    /// [`ChangeError::Constant`] for one that it does not use, or needs and is not given; a formula that cannot be read.
    pub fn index(&self, given: &[Constant]) -> Result<SpectralIndex, ChangeError> {
        let parameters = self.parameters();
        let wrong = |constant: &str, reason: String| {
            Err(ChangeError::Constant { index: self.name.clone(), constant: constant.to_owned(), reason })
        };
        if let Some(constant) = given.iter().find(|given| !parameters.iter().any(|p| given.is_called(&p.name))) {
            let names: Vec<&str> = parameters.iter().map(|p| p.name.as_str()).collect();
            let has = if names.is_empty() { "it has none".to_owned() } else { format!("it has {}", names.join(" ")) };
            return wrong(&constant.name, format!("{} has no such constant: {has}", self.formula));
        }
        let mut constants = Vec::new();
        for Parameter { name, default, meaning } in parameters {
            let own = given.iter().rfind(|given| given.is_called(&name)).map(|given| given.value.clone());
            match own.or(default) {
                Some(value) => constants.push(Constant { name, value }),
                None if wavelength(&name).is_some() => {}
                None => return wrong(&name, format!("it has no default ({meaning}): give {name}=VALUE")),
            }
        }
        let unmixing = self.unmixing.clone().unwrap_or_else(Unmixing::souza);
        let index = SpectralIndex::read(&self.name, &self.formula, &constants, self.direction, &unmixing)?;
        Ok(index.described(&self.title, &self.reference))
    }

    /// What its formula reads, by symbols such as `N`; fractions stand for the bands of their unmixing.
    ///
    /// # Errors
    /// A formula that cannot be read.
    pub fn bands(&self) -> Result<Vec<&'static str>, ChangeError> {
        Ok(self.with_any_constants()?.symbols().collect())
    }

    /// Whether the table of a sensor has every band that it reads.
    pub fn fits(&self, sensor: &Sensor) -> bool {
        self.with_any_constants().is_ok_and(|index| index.fits(sensor))
    }

    /// The index with some number in the place of each constant that has no default.
    fn with_any_constants(&self) -> Result<SpectralIndex, ChangeError> {
        let number = |p: Parameter| Constant { value: p.default.unwrap_or_else(|| "1".to_owned()), name: p.name };
        let constants: Vec<Constant> = self.parameters().into_iter().map(number).collect();
        let unmixing = self.unmixing.clone().unwrap_or_else(Unmixing::souza);
        SpectralIndex::read(&self.name, &self.formula, &constants, self.direction, &unmixing)
    }

    pub(super) fn published(name: String, domain: String, formula: String, title: String, reference: String) -> Self {
        Self { name, domain, formula, title, reference, direction: None, own: Vec::new(), unmixing: None }
    }
}

/// The one that is called so, as it is written or else in any letters.
fn among<'a>(records: &'a [Record], name: &str) -> Result<Option<&'a Record>, ChangeError> {
    if let Some(record) = records.iter().find(|record| record.name == name) {
        return Ok(Some(record));
    }
    let alike: Vec<&Record> = records.iter().filter(|record| record.name.eq_ignore_ascii_case(name)).collect();
    if alike.len() > 1 {
        let names: Vec<&str> = alike.iter().map(|record| record.name.as_str()).collect();
        return Err(ChangeError::UnknownIndex {
            name: name.to_owned(),
            hint: format!("; there are {}: write one of them so", names.join(" and ")),
        });
    }
    Ok(alike.first().copied())
}

/// Rows of a built-in table: name, domain, formula, constants, title, reference.
fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect())
}

/// Every built-in row, once: this program's before the list's of the same name.
fn all_rows() -> impl Iterator<Item = Vec<&'static str>> {
    let own: Vec<&str> = rows(OWN).map(|row| row[0]).collect();
    rows(OWN).chain(rows(LIST).filter(move |row| !own.contains(&row[0])))
}

fn built_in() -> impl Iterator<Item = Record> {
    all_rows().map(record)
}

fn record(row: Vec<&'static str>) -> Record {
    let text = |place: usize| row.get(place).copied().unwrap_or_default().to_owned();
    let own = row.get(3).copied().unwrap_or_default().split(';').filter_map(|constant| constant.parse().ok()).collect();
    let [name, domain, formula, title, reference] = [0, 1, 2, 4, 5].map(text);
    Record { direction: direction(&name), own, ..Record::published(name, domain, formula, title, reference) }
}

fn direction(name: &str) -> Option<Direction> {
    DIRECTIONS.iter().find(|(known, _)| *known == name).map(|(_, direction)| *direction)
}

fn squeezed(formula: &str) -> String {
    formula.split_whitespace().collect()
}
