use serde_json::{Map, Value, json};

/// What is searched for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    /// Collections, one at least unless `ids` are given.
    pub collections: Vec<String>,
    /// Ids of items.
    pub ids: Vec<String>,
    /// West, south, east, north in degrees; west is larger than east across the antimeridian.
    pub bbox: Option<[f64; 4]>,
    /// An interval of RFC 3339, such as `2024-01-01T00:00:00Z/2024-12-31T23:59:59Z`.
    pub datetime: Option<String>,
    /// Largest `eo:cloud_cover`, percent.
    pub max_cloud: Option<f64>,
    /// Items a page that are asked for.
    pub page: usize,
    /// Most items that are taken.
    pub most: usize,
}

/// How an interface takes conditions on properties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filtering {
    /// By the extension `query`.
    Query,
    /// By the extension `filter`, in CQL2.
    Cql2,
    /// Not at all: items are looked through as they come.
    Nothing,
}

impl Filtering {
    /// The one that an interface says it conforms to.
    pub(super) fn of(classes: &[&str]) -> Self {
        let has = |word: &str| classes.iter().any(|class| class.to_ascii_lowercase().contains(word));
        if has("item-search#query") {
            Self::Query
        } else if has("item-search#filter") && has("cql2") {
            Self::Cql2
        } else {
            Self::Nothing
        }
    }
}

impl Query {
    /// The body of a search by `POST`.
    pub(super) fn body(&self, filtering: Filtering) -> Map<String, Value> {
        let mut body = Map::new();
        let mut put = |name: &str, value: Value| drop(body.insert(name.to_owned(), value));
        put("limit", json!(self.page));
        if !self.collections.is_empty() {
            put("collections", json!(self.collections));
        }
        if !self.ids.is_empty() {
            put("ids", json!(self.ids));
        }
        if let Some(bbox) = self.bbox {
            put("bbox", json!(bbox));
        }
        if let Some(datetime) = &self.datetime {
            put("datetime", json!(datetime));
        }
        match (self.max_cloud, filtering) {
            (Some(most), Filtering::Query) => put("query", cloud_query(most)),
            (Some(most), Filtering::Cql2) => {
                put("filter-lang", json!("cql2-json"));
                put("filter", json!({ "op": "<=", "args": [{ "property": "eo:cloud_cover" }, most] }));
            }
            _ => {}
        }
        body
    }

    /// The parameters of a search by `GET`.
    pub(super) fn parameters(&self, filtering: Filtering) -> Vec<(&'static str, String)> {
        let mut parameters = vec![("limit", self.page.to_string())];
        if !self.collections.is_empty() {
            parameters.push(("collections", self.collections.join(",")));
        }
        if !self.ids.is_empty() {
            parameters.push(("ids", self.ids.join(",")));
        }
        if let Some(bbox) = self.bbox {
            parameters.push(("bbox", bbox.map(|side| side.to_string()).join(",")));
        }
        if let Some(datetime) = &self.datetime {
            parameters.push(("datetime", datetime.clone()));
        }
        match (self.max_cloud, filtering) {
            (Some(most), Filtering::Query) => parameters.push(("query", cloud_query(most).to_string())),
            (Some(most), Filtering::Cql2) => {
                parameters.push(("filter-lang", "cql2-text".to_owned()));
                parameters.push(("filter", format!("\"eo:cloud_cover\" <= {most}")));
            }
            _ => {}
        }
        parameters
    }
}

fn cloud_query(most: f64) -> Value {
    json!({ "eo:cloud_cover": { "lte": most } })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query() -> Query {
        Query {
            collections: vec!["a".into(), "b".into()],
            bbox: Some([-74.0, 1.5, -73.0, 2.0]),
            datetime: Some("2024-01-01T00:00:00Z/..".into()),
            max_cloud: Some(30.0),
            page: 100,
            ..Query::default()
        }
    }

    #[test]
    fn a_search_says_the_same_in_both_ways() {
        let body = Value::Object(query().body(Filtering::Query));
        let expected = json!({
            "limit": 100, "collections": ["a", "b"], "bbox": [-74.0, 1.5, -73.0, 2.0],
            "datetime": "2024-01-01T00:00:00Z/..", "query": { "eo:cloud_cover": { "lte": 30.0 } },
        });
        assert_eq!(body, expected);
        let parameters = query().parameters(Filtering::Cql2);
        assert!(parameters.contains(&("bbox", "-74,1.5,-73,2".to_owned())), "{parameters:?}");
        assert!(parameters.contains(&("filter", "\"eo:cloud_cover\" <= 30".to_owned())), "{parameters:?}");
    }

    #[test]
    fn an_interface_tells_how_it_filters() {
        let query = "https://api.stacspec.org/v1.0.0/item-search#query";
        let filter = "https://api.stacspec.org/v1.0.0/item-search#filter";
        assert_eq!(Filtering::of(&[query]), Filtering::Query);
        assert_eq!(Filtering::of(&[filter, "http://www.opengis.net/spec/cql2/1.0/conf/cql2-json"]), Filtering::Cql2);
        assert_eq!(Filtering::of(&["https://api.stacspec.org/v1.0.0/item-search"]), Filtering::Nothing);
        assert!(!Query { max_cloud: Some(1.0), ..Query::default() }.body(Filtering::Nothing).contains_key("query"));
    }
}
