//! The verbs, one file each.

pub(crate) mod aoi;
mod apart;
pub(crate) mod bench;
pub(crate) mod catalogue;
mod check;
mod coregister;
mod cut;
mod demo;
mod detect;
mod difference;
mod doctor;
mod evaluate;
mod fetch;
mod georeference;
mod height;
mod index;
mod indices;
mod init;
mod item;
mod join;
mod layers;
mod laying;
pub(crate) mod lists;
mod patches;
mod photos;
mod pixels;
mod plan;
mod refine;
mod region;
pub(crate) mod registry;
mod scenes;
mod schema;
mod scored;
mod synth;
pub(crate) mod zonal;

use crate::args::{Arguments, Verb};
use crate::fault::{Exit, Fault};

/// Does what the arguments ask for and gives the exit code.
pub(crate) fn carry_out(arguments: &Arguments) -> Result<Exit, Fault> {
    let common = &arguments.common;
    let report = match &arguments.verb {
        Verb::Init(init) => init::init(init, common),
        Verb::Check(job) => check::check(job, common),
        Verb::Plan(job) => plan::plan(job, common),
        Verb::Run(run) => crate::run::run(run, common),
        Verb::Demo(demo) => demo::demo(demo, common),
        Verb::Synth(synth) => synth::synth(synth, common),
        Verb::Bench(bench) => bench::bench(bench, common),
        Verb::Index(index) => index::index(index, common),
        Verb::Difference(difference) => difference::difference(difference, common),
        Verb::Detect(detect) => detect::detect(detect, common),
        Verb::Coregister(coregister) => coregister::coregister(coregister, common),
        Verb::Georeference(georeference) => georeference::georeference(georeference, common),
        Verb::Patches(patches) => patches::patches(patches, common),
        Verb::Refine(refine) => refine::refine(refine, common),
        Verb::Height(height) => height::height(height, common),
        Verb::Photos(photos) => photos::photos(photos, common),
        Verb::Join(join) => join::join(join, common),
        Verb::Evaluate(evaluate) => evaluate::evaluate(evaluate, common),
        Verb::Fetch(arguments) => fetch::fetch(arguments, common),
        Verb::Registry(registry) => registry::registry(registry, common),
        Verb::Scenes(scenes) => scenes::scenes(scenes, common),
        Verb::Indices(indices) => indices::indices(indices, common),
        Verb::Sensors => lists::sensors(common),
        Verb::Methods(methods) => lists::methods(methods, common),
        Verb::Doctor => doctor::doctor(common),
        Verb::Schema(schema) => schema::schema(schema),
    }?;
    report.show(common)
}
