use super::*;

fn fields(json: &str) -> Fields<'_> {
    Fields::parse(json).unwrap()
}

#[test]
fn numbers_in_all_their_clothes() {
    let f = fields(
        r#"{"n":2287375645,"s":"2287375645","p":" 7 ","f":12.0,"e":1.5e3,"neg":-1,"big":18446744073709551615,
            "over":18446744073709551616,"half":1.5,"huge":1e999,"word":"abc","empty":"","null":null,"o":{},"t":true}"#,
    );
    let number = |key| f.number::<u64>(key);
    assert_eq!(number("n"), Some(2_287_375_645));
    assert_eq!(number("s"), Some(2_287_375_645));
    assert_eq!(number("p"), Some(7));
    assert_eq!(number("f"), Some(12));
    assert_eq!(number("e"), Some(1_500));
    assert_eq!(number("big"), Some(u64::MAX));
    for key in ["neg", "over", "half", "huge", "word", "empty", "null", "o", "t", "absent"] {
        assert_eq!(number(key), None, "{key}");
    }
    assert_eq!(f.number::<i64>("neg"), Some(-1));
    assert_eq!(f.number::<u32>("big"), None);
}

#[test]
fn texts_in_all_their_clothes() {
    let f = fields(
        r#"{"s":"a\nb","n":314159265358979323846,"h":"x\ud83d","null":null,"o":{},"l":["s"],"t":true}"#,
    );
    let text = |key| f.text::<String>(key);
    assert_eq!(text("s").unwrap(), "a\nb");
    assert_eq!(text("n").unwrap(), "314159265358979323846");
    assert_eq!(text("h").unwrap(), "x\u{fffd}");
    assert_eq!(text("null").unwrap(), "");
    assert_eq!(text("absent").unwrap(), "");
    for key in ["o", "l", "t"] {
        assert_eq!(text(key), Err(Misfit), "{key}");
        assert_eq!(f.optional_text::<String>(key), None);
    }
}

#[test]
fn lists() {
    let f = fields(r#"{"l":["a",1,null,{"x":1},"b"],"s":"lone","e":"","o":{}}"#);
    assert_eq!(f.texts::<String>("l"), ["a", "1", "b"]);
    assert_eq!(f.texts::<String>("s"), ["lone"]);
    for key in ["e", "o", "absent"] {
        assert!(f.texts::<String>(key).is_empty());
    }
}

#[test]
fn the_last_of_a_doubled_key_counts() {
    assert_eq!(fields(r#"{"a":1,"a":2}"#).number::<u8>("a"), Some(2));
}

#[test]
fn each_key_comes_once() {
    for keys in [3, 64, 65, 1_000] {
        let twice = (0..2).flat_map(|round| (0..keys).map(move |key| format!("\"k{key}\":{round}")));
        let json = format!("{{{}}}", twice.collect::<Vec<_>>().join(","));
        let fields = fields(&json);
        let found: Vec<_> = fields.iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let expected: Vec<_> = (0..keys).map(|key| (format!("k{key}"), "1")).collect();
        assert_eq!(found, expected);
    }
}
