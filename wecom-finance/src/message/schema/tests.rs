//! The samples have to fit the schema, and nothing else of it.

use serde_json::Value;

use super::*;

const SAMPLES: &str = include_str!("../tests/samples.jsonl");

/// As much of a validator as the schema needs. Says where a value does not fit.
fn misfit(schema: &Value, value: &Value, root: &Value) -> Option<String> {
    let schema = schema.as_object()?;
    for (keyword, argument) in schema {
        let found = match keyword.as_str() {
            "$ref" => {
                let target = argument.as_str().unwrap().strip_prefix('#').unwrap();
                misfit(root.pointer(target).unwrap(), value, root)
            }
            "type" => {
                let types = argument.as_array().cloned().unwrap_or_else(|| vec![argument.clone()]);
                let fits = |name: &Value| match name.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "integer" => value.is_i64() || value.is_u64(),
                    "number" => value.is_number(),
                    "boolean" => value.is_boolean(),
                    "null" => value.is_null(),
                    other => panic!("{other}"),
                };
                (!types.iter().any(fits)).then(|| format!("{value} is not {argument}"))
            }
            "const" => (value != argument).then(|| format!("{value} is not {argument}")),
            "enum" => (!argument.as_array().unwrap().contains(value))
                .then(|| format!("{value} is none of {argument}")),
            "not" => misfit(argument, value, root).is_none().then(|| format!("{value} is {argument}")),
            "anyOf" => {
                let misfits: Option<Vec<String>> =
                    argument.as_array().unwrap().iter().map(|schema| misfit(schema, value, root)).collect();
                misfits.map(|misfits| misfits.join(" and "))
            }
            "required" => argument
                .as_array()
                .unwrap()
                .iter()
                .find(|key| value.get(key.as_str().unwrap()).is_none())
                .map(|key| format!("no {key}")),
            "properties" => argument.as_object().unwrap().iter().find_map(|(key, schema)| {
                misfit(schema, value.get(key)?, root).map(|misfit| format!("{key}: {misfit}"))
            }),
            "items" => {
                value.as_array().and_then(|items| items.iter().find_map(|item| misfit(argument, item, root)))
            }
            "minimum" => (value.as_f64() < argument.as_f64()).then(|| format!("{value} < {argument}")),
            "$schema" | "$defs" | "title" | "description" | "format" | "maximum" | "contentMediaType" => None,
            other => panic!("{other}"),
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

fn fits(schema: &Value, json: &str) -> Result<(), String> {
    misfit(schema, &serde_json::from_str(json).unwrap(), schema).map_or(Ok(()), Err)
}

#[test]
fn samples_and_typed_values_fit() {
    let schema = schemars::schema_for!(Message).to_value();
    for json in SAMPLES.lines() {
        assert_eq!(fits(&schema, json), Ok(()), "{json}");
        let typed = serde_json::to_string(&Message::from_json(json.as_bytes()).unwrap().typed()).unwrap();
        assert_eq!(fits(&schema, &typed), Ok(()), "{typed}");
    }
    assert_eq!(fits(&schema, r#"{"msgtype":"hologram","hologram":1}"#), Ok(()));
    assert_eq!(fits(&schema, r#"{"msgtype":"image","image":{}}"#), Ok(()));
}

#[test]
fn misfits_do_not() {
    let schema = schemars::schema_for!(Message).to_value();
    for json in [
        "7",
        r#"{"msgtype":7}"#,
        r#"{"msgtype":"text"}"#,
        r#"{"msgtype":"text","text":{"content":7}}"#,
        r#"{"msgtype":"markdown","markdown":{"content":"x"}}"#,
        r#"{"msgtype":"image","image":{"filesize":-1}}"#,
        r#"{"msgtype":"image","image":{"filesize":"1"}}"#,
        r#"{"msgtype":"news","info":{"item":{}}}"#,
        r#"{"msgtype":"new","tolist":"x"}"#,
    ] {
        assert!(fits(&schema, json).is_err(), "{json}");
    }
}

/// Every field of every sample is in the schema.
#[test]
fn no_field_is_missing() {
    let schema = schemars::schema_for!(Message).to_value();
    let shapes = schema["anyOf"].as_array().unwrap();
    for json in SAMPLES.lines() {
        let message: Value = serde_json::from_str(json).unwrap();
        let title = message["msgtype"].as_str().unwrap_or("switch");
        let shape = shapes.iter().find(|shape| shape["title"] == title).unwrap();
        for (key, value) in message.as_object().unwrap() {
            let of_type = &shape["properties"][key];
            assert!(of_type.is_object() || schema["properties"][key].is_object(), "{title}: {key}");
            let Some(target) = of_type["$ref"].as_str().filter(|_| value.is_object()) else { continue };
            let body = schema.pointer(target.strip_prefix('#').unwrap()).unwrap();
            for field in value.as_object().unwrap().keys() {
                assert!(body["properties"][field].is_object(), "{title}: {key}/{field}");
            }
        }
    }
}

#[test]
fn the_schema_of_a_body_has_them_all() {
    let schema = schemars::schema_for!(Body).to_value();
    assert_eq!(schema["anyOf"][0]["anyOf"].as_array().unwrap().len(), 32);
}
