use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::query::Filtering;
use super::{Item, Query};
use crate::client::Client;
use crate::exchange::Ask;
use crate::{Address, FetchError};

/// Most bytes of one page.
const LIMIT: u64 = 256 << 20;

/// Most pages of one search.
const PAGES: usize = 10_000;

/// Kind of body of a search by `POST`.
const JSON: &str = "application/json";

/// The interface of a provider.
#[derive(Debug, Clone)]
pub struct Api {
    root: Address,
    search: Address,
    by_post: bool,
    filtering: Filtering,
}

/// What a search has found.
#[derive(Debug, Default)]
pub struct Found {
    /// Items, by datetime, collection and id.
    pub items: Vec<Item>,
    /// Pages that were asked for.
    pub pages: usize,
    /// Items that are cloudier than was asked for, where the interface could not leave them out itself.
    pub cloudy: usize,
    /// Items that do not say how cloudy they are, where that was asked for.
    pub unclear: usize,
    /// Features that are no items, with the reason.
    pub refused: Vec<String>,
    /// Whether there are more than the most that were asked for.
    pub cut: bool,
}

impl Api {
    /// Asks an interface what it is and where it is searched.
    ///
    /// # Errors
    /// [`FetchError::Answer`] where it is no STAC API with a search, and what asking gives.
    pub fn open(client: &Client, root: &Address) -> Result<Self, FetchError> {
        let landing = client.json(root, LIMIT)?;
        let wrong = |reason: &str| FetchError::Answer { address: root.to_string(), reason: reason.to_owned() };
        if landing["stac_version"].as_str().is_none() {
            return Err(wrong("is no STAC API: its answer has no stac_version; name the address of the API's root"));
        }
        let links = links(&landing);
        let searches: Vec<&Value> = links.iter().filter(|link| link["rel"] == "search").collect();
        let is_post = |link: &&&Value| link["method"].as_str().is_some_and(|method| method.eq_ignore_ascii_case("POST"));
        let link = searches.iter().find(is_post).or(searches.first());
        let link =
            link.ok_or_else(|| wrong("is a STAC catalogue without a search; fetch it by another tool and read it as files"))?;
        let classes: Vec<&str> =
            landing["conformsTo"].as_array().map(|all| all.iter().filter_map(Value::as_str).collect()).unwrap_or_default();
        let search = beside(root, link["href"].as_str().unwrap_or_default())?;
        Ok(Self { root: root.clone(), search, by_post: is_post(&link), filtering: Filtering::of(&classes) })
    }

    /// The document of a collection; `None` where the interface has none.
    ///
    /// # Errors
    /// Whatever asking gives.
    pub fn collection(&self, client: &Client, id: &str) -> Result<Option<Value>, FetchError> {
        match client.json(&self.root.below(&format!("collections/{id}")), LIMIT) {
            Ok(json) if json["type"] == "Collection" && json["id"] == id => Ok(Some(json)),
            Ok(_) | Err(FetchError::Status { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The items of a search. `seen` is told of each page how many items there are so far.
    ///
    /// # Errors
    /// [`FetchError::Answer`] for pages that lead in a circle or are no list of items, and what asking gives.
    pub fn search(&self, client: &Client, query: &Query, seen: &dyn Fn(usize)) -> Result<Found, FetchError> {
        let mut page = self.first(query);
        let (mut found, mut asked, mut known) = (Found::default(), BTreeSet::new(), BTreeSet::new());
        loop {
            let wrong = |reason: &str| FetchError::Answer { address: page.address.to_string(), reason: reason.to_owned() };
            if !asked.insert(page.identity()) {
                return Err(wrong("its pages lead in a circle; tell its provider"));
            }
            if found.pages == PAGES {
                return Err(wrong("has more pages than are followed; ask for a shorter time or a smaller area"));
            }
            let mut json = page.ask(client)?;
            found.pages += 1;
            let Value::Array(features) = json["features"].take() else {
                return Err(wrong("gives no list of items; check the address of the API"));
            };
            for feature in features {
                match Item::of(feature, &page.address) {
                    Err(reason) => found.refused.push(reason),
                    Ok(item) if !known.insert((item.collection.clone(), item.id.clone())) => {}
                    Ok(item) => found.take(item, query.max_cloud),
                }
            }
            seen(found.items.len());
            if found.items.len() > query.most {
                found.cut = true;
                found.items.truncate(query.most);
                break;
            }
            match page.next(&json)? {
                Some(next) => page = next,
                None => break,
            }
        }
        found.items.sort_by(|a, b| (&a.datetime, &a.collection, &a.id).cmp(&(&b.datetime, &b.collection, &b.id)));
        Ok(found)
    }

    fn first(&self, query: &Query) -> Page {
        if self.by_post {
            return Page { address: self.search.clone(), body: Some(query.body(self.filtering)) };
        }
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in query.parameters(self.filtering) {
            form.append_pair(name, &value);
        }
        Page { address: self.search.clone().with_query(&form.finish()), body: None }
    }
}

impl Found {
    fn take(&mut self, item: Item, max_cloud: Option<f64>) {
        match (max_cloud, item.cloud_cover) {
            (Some(most), Some(cover)) if cover > most => self.cloudy += 1,
            (Some(_), None) => self.unclear += 1,
            _ => self.items.push(item),
        }
    }
}

/// One page of a search.
#[derive(Debug, Clone)]
struct Page {
    address: Address,
    /// By `POST` with this body, else by `GET`.
    body: Option<Map<String, Value>>,
}

impl Page {
    fn identity(&self) -> (Address, String) {
        (self.address.clone(), self.body.as_ref().map(|body| Value::Object(body.clone()).to_string()).unwrap_or_default())
    }

    fn ask(&self, client: &Client) -> Result<Value, FetchError> {
        match &self.body {
            None => client.json(&self.address, LIMIT),
            Some(body) => {
                let text = Value::Object(body.clone()).to_string();
                let ask =
                    Ask::post(&self.address, text.as_bytes(), JSON).header("accept", "application/geo+json, application/json");
                client.json_of(&ask, LIMIT)
            }
        }
    }

    /// The page that this one names as the next: by another address, or by another body, whole or to be laid over the last one.
    fn next(&self, answer: &Value) -> Result<Option<Self>, FetchError> {
        let links = links(answer);
        let Some(link) = links.iter().find(|link| link["rel"] == "next") else { return Ok(None) };
        let address = beside(&self.address, link["href"].as_str().unwrap_or_default())?;
        let is_post = link["method"].as_str().map_or(link["body"].is_object(), |method| method.eq_ignore_ascii_case("POST"));
        if !is_post {
            return Ok(Some(Self { address, body: None }));
        }
        let last = self.body.clone().unwrap_or_default();
        let body = match (link["body"].as_object(), link["merge"].as_bool().unwrap_or(false)) {
            (Some(own), false) => own.clone(),
            (Some(own), true) => last.into_iter().chain(own.clone()).collect(),
            (None, _) => last,
        };
        Ok(Some(Self { address, body: Some(body) }))
    }
}

fn links(json: &Value) -> &[Value] {
    json["links"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The address of a link. An interface behind a proxy may call itself `http`: it is asked as it was asked before.
fn beside(from: &Address, href: &str) -> Result<Address, FetchError> {
    let to = from.join(href)?;
    Ok(if from.is_secure() && to.host() == from.host() { to.secured() } else { to })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn page(body: Option<Value>) -> Page {
        let body = body.and_then(|body| body.as_object().cloned());
        Page { address: Address::parse("https://e.org/v1/search?limit=2").expect("an address"), body }
    }

    fn next(page: &Page, link: Value) -> Page {
        page.next(&json!({ "links": [{ "rel": "self", "href": "x" }, link] })).expect("a link").expect("a page")
    }

    #[test]
    fn the_next_page_is_named_by_an_address_or_by_a_body() {
        let by_get = next(&page(None), json!({ "rel": "next", "href": "https://e.org/v1/search?token=n" }));
        assert_eq!((by_get.address.url().query(), by_get.body), (Some("token=n"), None));
        let posted = page(Some(json!({ "limit": 2, "bbox": [0, 0, 1, 1], "token": "a" })));
        let link = json!({ "rel": "next", "href": "/v1/search", "method": "POST", "body": { "token": "b" } });
        assert_eq!(next(&posted, link.clone()).body.map(Value::Object), Some(json!({ "token": "b" })));
        let mut merged = link;
        merged["merge"] = json!(true);
        let expected = json!({ "limit": 2, "bbox": [0, 0, 1, 1], "token": "b" });
        assert_eq!(next(&posted, merged).body.map(Value::Object), Some(expected));
        let bare = json!({ "rel": "next", "href": "/v1/search?token=b", "method": "POST" });
        assert_eq!(next(&posted, bare).body, posted.body);
    }

    #[test]
    fn no_next_link_is_the_end() {
        assert!(page(None).next(&json!({ "links": [] })).expect("read").is_none());
        assert!(page(None).next(&json!({})).expect("read").is_none());
    }

    #[test]
    fn an_interface_that_calls_itself_http_is_asked_through_tls() {
        let link = json!({ "rel": "next", "href": "http://e.org/v1/search?token=n" });
        assert!(next(&page(None), link).address.is_secure());
        let other = json!({ "rel": "next", "href": "http://f.org/v1/search?token=n" });
        assert!(!next(&page(None), other).address.is_secure());
    }
}
