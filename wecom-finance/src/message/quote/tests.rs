//! The two layouts, and the regular expressions that specify them as an oracle.

use proptest::prelude::*;
use regex_lite::Regex;

use super::*;

mod nested;

fn parts(text: &str) -> Option<(&str, &str, &str)> {
    Quote::parse(text).map(|quote| (quote.author, quote.quoted, quote.reply))
}

#[test]
fn headed_in_both_languages_and_all_marks() {
    for heading in ["这是一条引用/回复消息：", "This is a quote/reply:"] {
        for (open, close) in [("\"", "\""), ("“", "”"), ("\"", "”")] {
            for colon in ["：", ":", "： ", ": ", ":\u{3000}", ":\r"] {
                let text = format!("{heading}\n{open}林雨{colon}\n明天十点[微笑]{close}\n------\n收到");
                let quote = Quote::parse(&text).unwrap();
                assert_eq!(
                    (quote.author, quote.quoted, quote.reply),
                    ("林雨", "明天十点[微笑]", "收到"),
                    "{text}"
                );
                assert_eq!(quote.layout, QuoteLayout::Headed);
            }
        }
    }
}

#[test]
fn bracketed_with_and_without_a_line_for_the_author() {
    let dashes = "- - - - - - - - - - - - - - -";
    for line in ["", "\n"] {
        let text = format!("「林雨：{line}明天十点」\n{dashes}\n收到\n谢谢");
        let quote = Quote::parse(&text).unwrap();
        assert_eq!((quote.author, quote.quoted, quote.reply), ("林雨", "明天十点", "收到\n谢谢"));
        assert_eq!(quote.layout, QuoteLayout::Bracketed);
    }
}

#[test]
fn several_lines_marks_and_dashes_inside() {
    let head = "这是一条引用/回复消息：\n";
    let cases = [
        ("\"A：\n1\n2\n\n3\"\n------\n4\n5\n", ("A", "1\n2\n\n3", "4\n5\n")),
        ("\"A：\n\"1\" and “2”\"\n------\nx", ("A", "\"1\" and “2”", "x")),
        ("\"A：\n1\n------\n2\"\n------\nx", ("A", "1\n------\n2", "x")),
        ("\"A：\n1\"\n-----\n2\"\n------\nx", ("A", "1\"\n-----\n2", "x")),
        ("\"A：\n1\"\n------\nx\n------\ny", ("A", "1", "x\n------\ny")),
        ("\"A：B: C：\n1\"\n------\nx", ("A：B: C", "1", "x")),
        ("\"A：\n\"\n------\n", ("A", "", "")),
        ("\"A：\n\n1\"\n------\nx", ("A", "1", "x")),
        ("\"A： \n\n1\"\n------\nx", ("A", "\n1", "x")),
        ("\"：：\n1\"\n------\nx", ("：", "1", "x")),
    ];
    for (text, expected) in cases {
        assert_eq!(parts(&format!("{head}{text}")), Some(expected), "{text}");
    }
    let dashes = "\n- - - - - - - - - - - - - - -\n";
    let bracketed = [
        (format!("「A：1「2」3」{dashes}x"), ("A", "1「2」3", "x")),
        (format!("「A：\n1{dashes}2」{dashes}x"), ("A", "\u{0}", "x")),
        (format!("「A：1：2」{dashes}x{dashes}y"), ("A：1", "2", "\u{1}")),
        (format!("「A：」{dashes}\n"), ("A", "", "\n")),
    ];
    for (text, (author, quoted, reply)) in bracketed {
        let (quoted, reply) = (
            if quoted == "\u{0}" { format!("1{dashes}2") } else { quoted.to_owned() },
            if reply == "\u{1}" { format!("x{dashes}y") } else { reply.to_owned() },
        );
        assert_eq!(parts(&text), Some((author, quoted.as_str(), reply.as_str())), "{text}");
    }
}

#[test]
fn ordinary_text_is_left_alone() {
    for text in [
        "",
        "收到",
        "这是一条引用/回复消息：",
        "这是一条引用/回复消息：\n\"林雨：\n明天\"\n------",
        "这是一条引用/回复消息：\n\"林雨：\n明天\n------\n收到",
        "这是一条引用/回复消息：\n\"林雨：\n明天\"\n-------\n收到",
        "这是一条引用/回复消息：\n\"林雨：明天\"\n------\n收到",
        "这是一条引用/回复消息：\n\"林雨\n明天\"\n------\n收到",
        "这是一条引用/回复消息：\n\"：\n明天\"\n------\n收到",
        "这是一条引用/回复消息：\n林雨：\n明天\"\n------\n收到",
        "这是一条引用/回复消息:\n\"林雨：\n明天\"\n------\n收到",
        "this is a quote/reply:\n\"A:\nx\"\n------\ny",
        " This is a quote/reply:\n\"A:\nx\"\n------\ny",
        "This is a quote/reply:\n\"A:  \nx\"\n------\ny",
        "「林雨：明天」\n- - - - - - - - - - - - - - -\n",
        "「林雨：明天」\n- - - - - - - - - - - - - - -",
        "「林雨:明天」\n- - - - - - - - - - - - - - -\n收到",
        "「林雨：明天」\n- - - - - - - - - - - - - -\n收到",
        "「林雨：明天」\n- - - - - - - - - - - - - - - -\n收到",
        "「：明天」\n- - - - - - - - - - - - - - -\n收到",
        "「林雨\n：明天」\n- - - - - - - - - - - - - - -\n收到",
        "「明天」 he said\n------\nfine",
    ] {
        assert_eq!(Quote::parse(text), None, "{text}");
    }
}

#[test]
fn time_is_linear_in_the_text() {
    let n = 200_000;
    let cases = [
        format!("这是一条引用/回复消息：\n\"A：\n{}", "\"\n------".repeat(n)),
        format!("这是一条引用/回复消息：\n\"A：\n{}", "\n------\n".repeat(n)),
        format!("这是一条引用/回复消息：\n\"{}", "：".repeat(n)),
        format!("「{}", "：".repeat(n)),
        format!("「A：{}", "」\n- - - - - - - - - - - - - - ".repeat(n / 4)),
        format!("「A：{}", "」\n".repeat(n)),
        "「A：".repeat(n),
        "「A：\n".repeat(n),
        format!("「{}", "：「".repeat(n)),
        format!("「A：{}", "：「\n".repeat(n)),
        "This is a quote/reply:\n\"A:\n".repeat(n / 4),
        format!("{}{}", "「A：\n".repeat(n / 4), "\"\n------\n".repeat(n / 4)),
        format!(
            "This is a quote/reply:\n\"A:\n{}{}",
            "「A：\n".repeat(n / 4),
            "x」\n- - - - - - - - - - - - - - -\n".repeat(n / 4)
        ),
    ];
    for text in cases {
        // In quadratic time, each of these would take minutes.
        assert_eq!(Quote::parse(&text), None);
    }
}

#[test]
fn debug_shows_lengths_only() {
    let quote = Quote::parse("「canary：canary」\n- - - - - - - - - - - - - - -\ncanary").unwrap();
    let debug = format!("{quote:?} {quote:#?}");
    assert!(!debug.contains("canary") && debug.contains("6 bytes"), "{debug}");
}

/// What the layouts are made of, whole and damaged.
fn fragments() -> impl Strategy<Value = String> {
    let fragment = prop::sample::select(
        &[
            "这是一条引用/回复消息：",
            "This is a quote/reply:",
            "\n",
            "\"",
            "“",
            "”",
            "：",
            ":",
            " ",
            "\r",
            "\u{3000}",
            "------",
            "\"\n------\n",
            "”\n------\n",
            "\n------\n",
            "-",
            "「",
            "」",
            "」\n- - - - - - - - - - - - - - -\n",
            "- ",
            "A",
            "林",
            "：\n",
        ][..],
    );
    prop::collection::vec(fragment, 0..14).prop_map(|fragments| fragments.concat())
}

/// Texts that are quotes more often than not.
fn near_quotes() -> impl Strategy<Value = String> {
    let headed = (any::<bool>(), fragments(), fragments(), fragments()).prop_map(|(chinese, a, b, c)| {
        let heading = if chinese { "这是一条引用/回复消息：" } else { "This is a quote/reply:" };
        format!("{heading}\n\"{a}：\n{b}\"\n------\n{c}")
    });
    let bracketed = (fragments(), fragments(), fragments())
        .prop_map(|(a, b, c)| format!("「{a}：{b}」\n- - - - - - - - - - - - - - -\n{c}"));
    prop_oneof![fragments(), headed, bracketed]
}

/// What the regular expressions make of a text.
fn by_expression(text: &str) -> Option<(&str, &str, &str)> {
    let expressions = [
        "(?s)^(这是一条引用/回复消息：|This is a quote/reply:)\n[\"“](?<author>[^\n]+)[：:][\\s\u{3000}]?\n(?<quoted>.*?)[”\"]\n-{6}\n(?<reply>.*)$",
        "(?s)^「(?<author>[^\n]+)：\n?(?<quoted>.*?)」\n-( -){14}\n(?<reply>.+)$",
    ];
    let captures =
        expressions.iter().find_map(|expression| Regex::new(expression).unwrap().captures(text))?;
    let part = |name| captures.name(name).unwrap().as_str();
    Some((part("author"), part("quoted"), part("reply")))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_same_as_the_regular_expressions(text in near_quotes()) {
        let (found, expected) = (parts(&text), by_expression(&text));
        if found == expected {
            return Ok(());
        }
        // Only for the sake of a quote in the quoted text: it begins before the expressions end the quote, and is
        // in the quoted text as a whole.
        let ((_, quoted, reply), (_, _, shorter)) = (found.unwrap(), expected.unwrap());
        prop_assert!(nested::begins_inside(text.strip_suffix(shorter).unwrap()), "{text}");
        prop_assert!(nested::begins_inside(&format!("\n{quoted}")), "{text}");
        prop_assert!(text.ends_with(reply) && shorter.ends_with(reply), "{text}");
    }
}
