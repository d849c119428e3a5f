//! Searches of interfaces that page in every way the specification knows, and in some that it does not.

mod support;

use fetch::stac::{Api, Found, Query};
use fetch::{Address, FetchError};
use serde_json::{Value, json};
use support::{Asked, Host, Pieces, Wish, answer};

fn item(id: &str, day: u32, cloud: Option<f64>) -> Value {
    let mut properties = json!({ "datetime": format!("2024-01-{day:02}T10:00:00Z") });
    if let Some(cloud) = cloud {
        properties["eo:cloud_cover"] = json!(cloud);
    }
    json!({
        "type": "Feature", "stac_version": "1.0.0", "id": id, "collection": "s2", "properties": properties, "geometry": null,
        "links": [{ "rel": "self", "href": format!("items/{id}") }],
        "assets": { "red": { "href": format!("../{id}/red.tif"), "type": "image/tiff", "file:size": 10, "file:checksum": "1220" } },
    })
}

fn told(json: &Value) -> Pieces {
    answer("200 OK", &[("content-type", "application/json")], json.to_string().as_bytes())
}

fn landing(searches: &Value, classes: &Value) -> Pieces {
    let mut links = vec![json!({ "rel": "self", "href": "/" })];
    links.extend(searches.as_array().cloned().unwrap_or_default());
    told(
        &json!({ "type": "Catalog", "stac_version": "1.0.0", "id": "x", "description": "x", "links": links, "conformsTo": classes }),
    )
}

fn both() -> Value {
    json!([{ "rel": "search", "href": "/search", "method": "GET" }, { "rel": "search", "href": "/search", "method": "POST" }])
}

fn query() -> Query {
    Query { collections: vec!["s2".into()], page: 2, most: 1000, ..Query::default() }
}

fn search(host: &Host, query: &Query) -> Result<Found, FetchError> {
    let client = Wish::default().client();
    Api::open(&client, &host.at("/"))?.search(&client, query, &|_| ())
}

fn ids(found: &Found) -> Vec<&str> {
    found.items.iter().map(|item| item.id.as_str()).collect()
}

fn is_landing(asked: &Asked) -> bool {
    asked.target == "/"
}

#[test]
fn pages_by_post_are_followed_with_their_bodies_merged() {
    let host = Host::new(|asked, _| {
        if is_landing(asked) {
            return landing(&both(), &json!([]));
        }
        let body: Value = serde_json::from_str(&asked.body).expect("a body");
        assert_eq!((&body["collections"], &body["limit"]), (&json!(["s2"]), &json!(2)));
        let next = |token: &str| json!([{ "rel": "next", "href": "/search", "method": "POST", "merge": true, "body": { "token": token } }]);
        match body["token"].as_str() {
            None => told(
                &json!({ "type": "FeatureCollection", "features": [item("c", 3, None), item("a", 1, None)], "links": next("1") }),
            ),
            Some("1") => told(&json!({ "features": [], "links": next("2") })),
            _ => told(&json!({ "features": [item("b", 2, None), item("a", 1, None)], "links": [] })),
        }
    });
    let found = search(&host, &query()).expect("found");
    assert_eq!((ids(&found), found.pages, found.cut), (vec!["a", "b", "c"], 3, false));
    let asset = &found.items[0].assets[0];
    assert_eq!((asset.key.as_str(), asset.href.as_str(), asset.size), ("red", "../a/red.tif", Some(10)));
    assert_eq!(found.items[0].own.as_ref().expect("an address").to_string(), host.at("/items/a").to_string());
    assert!(asset.proof().is_err());
}

#[test]
fn pages_by_get_are_followed_by_their_address() {
    let host = Host::new(|asked, _| match asked.target.as_str() {
        "/" => landing(&json!([{ "rel": "search", "href": "/search" }]), &json!([])),
        "/search?token=n" => told(&json!({ "features": [item("b", 2, None)] })),
        _ => told(&json!({ "features": [item("a", 1, None)], "links": [{ "rel": "next", "href": "search?token=n" }] })),
    });
    let query = Query { bbox: Some([-74.0, 1.0, -73.0, 2.0]), datetime: Some("2024-01-01T00:00:00Z/..".into()), ..query() };
    assert_eq!(ids(&search(&host, &query).expect("found")), ["a", "b"]);
    let first = &host.asked()[1].target;
    assert_eq!(first, "/search?limit=2&collections=s2&bbox=-74%2C1%2C-73%2C2&datetime=2024-01-01T00%3A00%3A00Z%2F..");
}

#[test]
fn pages_that_lead_in_a_circle_end() {
    for link in [
        json!({ "rel": "next", "href": "/search", "method": "POST", "body": { "token": "1" } }),
        json!({ "rel": "next", "href": "/search", "method": "POST" }),
        json!({ "rel": "next", "href": "/search?token=1" }),
    ] {
        let host = Host::new(move |asked, _| {
            if is_landing(asked) {
                landing(&both(), &json!([]))
            } else {
                told(&json!({ "features": [item("a", 1, None)], "links": [link] }))
            }
        });
        let error = search(&host, &query()).expect_err("a circle");
        assert!(error.to_string().contains("lead in a circle"), "{error}");
        assert!(host.asked().len() < 6);
    }
}

#[test]
fn a_next_page_on_another_host_is_not_asked_for() {
    let host = Host::new(|asked, _| {
        if is_landing(asked) {
            landing(&both(), &json!([]))
        } else {
            told(&json!({ "features": [], "links": [{ "rel": "next", "href": "http://evil.invalid/search" }] }))
        }
    });
    assert!(matches!(search(&host, &query()), Err(FetchError::HostNotAllowed { .. })));
}

#[test]
fn clouds_are_left_out_by_the_interface_or_here() {
    let conform = "https://api.stacspec.org/v1.0.0/item-search";
    for (classes, key) in [
        (json!([format!("{conform}#query")]), "query"),
        (json!([format!("{conform}#filter"), "http://www.opengis.net/spec/cql2/1.0/conf/basic-cql2"]), "filter"),
        (json!([conform]), ""),
    ] {
        let host = Host::new(move |asked, _| {
            if is_landing(asked) {
                return landing(&both(), &classes);
            }
            let body: Value = serde_json::from_str(&asked.body).expect("a body");
            assert!(key.is_empty() || !body[key].is_null(), "{body}");
            // It takes no notice.
            told(&json!({ "features": [item("clear", 1, Some(30.0)), item("cloudy", 2, Some(30.1)), item("unclear", 3, None)] }))
        });
        let found = search(&host, &Query { max_cloud: Some(30.0), ..query() }).expect("found");
        assert_eq!((ids(&found), found.cloudy, found.unclear), (vec!["clear"], 1, 1));
    }
}

#[test]
fn no_more_items_are_taken_than_were_asked_for() {
    let host = Host::new(|asked, count| {
        if is_landing(asked) {
            return landing(&both(), &json!([]));
        }
        let features: Vec<Value> = (0..2).map(|place| item(&format!("{count}-{place}"), 1, None)).collect();
        let link = json!({ "rel": "next", "href": "/search", "method": "POST", "body": { "token": count } });
        told(&json!({ "features": features, "links": [link] }))
    });
    let found = search(&host, &Query { most: 5, ..query() }).expect("found");
    assert_eq!((found.items.len(), found.cut, found.pages), (5, true, 3));
}

#[test]
fn what_is_no_item_is_counted_with_its_reason() {
    let host = Host::new(|asked, _| {
        if is_landing(asked) {
            return landing(&both(), &json!([]));
        }
        let features =
            json!([item("a", 1, None), { "type": "Feature" }, 7, { "type": "Feature", "id": "b" }, { "id": "c", "assets": {} }]);
        told(&json!({ "features": features }))
    });
    let found = search(&host, &query()).expect("found");
    assert_eq!((ids(&found), found.refused.len()), (vec!["a"], 4));
    assert!(found.refused.iter().any(|reason| reason.contains("b: has no assets")), "{:?}", found.refused);
}

#[test]
fn what_is_no_interface_is_told_as_such() {
    let cases: [(&str, &str); 4] = [
        ("<html>", "gives no JSON"),
        ("{}", "is no STAC API"),
        ("{\"stac_version\":\"1.0.0\",\"links\":[]}", "without a search"),
        ("[1", "gives no JSON"),
    ];
    for (body, expected) in cases {
        let host = Host::new(move |_, _| answer("200 OK", &[], body.as_bytes()));
        let error = search(&host, &query()).expect_err("refused").to_string();
        assert!(error.contains(expected), "{error}");
    }
    let host =
        Host::new(|asked, _| if is_landing(asked) { landing(&both(), &json!([])) } else { told(&json!({ "detail": "bad" })) });
    assert!(search(&host, &query()).expect_err("refused").to_string().contains("no list of items"));
}

#[test]
fn a_collection_is_asked_for_by_its_id() {
    let host = Host::new(|asked, _| match asked.target.as_str() {
        "/" => landing(&both(), &json!([])),
        "/collections/s2" => told(&json!({ "type": "Collection", "id": "s2" })),
        "/collections/liar" => told(&json!({ "type": "Collection", "id": "other" })),
        _ => answer("404 Not Found", &[], b""),
    });
    let client = Wish::default().client();
    let api = Api::open(&client, &host.at("/")).expect("an interface");
    assert_eq!(api.collection(&client, "s2").expect("asked").expect("a collection")["id"], "s2");
    assert!(api.collection(&client, "liar").expect("asked").is_none());
    assert!(api.collection(&client, "none").expect("asked").is_none());
}

#[test]
fn an_interface_on_a_host_that_nobody_named_is_not_asked() {
    let client = Wish::default().client();
    let address = Address::parse("https://stac.invalid/v1").expect("an address");
    assert!(matches!(Api::open(&client, &address), Err(FetchError::HostNotAllowed { .. })));
}
