use crate::source::RegistrySource;

/// A field that a record names and its layer may have under another name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// Which entry of the record names it, such as `key` or `columns.name`.
    pub role: String,
    /// The field it names.
    pub wanted: String,
    /// The field of the layer that it may be; `None` where none comes near.
    pub found: Option<String>,
}

/// How like two names must be to be taken for one (Jaro-Winkler, 0 to 1).
const LIKENESS: f64 = 0.86;

/// Characters that a shapefile keeps of a name.
const SHAPEFILE: usize = 10;

/// For each field that a record names and the layer lacks, the field it may be: the same but for case, accents and separators, the
/// same cut to the ten characters of a shapefile, or the most alike.
pub fn suggestions(source: &RegistrySource, fields: &[&str]) -> Vec<Suggestion> {
    let lacking = source.fields().into_iter().filter(|(_, wanted)| !fields.contains(wanted));
    lacking
        .map(|(role, wanted)| Suggestion { role, wanted: wanted.to_owned(), found: nearest(wanted, fields).map(str::to_owned) })
        .collect()
}

fn nearest<'a>(wanted: &str, fields: &[&'a str]) -> Option<&'a str> {
    let plain_wanted = plain(wanted);
    let likeness = |field: &str| {
        let plain_field = plain(field);
        match () {
            () if plain_field == plain_wanted => 2.0,
            () if is_cut(wanted, field) || is_cut(field, wanted) => 1.5,
            () => strsim::jaro_winkler(&plain_field, &plain_wanted),
        }
    };
    let best = fields.iter().map(|field| (likeness(field), *field)).max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))?;
    (best.0 >= LIKENESS).then_some(best.1)
}

/// Whether `short` is `long` as a shapefile keeps it.
fn is_cut(long: &str, short: &str) -> bool {
    let head: String = long.chars().take(SHAPEFILE).collect();
    long.chars().count() > SHAPEFILE && plain(&head) == plain(short)
}

/// A name without case, accents and separators.
fn plain(name: &str) -> String {
    let bare = |c: char| match c {
        'á' => 'a',
        'é' => 'e',
        'í' => 'i',
        'ó' => 'o',
        'ú' | 'ü' => 'u',
        'ñ' => 'n',
        other => other,
    };
    name.to_lowercase().chars().map(bare).filter(|c| c.is_alphanumeric()).collect()
}

/// The entries of a record that suggestions would change, as TOML lines; `#` before what nothing comes near.
pub fn suggested_lines(source: &RegistrySource, suggestions: &[Suggestion]) -> Vec<String> {
    let mut lines = vec![format!("[[source]]  # {}", source.id)];
    for Suggestion { role, wanted, found } in suggestions {
        lines.push(match found {
            Some(found) => format!("{role} = {found:?}  # instead of {wanted:?}"),
            None => format!("# {role}: no field is like {wanted:?}"),
        });
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Catalogue;

    #[test]
    fn a_renamed_cut_or_accented_field_is_found_and_a_strange_one_is_not() {
        let text = "[[source]]\nid = \"runap\"\ntitle = { es = \"R\", en = \"R\" }\nauthority = \"PNN\"\npath = \"r.shp\"\nkey = \"ap_id\"\n\
                    name = \"AP_Nombre\"\ncolumns = { categoria = \"ap_categoria\", \"año\" = \"AÑO\", acto = \"resolucion\" }\nprivacy = \"public\"\n";
        let source = Catalogue::parse(text).expect("a catalogue").sources.remove(0);
        let fields = ["AP_ID", "ap_nombre", "ap_categor", "ano", "shape_area"];
        let found: Vec<(String, Option<String>)> =
            suggestions(&source, &fields).into_iter().map(|suggestion| (suggestion.role, suggestion.found)).collect();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            found,
            [
                ("key".to_owned(), some("AP_ID")),
                ("name".to_owned(), some("ap_nombre")),
                ("columns.acto".to_owned(), None),
                ("columns.año".to_owned(), some("ano")),
                ("columns.categoria".to_owned(), some("ap_categor")),
            ]
        );
    }
}
