//! Methods by name, with their parameters.

use change::{
    Bayts, BfastMonitor, CcdcParameters, CusumParameters, Detector, EwmaParameters, IqrParameters, MosumParameters, Nrt, PvtsBeta,
};
use raster::{Date, DateRange, Role};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::args::Detect;
use crate::fault::{Exit, Fault};

/// A method ready for use.
pub(super) struct Method {
    pub(super) detector: Box<dyn Detector>,
    /// All of its parameters, those that were not given too.
    pub(super) parameters: serde_json::Value,
}

impl Method {
    /// The method that the arguments name, for inputs of these roles.
    pub(super) fn new(arguments: &Detect, given: &[Role]) -> Result<Self, Fault> {
        let monitoring = DateRange::new(arguments.monitor_from, arguments.monitor_to.unwrap_or(no_end()))
            .map_err(|error| Fault::usage(format!("--monitor-to: {error}")))?;
        let one = || one(arguments, given);
        match arguments.method.as_str() {
            "bfast-monitor" => Self::of(arguments, |parameters| Ok(BfastMonitor::new(parameters, monitoring, one()?)?)),
            "ewma" => Self::of(arguments, |rule: EwmaParameters| Ok(Nrt::new(rule, monitoring, vec![one()?])?)),
            "cusum" => Self::of(arguments, |rule: CusumParameters| Ok(Nrt::new(rule, monitoring, vec![one()?])?)),
            "mosum" => Self::of(arguments, |rule: MosumParameters| Ok(Nrt::new(rule, monitoring, vec![one()?])?)),
            "iqr" => Self::of(arguments, |rule: IqrParameters| Ok(Nrt::new(rule, monitoring, vec![one()?])?)),
            "ccdc-nrt" => {
                Self::of(arguments, |rule: CcdcParameters| Ok(Nrt::new(rule, monitoring, screened(arguments, given)?)?))
            }
            "bayts" => Self::of(arguments, |parameters| Ok(Bayts::new(parameters, monitoring, given.to_vec())?)),
            "pvts-beta" => Self::of(arguments, |parameters| Ok(PvtsBeta::new(parameters, monitoring, one()?)?)),
            other => {
                let known = change::METHODS.iter().map(|method| method.name).filter(|name| *name != "difference");
                Err(Fault::usage(format!("{other}: no such method; there is {}", known.collect::<Vec<_>>().join(", "))))
            }
        }
    }

    fn of<P, D>(arguments: &Detect, made: impl FnOnce(P) -> Result<D, Fault>) -> Result<Self, Fault>
    where
        P: DeserializeOwned + Serialize,
        D: Detector + 'static,
    {
        let given: P = parameters(arguments)?;
        let parameters = serde_json::to_value(&given).map_err(|error| Fault::from_error(Exit::Internal, error))?;
        Ok(Self { detector: Box::new(made(given)?), parameters })
    }
}

/// The last day of a period that has none.
fn no_end() -> Date {
    Date::from_ymd(9999, 12, 31).expect("a day")
}

/// The last day of a period; `None` where it has no end.
pub(super) fn last_day(period: DateRange) -> Option<Date> {
    Some(period.to()).filter(|to| *to != no_end())
}

/// What is watched, then green and short-wave infrared, by their names; or what is watched alone.
fn screened(arguments: &Detect, given: &[Role]) -> Result<Vec<Role>, Fault> {
    if let [role] = given {
        return Ok(vec![role.clone()]);
    }
    let named = |names: &[&str]| given.iter().find(|role| names.contains(&role.to_string().as_str())).cloned();
    let (green, swir) = (named(&["green"]), named(&["swir", "swir16", "swir1"]));
    let watched = given.iter().find(|role| Some(*role) != green.as_ref() && Some(*role) != swir.as_ref()).cloned();
    match (watched, green, swir) {
        (Some(watched), Some(green), Some(swir)) if given.len() == 3 => Ok(vec![watched, green, swir]),
        _ => Err(Fault::usage(format!("{} takes one input, or ROLE=FILE green=FILE swir=FILE", arguments.method))),
    }
}

/// The role of the one input of a method that watches one.
fn one(arguments: &Detect, given: &[Role]) -> Result<Role, Fault> {
    match given {
        [role] => Ok(role.clone()),
        _ => Err(Fault::usage(format!("{} takes one input, {} were given", arguments.method, given.len()))),
    }
}

/// The parameters `-p key=value`; a value is a number, true or false, or else a text.
fn parameters<T: DeserializeOwned>(arguments: &Detect) -> Result<T, Fault> {
    let mut table = toml::Table::new();
    for text in &arguments.parameters {
        let Some((key, value)) = text.split_once('=') else {
            return Err(Fault::usage(format!("-p {text}: expected key=value")));
        };
        let read = |text: &str| text.parse::<toml::Value>().ok().filter(|value| !value.is_str());
        let value = read(value).unwrap_or_else(|| toml::Value::String(value.to_owned()));
        if table.insert(key.to_owned(), value).is_some() {
            return Err(Fault::usage(format!("-p {key}: given twice")));
        }
    }
    let read = |table: toml::Table| table.try_into::<T>();
    read(table.clone()).map_err(|error| {
        // The one without which the others can be read.
        let without = |key: &String| {
            let mut others = table.clone();
            others.remove(key);
            read(others).is_ok()
        };
        let place = table.keys().find(|key| without(key)).map(|key| format!(" -p {key}:")).unwrap_or_default();
        Fault::usage(format!("{}:{place} {}", arguments.method, error.message()))
    })
}
