//! The JSON schema of `snout.toml`: `docs/snout.schema.json` is what comes out here.

use serde_json::{Map, Value, json};

use super::keys::{Key, OF_OVERRIDES, OF_PROFILES, Shape};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/snout.schema.json");

fn property(key: &Key) -> Value {
    let mut property = match key.shape {
        Shape::Count(least) => json!({ "type": "integer", "minimum": least, "maximum": u16::MAX }),
        Shape::Duration => {
            json!({ "type": "string", "pattern": "^(0|[0-9]+(\\.[0-9]+)?(ms|s|m|h)|0\\.0+)$" })
        }
        Shape::Choice(choices) => json!({ "enum": choices }),
        Shape::Switch => json!({ "type": "boolean" }),
        Shape::Names => json!({
            "oneOf": [
                { "type": "string", "minLength": 1 },
                { "type": "array", "items": { "type": "string", "minLength": 1 } },
            ],
        }),
    };
    property["description"] = json!(key.help);
    property
}

fn properties(keys: &[Key]) -> Map<String, Value> {
    keys.iter().map(|key| (key.name.to_owned(), property(key))).collect()
}

fn schema() -> Value {
    let mut overrides = properties(&OF_OVERRIDES);
    overrides.insert(
        "filter".to_owned(),
        json!({ "type": "string", "description": "which tests: an expression as with -E" }),
    );
    let mut profile = properties(&OF_PROFILES);
    profile.insert(
        "inherits".to_owned(),
        json!({ "type": "string", "description": "the profile that this one adds to" }),
    );
    profile.insert(
        "overrides".to_owned(),
        json!({
            "type": "array",
            "items": { "type": "object", "properties": overrides, "required": ["filter"], "additionalProperties": false },
        }),
    );
    let profile = json!({ "type": "object", "properties": profile, "additionalProperties": false });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "snout.toml",
        "type": "object",
        "properties": { "profile": { "type": "object", "additionalProperties": profile } },
        "additionalProperties": false,
    })
}

/// With `SNOUT_BUILD_BLESS=1` the file is written instead.
#[test]
fn the_schema_has_the_keys_that_are_read() {
    let expected = format!("{:#}\n", schema());
    if std::env::var_os("SNOUT_BUILD_BLESS").is_some() {
        std::fs::write(PATH, &expected).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(PATH).unwrap_or_default(),
        expected,
        "set SNOUT_BUILD_BLESS=1 to write it anew"
    );
}
