//! The tables that a join writes.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use alert::{AlertSink as _, Features, Layer};
use geo_types::Geometry;
use geoio::sink::{FileSink, SinkOptions};
use pipeline::{Budget, map_in_order};
use raster::Crs;
use registry::{Linked, RegistrySource, Statistics};

use crate::args::Join;
use crate::fault::Fault;
use crate::report::Report;
use crate::rules::Judged;
use crate::verb::zonal::statistics_columns;

/// What is known of the features once they are joined.
pub(super) struct Tables<'a> {
    pub(super) features: &'a Layer,
    /// The plane that they stand in; longitude and latitude where there is none.
    pub(super) plane: Option<&'a Crs>,
    pub(super) ids: &'a [String],
    pub(super) linked: &'a Linked<'a>,
    pub(super) registries: &'a [(RegistrySource, Layer)],
    pub(super) statistics: &'a [(usize, Vec<Statistics>)],
    pub(super) judged: Option<&'a Judged>,
}

impl Tables<'_> {
    /// Writes what the arguments ask for; gives the rows of the table that was joined.
    pub(super) fn write(
        &self,
        arguments: &Join,
        options: &SinkOptions,
        budget: &Budget,
        report: &mut Report,
    ) -> Result<usize, Fault> {
        let sink = FileSink::new(&arguments.out, options.clone())?;
        if let Some(path) = &arguments.totals {
            write_totals(path, &self.wide()?, arguments, options)?;
            report.output(path);
        }
        let rows = if arguments.wide {
            let mut table = self.wide()?;
            for column in self.judged.iter().flat_map(|judged| &judged.columns) {
                table = table.with(&column.name, column.values.clone())?;
            }
            sink.write(&table)?;
            table.len()
        } else {
            self.write_long(sink, budget)?
        };
        if let (Some(path), Some(judged)) = (&arguments.elements, self.judged) {
            geoio::sink::write(path, &judged.elements, options)?;
            report.output(path);
        }
        report.output(&arguments.out);
        Ok(rows)
    }

    /// One row a feature: its own columns, those of the sources, then the statistics of rasters.
    fn wide(&self) -> Result<Features, Fault> {
        let mut table = self.features.features.clone();
        if let Some(plane) = self.plane {
            table.geometries = geoio::layer::to_lonlat(&table.geometries, plane)?;
        }
        for column in self.linked.wide()? {
            table = table.with(&column.name, column.values)?;
        }
        for (source, of) in self.statistics {
            for column in statistics_columns(&self.registries[*source].0.id, of) {
                table = table.with(&column.name, column.values)?;
            }
        }
        Ok(table)
    }

    /// Writes one row a hit, part by part, with the geometry of the feature where the format is one of places; gives how many rows.
    fn write_long(&self, sink: FileSink, budget: &Budget) -> Result<usize, Fault> {
        let given = &self.features.features.geometries;
        let own = match self.plane {
            _ if !sink.is_spatial() => None,
            Some(plane) => Some(geoio::layer::to_lonlat(given, plane)?),
            None => Some(given.clone()),
        };
        let runs = self.linked.runs(ROWS);
        let mut out = sink.parts()?;
        let mut rows = 0;
        map_in_order(
            &runs,
            budget,
            budget.in_flight(1 << 24),
            || Ok::<_, Fault>(()),
            |(), run| self.long(own.as_deref(), run.clone()),
            |part| {
                rows += part.len();
                Ok(out.append(part)?)
            },
        )?;
        out.finish()?;
        Ok(rows)
    }

    /// One row a hit of a run of features, with the geometry of each where there is any.
    fn long(&self, geometries: Option<&[Option<Geometry<f64>>]>, run: Range<usize>) -> Result<Features, Fault> {
        let columns = self.linked.long(run.clone())?;
        let rows = columns.first().map_or(0, |column| column.values.len());
        let mut table = Features { name: "links".to_owned(), geometries: vec![None; rows], columns };
        if let Some(geometries) = geometries {
            let place: HashMap<&str, usize> = run.map(|i| (self.ids[i].as_str(), i)).collect();
            let of = table.text("id").unwrap_or_default();
            let own = of.iter().map(|id| place.get(id.as_deref()?).and_then(|&i| geometries[i].clone())).collect();
            table.geometries = own;
        }
        Ok(table)
    }
}

/// Rows that are put together at once.
const ROWS: usize = 1 << 15;

/// Writes totals of the wide table by some of its columns.
fn write_totals(path: &Path, whole: &Features, arguments: &Join, options: &SinkOptions) -> Result<(), Fault> {
    let columns = registry::totals(whole, &arguments.by)?;
    let rows = columns.first().map_or(0, |column| column.values.len());
    Ok(geoio::sink::write(path, &Features { name: "totals".to_owned(), geometries: vec![None; rows], columns }, options)?)
}
