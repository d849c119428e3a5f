//! The part of JSON Schema that the alerts' schema uses; a word it does not know fails the test.

use serde_json::Value;

/// What a value does not meet, one line each.
pub(crate) fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    check(schema, schema, value, "", &mut faults);
    faults
}

fn check(root: &Value, schema: &Value, value: &Value, place: &str, faults: &mut Vec<String>) {
    for (word, rule) in schema.as_object().expect("a schema is an object") {
        let met = match word.as_str() {
            "type" => is_of(rule, value),
            "const" => rule == value,
            "enum" => list(rule).contains(value),
            "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().expect("a number")),
            "maximum" => value.as_f64().is_none_or(|number| number <= rule.as_f64().expect("a number")),
            "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= rule.as_u64().expect("a count")),
            "maxItems" => value.as_array().is_none_or(|items| items.len() as u64 <= rule.as_u64().expect("a count")),
            "pattern" => value.as_str().is_none_or(|text| matches(rule, text)),
            "format" => rule == "date" && value.as_str().is_none_or(|text| text.parse::<raster::Date>().is_ok()),
            "required" => value.as_object().is_none_or(|object| list(rule).iter().all(|name| object.contains_key(text(name)))),
            "oneOf" => list(rule).iter().filter(|one| sound(root, one, value)).count() == 1,
            "$ref" => {
                let target = root.pointer(text(rule).trim_start_matches('#')).expect("the reference leads somewhere");
                check(root, target, value, place, faults);
                true
            }
            "items" => {
                for (i, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, rule, item, &format!("{place}/{i}"), faults);
                }
                true
            }
            "properties" => {
                for (name, member) in value.as_object().into_iter().flatten() {
                    for rule in member_schema(schema, name) {
                        check(root, rule, member, &format!("{place}/{name}"), faults);
                    }
                }
                true
            }
            "additionalProperties" => {
                assert_eq!(rule, &Value::Bool(false));
                value.as_object().is_none_or(|object| object.keys().all(|name| !member_schema(schema, name).is_empty()))
            }
            "patternProperties" | "$defs" | "$schema" | "title" | "description" | "unit" => true,
            unknown => panic!("the schema uses '{unknown}'"),
        };
        if !met {
            faults.push(format!("{place}: {value} does not meet {word} {rule}"));
        }
    }
}

fn sound(root: &Value, schema: &Value, value: &Value) -> bool {
    let mut faults = Vec::new();
    check(root, schema, value, "", &mut faults);
    faults.is_empty()
}

/// The schemas that a member of an object must meet.
fn member_schema<'a>(schema: &'a Value, name: &str) -> Vec<&'a Value> {
    let named = schema["properties"].as_object().and_then(|rules| rules.get(name));
    let patterns = schema.get("patternProperties").and_then(Value::as_object);
    let by_pattern = patterns.map_or_else(Vec::new, |rules| {
        let fits = |(pattern, _): &(&String, &Value)| matches(&Value::String((*pattern).clone()), name);
        rules.iter().filter(fits).map(|(_, rule)| rule).collect()
    });
    named.into_iter().chain(by_pattern).collect()
}

fn is_of(kinds: &Value, value: &Value) -> bool {
    let one = |kind: &Value| match text(kind) {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        unknown => panic!("the schema uses the type '{unknown}'"),
    };
    kinds.as_array().map_or_else(|| one(kinds), |kinds| kinds.iter().any(one))
}

/// The two patterns of the alerts' schema, by hand.
fn matches(pattern: &Value, text: &str) -> bool {
    let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    match pattern.as_str().expect("a pattern") {
        "^[0-9]{8}-[0-9a-hjkmnp-tv-z]{13}$" => text.split_once('-').is_some_and(|(day, hash)| {
            let base32 = |c: char| (c.is_ascii_lowercase() || c.is_ascii_digit()) && !"ilou".contains(c);
            day.len() == 8 && day.chars().all(|c| c.is_ascii_digit()) && hash.len() == 13 && hash.chars().all(base32)
        }),
        "^[a-z0-9][a-z0-9_-]*_[a-z0-9_]+$" => text.char_indices().any(|(at, c)| {
            let (source, column) = (&text[..at], &text[at + c.len_utf8()..]);
            let begins = source.starts_with(|c: char| lower(c) && c != '_');
            c == '_' && begins && source.chars().all(|c| lower(c) || c == '-') && !column.is_empty() && column.chars().all(lower)
        }),
        unknown => panic!("the schema uses the pattern '{unknown}'"),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}
