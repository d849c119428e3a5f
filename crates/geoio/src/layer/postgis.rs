use gdal::Dataset;
use gdal::vector::sql::Dialect;
use gdal::vector::{Feature, LayerAccess as _};

use super::notice::Notices;
use super::ogr::{self, Stored};
use super::{LayerError, LayerOptions};
use crate::complaint;
use crate::crs::crs;
use crate::location::{Connection, Location};
use crate::open::open_database;

/// Reads a table or view of a database: every column as the server writes it as text, so that no digit is lost.
pub(super) fn read(connection: &Connection, options: &LayerOptions, notices: &mut Notices) -> Result<Stored, LayerError> {
    let path = Location::Database(connection.clone()).told();
    let Some(name) = &options.layer else {
        let message = "a database holds many tables; name one, such as layer = \"public.parcels\"".to_owned();
        return Err(LayerError::Table { path, message });
    };
    let dataset = open_database(connection, false)?;
    let failed = |reason: String| LayerError::Query { path: path.clone(), layer: name.clone(), reason };
    let columns = columns(&dataset, name).map_err(failed)?;
    if columns.is_empty() {
        return Err(LayerError::NoTable { path, layer: name.clone() });
    }
    let statement = statement(name, &columns);
    let result = complaint::watch(|| dataset.execute_sql(&statement, None, Dialect::DEFAULT));
    let mut result = result.map_err(failed)?.ok_or_else(|| failed("the table cannot be read".to_owned()))?;
    let stored = ogr::stored(&mut *result, &path, name, notices)?;
    drop(result);
    let systems = systems(&dataset, name, &columns).map_err(failed)?;
    let crs = match systems.as_slice() {
        [] => stored.crs,
        [0] => None,
        // A server's own list of systems may be older than the system: Colombia's 9377 is not in that of PostGIS 3.3.
        [number] => stored.crs.or(crs(&format!("EPSG:{number}")).ok()),
        several => return Err(failed(format!("its geometries are in several systems ({several:?}); make a view of each"))),
    };
    Ok(Stored { crs, ..stored })
}

/// The numbers of the systems in which the geometries of a table are; 0 where they state none.
fn systems(dataset: &Dataset, table: &str, columns: &[Column]) -> Result<Vec<i32>, String> {
    let Some(column) = columns.iter().find(|column| column.is_geometry()) else { return Ok(Vec::new()) };
    let name = quoted(&column.name);
    let query = format!(
        "SELECT DISTINCT ST_SRID({name}::geometry)::int AS srid FROM {} WHERE {name} IS NOT NULL ORDER BY 1",
        qualified(table)
    );
    complaint::watch(|| {
        let Some(mut result) = dataset.execute_sql(&query, None, Dialect::DEFAULT)? else { return Ok(Vec::new()) };
        result.features().map(|row| Ok(row.field_as_integer(0)?.unwrap_or_default())).collect()
    })
}

/// A column of a table.
struct Column {
    name: String,
    kind: String,
}

impl Column {
    fn is_geometry(&self) -> bool {
        matches!(self.kind.as_str(), "geometry" | "geography")
    }
}

fn columns(dataset: &Dataset, table: &str) -> Result<Vec<Column>, String> {
    let wanted = qualified(table).replace('\'', "''");
    let query = format!(
        "SELECT a.attname::text AS name, t.typname::text AS kind FROM pg_catalog.pg_attribute a \
         JOIN pg_catalog.pg_type t ON a.atttypid = t.oid \
         WHERE a.attrelid = to_regclass('{wanted}') AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
    );
    complaint::watch(|| {
        let Some(mut result) = dataset.execute_sql(&query, None, Dialect::DEFAULT)? else { return Ok(Vec::new()) };
        let text = |row: &Feature, field| row.field_as_string(field).map(Option::unwrap_or_default);
        result.features().map(|row| Ok(Column { name: text(&row, 0)?, kind: text(&row, 1)? })).collect()
    })
}

/// Reads the first geometry as it is and everything else as text.
fn statement(table: &str, columns: &[Column]) -> String {
    let mut spatial = false;
    let parts: Vec<String> = columns
        .iter()
        .filter_map(|column| {
            let name = quoted(&column.name);
            match (column.is_geometry(), spatial) {
                (false, _) => Some(format!("{name}::text AS {name}")),
                (true, true) => None,
                (true, false) => {
                    spatial = true;
                    Some(format!("{name}::geometry AS {name}"))
                }
            }
        })
        .collect();
    format!("SELECT {} FROM {}", parts.join(", "), qualified(table))
}

/// `schema.table` as identifiers; a name without a schema is looked for where the server looks.
fn qualified(table: &str) -> String {
    match table.split_once('.') {
        Some((schema, table)) => format!("{}.{}", quoted(schema), quoted(table)),
        None => quoted(table),
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_end_the_statement() {
        let columns = [Column { name: "a\"b".to_owned(), kind: "text".to_owned() }];
        assert_eq!(statement("s.t\"; DROP", &columns), r#"SELECT "a""b"::text AS "a""b" FROM "s"."t""; DROP""#);
    }
}
