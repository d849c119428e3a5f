//! Methods by name, with their parameters.

use change::{
    Bayts, BaytsParameters, BfastMonitor, BfastMonitorParameters, CcdcParameters, CusumParameters, Detector, EwmaParameters,
    IqrParameters, MosumParameters, Nrt, Rule,
};
use raster::{Date, DateRange, Role};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::args::Detect;
use crate::fault::{Exit, Fault};

/// The method that the arguments name.
pub(super) fn detector(arguments: &Detect, given: &[Role]) -> Result<Box<dyn Detector>, Fault> {
    let last = Date::from_ymd(9999, 12, 31).expect("a day");
    let monitoring = DateRange::new(arguments.monitor_from, arguments.monitor_to.unwrap_or(last))
        .map_err(|error| Fault::usage(format!("--monitor-to: {error}")))?;
    match arguments.method.as_str() {
        "bfast-monitor" => Ok(Box::new(BfastMonitor::new(parameters(arguments)?, monitoring, one(arguments, given)?)?)),
        "ewma" => nrt(parameters::<EwmaParameters>(arguments)?, monitoring, vec![one(arguments, given)?]),
        "cusum" => nrt(parameters::<CusumParameters>(arguments)?, monitoring, vec![one(arguments, given)?]),
        "mosum" => nrt(parameters::<MosumParameters>(arguments)?, monitoring, vec![one(arguments, given)?]),
        "iqr" => nrt(parameters::<IqrParameters>(arguments)?, monitoring, vec![one(arguments, given)?]),
        "ccdc-nrt" => nrt(parameters::<CcdcParameters>(arguments)?, monitoring, screened(arguments, given)?),
        "bayts" => Ok(Box::new(Bayts::new(parameters(arguments)?, monitoring, given.to_vec())?)),
        other => {
            let known = change::METHODS.iter().map(|method| method.name).filter(|name| *name != "difference");
            Err(Fault::usage(format!("{other}: no such method; there is {}", known.collect::<Vec<_>>().join(", "))))
        }
    }
}

/// All parameters of the method that the arguments name, those that were not given too.
pub(super) fn all_parameters(arguments: &Detect) -> Result<serde_json::Value, Fault> {
    let told = match arguments.method.as_str() {
        "bfast-monitor" => serde_json::to_value(parameters::<BfastMonitorParameters>(arguments)?),
        "ewma" => serde_json::to_value(parameters::<EwmaParameters>(arguments)?),
        "cusum" => serde_json::to_value(parameters::<CusumParameters>(arguments)?),
        "mosum" => serde_json::to_value(parameters::<MosumParameters>(arguments)?),
        "iqr" => serde_json::to_value(parameters::<IqrParameters>(arguments)?),
        "ccdc-nrt" => serde_json::to_value(parameters::<CcdcParameters>(arguments)?),
        _ => serde_json::to_value(parameters::<BaytsParameters>(arguments)?),
    };
    told.map_err(|error| Fault::from_error(Exit::Internal, error))
}

fn nrt<R: Rule + 'static>(rule: R, monitoring: DateRange, roles: Vec<Role>) -> Result<Box<dyn Detector>, Fault> {
    Ok(Box::new(Nrt::new(rule, monitoring, roles)?))
}

/// What is watched, then green and short-wave infrared, by their names.
fn screened(arguments: &Detect, given: &[Role]) -> Result<Vec<Role>, Fault> {
    let named = |names: &[&str]| given.iter().find(|role| names.contains(&role.to_string().as_str())).cloned();
    let (green, swir) = (named(&["green"]), named(&["swir", "swir16", "swir1"]));
    let watched = given.iter().find(|role| Some(*role) != green.as_ref() && Some(*role) != swir.as_ref()).cloned();
    match (watched, green, swir) {
        (Some(watched), Some(green), Some(swir)) if given.len() == 3 => Ok(vec![watched, green, swir]),
        _ => Err(Fault::usage(format!("{} takes ROLE=FILE green=FILE swir=FILE", arguments.method))),
    }
}

/// The role of the one input of a method that watches one.
fn one(arguments: &Detect, given: &[Role]) -> Result<Role, Fault> {
    match given {
        [role] => Ok(role.clone()),
        _ => Err(Fault::usage(format!("{} takes one input, {} were given", arguments.method, given.len()))),
    }
}

/// The parameters of the method that the arguments name, defaults as well.
pub(super) fn told(arguments: &Detect) -> Result<serde_json::Value, Fault> {
    fn of<T: DeserializeOwned + Serialize>(arguments: &Detect) -> Result<serde_json::Value, Fault> {
        let wrong = |error| Fault::from_error(Exit::Internal, error);
        serde_json::to_value(parameters::<T>(arguments)?).map_err(wrong)
    }
    match arguments.method.as_str() {
        "bfast-monitor" => of::<BfastMonitorParameters>(arguments),
        "ewma" => of::<EwmaParameters>(arguments),
        "cusum" => of::<CusumParameters>(arguments),
        "mosum" => of::<MosumParameters>(arguments),
        "iqr" => of::<IqrParameters>(arguments),
        "ccdc-nrt" => of::<CcdcParameters>(arguments),
        "bayts" => of::<BaytsParameters>(arguments),
        _ => Ok(serde_json::Value::Null),
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
