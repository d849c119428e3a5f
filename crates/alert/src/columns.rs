/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// Whole numbers.
    Integer,
    /// Numbers.
    Real,
    /// Days, ISO 8601.
    Day,
}

/// One column of the table of alerts.
#[derive(Debug, Clone, Copy)]
pub struct ColumnDescription {
    /// Name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Unit, where it has one.
    pub unit: Option<&'static str>,
    /// When it is null; `None` where it never is.
    pub null: Option<&'static str>,
    /// Whether alerts that an earlier program wrote under the same version of the schema may lack it.
    pub optional: bool,
    /// Title in Spanish.
    pub title_es: &'static str,
    /// Title in English.
    pub title_en: &'static str,
    /// What it says.
    pub description: &'static str,
}

const fn column(name: &'static str, kind: Kind, titles: (&'static str, &'static str), says: &'static str) -> ColumnDescription {
    ColumnDescription {
        name,
        kind,
        unit: None,
        null: None,
        optional: false,
        title_es: titles.0,
        title_en: titles.1,
        description: says,
    }
}

impl ColumnDescription {
    const fn unit(self, unit: &'static str) -> Self {
        Self { unit: Some(unit), ..self }
    }

    const fn null(self, when: &'static str) -> Self {
        Self { null: Some(when), ..self }
    }

    const fn optional(self) -> Self {
        Self { optional: true, ..self }
    }
}

/// The columns of the table of alerts, in order. Columns of registries, `<source>_<column>`, come after them.
pub const ALERT_COLUMNS: [ColumnDescription; 26] = [
    column(
        "id",
        Kind::Text,
        ("Identificador", "Id"),
        "Stable id: day first seen and a hash of place, index and method. It does not depend on the area of interest.",
    ),
    column("schema", Kind::Text, ("Esquema", "Schema"), "Version of this table's schema."),
    column("run", Kind::Text, ("Ejecución", "Run"), "Id of the run that made the alert."),
    column("state", Kind::Text, ("Estado", "State"), "provisional while confidence is low, confirmed once it is high."),
    column(
        "confidence",
        Kind::Text,
        ("Confianza", "Confidence"),
        "low: flagged; high: confirmed on at least half of the pixels.",
    ),
    column(
        "date_before",
        Kind::Day,
        ("Última fecha sin cambio", "Last day unchanged"),
        "Smallest of the pixels' last days seen unchanged; the change began after it. Of the confirmed pixels where confidence is high, else of all, but for the earliest twentieth.",
    )
    .null("a pixel was never seen clear before the change"),
    column(
        "date_first",
        Kind::Day,
        ("Primera fecha con cambio", "First day changed"),
        "First day by which more than a twentieth of the pixels had been seen changed; the change began on it or before. Of the confirmed pixels where confidence is high, else of all.",
    ),
    column(
        "date_confirmed",
        Kind::Day,
        ("Fecha de confirmación", "Day confirmed"),
        "Day by which half of the pixels had been confirmed.",
    )
    .null("fewer than half of the pixels are confirmed"),
    column("area_ha", Kind::Real, ("Área (ha)", "Area (ha)"), "Geodesic area on WGS 84 of the pixels' outline.").unit("ha"),
    column(
        "area_low_ha",
        Kind::Real,
        ("Área mínima (ha)", "Lowest area (ha)"),
        "Area if the pixels along its inner edge are only half changed.",
    )
    .unit("ha"),
    column(
        "area_high_ha",
        Kind::Real,
        ("Área máxima (ha)", "Highest area (ha)"),
        "Area if the pixels around it are half changed too.",
    )
    .unit("ha"),
    column(
        "magnitude",
        Kind::Real,
        ("Magnitud", "Magnitude"),
        "Mean over the pixels of the index after minus before the change.",
    )
    .unit("index")
    .null("no pixel has a magnitude"),
    column("index", Kind::Text, ("Índice", "Index"), "Spectral index."),
    column("method", Kind::Text, ("Método", "Method"), "Detection method."),
    column(
        "n_clear",
        Kind::Integer,
        ("Observaciones claras", "Clear observations"),
        "Fewest clear overpasses of a pixel in the monitoring period; two sensors on one day are two.",
    ),
    column(
        "last_clear",
        Kind::Day,
        ("Última fecha clara", "Last clear day"),
        "Last day of the monitoring period on which any pixel was clear.",
    )
    .null("no pixel was clear"),
    column(
        "sensors",
        Kind::Text,
        ("Sensores", "Sensors"),
        "Sensors that saw it clear in the monitoring period, separated by commas.",
    ),
    column("lon", Kind::Real, ("Longitud", "Longitude"), "Longitude of a point inside, WGS 84.").unit("degree"),
    column("lat", Kind::Real, ("Latitud", "Latitude"), "Latitude of a point inside, WGS 84.").unit("degree"),
    column("date_last", Kind::Day, ("Fecha de término", "Day complete"), "Day by which every pixel had been seen changed. Of the confirmed pixels where confidence is high."),
    column("perimeter_m", Kind::Real, ("Perímetro (m)", "Perimeter (m)"), "Geodesic length of the outline, holes included.")
        .unit("m"),
    column("pixels", Kind::Integer, ("Píxeles", "Pixels"), "Number of pixels."),
    column("confirmed_ha", Kind::Real, ("Área confirmada (ha)", "Confirmed area (ha)"), "Area of the pixels that are confirmed.").unit("ha"),
    column(
        "n_baseline",
        Kind::Integer,
        ("Observaciones claras en el período de referencia", "Clear observations in the baseline"),
        "Fewest clear overpasses of a pixel in the baseline period; two sensors on one day are two.",
    )
    .optional(),
    column(
        "last_clear_baseline",
        Kind::Day,
        ("Última fecha clara del período de referencia", "Last clear day of the baseline"),
        "Last day of the baseline period on which any pixel was clear.",
    )
    .null("no pixel was clear")
    .optional(),
    column(
        "unseen_near_ha",
        Kind::Real,
        ("Área no vista alrededor (ha)", "Not seen around it (ha)"),
        "Area within 100 m (between centres of pixels; at least the neighbouring pixels) that was to be looked at and was not seen: the clearing may go on there.",
    )
    .unit("ha")
    .optional(),
];

/// The column that alerts of a calibrated run have too.
pub const PROBABILITY: ColumnDescription = column(
    "probability",
    Kind::Real,
    ("Probabilidad", "Probability"),
    "Probability that the alert is right, by the calibration that run.json names; without one there is no such column.",
)
.null("the alert has no score")
.optional();

/// A column's title in Spanish (`es`) or English (any other language); `None` where no alert has such a column.
pub fn column_title(name: &str, lang: &str) -> Option<&'static str> {
    let column = ALERT_COLUMNS.iter().chain([&PROBABILITY]).find(|column| column.name == name)?;
    Some(if lang == "es" { column.title_es } else { column.title_en })
}
