//! Quotes in quoted text.

use super::*;

const DASHES: &str = "- - - - - - - - - - - - - - -";

fn headed(author: &str, quoted: &str, reply: &str) -> String {
    format!("这是一条引用/回复消息：\n“{author}：\n{quoted}”\n------\n{reply}")
}

fn bracketed(author: &str, quoted: &str, reply: &str) -> String {
    format!("「{author}：{quoted}」\n{DASHES}\n{reply}")
}

#[test]
fn a_quote_in_a_quote() {
    let by = [headed, bracketed];
    for inner in by {
        for outer in by {
            let quoted = inner("B", "1", "2");
            let text = outer("A", &quoted, "3");
            assert_eq!(parts(&text), Some(("A", quoted.as_str(), "3")), "{text}");
            assert_eq!(parts(&quoted), Some(("B", "1", "2")), "{text}");
        }
    }
}

#[test]
fn lines_around_it_belong_to_the_quoted_text() {
    for inner in [headed("B", "1\n2", "3\n4"), bracketed("B", "1\n2", "3\n4")] {
        let quoted = format!("before\n\n{inner}\n\nafter：5");
        for text in [headed("A", &quoted, "6\n7"), bracketed("A", &format!("\n{quoted}"), "6\n7")] {
            assert_eq!(parts(&text), Some(("A", quoted.as_str(), "6\n7")), "{text}");
        }
    }
}

#[test]
fn several_beside_each_other() {
    let quoted =
        format!("{}\n{}\n{}", headed("B", "1", "2"), bracketed("C", "3", "4"), headed("D", "5", "6"));
    for text in [headed("A", &quoted, "7"), bracketed("A", &format!("\n{quoted}"), "7")] {
        assert_eq!(parts(&text), Some(("A", quoted.as_str(), "7")), "{text}");
    }
}

#[test]
fn a_quote_in_the_reply_is_the_replys() {
    let reply = bracketed("B", &headed("C", "1", "2"), "3");
    for text in [headed("A", "0", &reply), bracketed("A", "0", &reply)] {
        assert_eq!(parts(&text), Some(("A", "0", reply.as_str())), "{text}");
    }
}

#[test]
fn colons_in_the_name_before_a_quote_on_the_same_line() {
    let quoted = bracketed("B", "1：2", "3");
    let text = bracketed("A：张三", &quoted, "4");
    assert_eq!(parts(&text), Some(("A：张三", quoted.as_str(), "4")));
    // There must be a name.
    let text = bracketed("：", &quoted, "4");
    assert_eq!(parts(&text), Some(("：", quoted.as_str(), "4")));
}

#[test]
fn a_quote_that_is_cut_short_changes_nothing() {
    let cut = headed("B", "1", "2");
    let cut = cut.split_once('”').unwrap().0;
    for text in [headed("A", cut, "3"), bracketed("A", &format!("\n{cut}"), "3")] {
        assert_eq!(parts(&text), Some(("A", cut, "3")), "{text}");
    }
    let text = headed("A", "「B：1", "3");
    assert_eq!(parts(&text), Some(("A", "「B：1", "3")));
    let text = bracketed("A", "\n「B：1", "3");
    assert_eq!(parts(&text), Some(("A", "「B：1", "3")));
    // Where the line of the author is ambiguous, too, it is read as the expression reads it.
    let text = bracketed("A", "「B：1", "3");
    assert_eq!(parts(&text), Some(("A：「B", "1", "3")));
    assert_eq!(parts(&text), by_expression(&text));
}

#[test]
fn one_that_only_looks_like_a_quote_does_not_hide_another() {
    let quoted = headed("B", "「合同：甲方」怎么改？", "照旧");
    let text = headed("A", &quoted, "好");
    assert_eq!(parts(&text), Some(("A", quoted.as_str(), "好")));
    assert_eq!(parts(&quoted), Some(("B", "「合同：甲方」怎么改？", "照旧")));
    let quoted = bracketed("B", "\n这是一条引用/回复消息：\n“甲方：\n是标题", "哦");
    let text = bracketed("A", &quoted, "好");
    assert_eq!(parts(&text), Some(("A", quoted.as_str(), "好")));
}

#[test]
fn text_that_does_not_begin_a_quote_is_only_text() {
    for quoted in [
        "「B」：1",
        "「：1",
        "「B\n：1",
        "x「B：1",
        "「B「：1",
        "这是一条引用/回复消息：",
        "这是一条引用/回复消息：\n“B：1",
        "这是一条引用/回复消息：\nB：\n1",
        "x这是一条引用/回复消息：\n“B：\n1",
        "This is a quote/reply: \n“B：\n1",
    ] {
        // If it did, it would end here, and the outer one where the text ends.
        for end in ["”\n------\n2", &format!("」\n{DASHES}\n2")] {
            let quoted = format!("0\n{quoted}");
            for (text, ends_first) in [
                (headed("A", &format!("{quoted}{end}"), "3"), end.starts_with('”')),
                (bracketed("A", &format!("{quoted}{end}"), "3"), end.starts_with('」')),
            ] {
                assert_eq!(parts(&text), by_expression(&text), "{text}");
                assert_eq!(parts(&text).unwrap().1 == quoted, ends_first, "{text}");
            }
        }
    }
}

/// Whether a quote begins anywhere but at the beginning of the text. Says the same as the rule in other words.
pub(super) fn begins_inside(text: &str) -> bool {
    let expression = "(\n|：)(「[^「」：\n]+：|(这是一条引用/回复消息：|This is a quote/reply:)\n[\"“][^\n]+[：:][\\s\u{3000}]?\n)";
    Regex::new(expression).unwrap().is_match(text)
}

/// One level of a quote: how it is written, by whom, and what is replied.
#[derive(Debug, Clone)]
struct Level {
    layout: QuoteLayout,
    opening: &'static str,
    close: &'static str,
    author: String,
    reply: String,
}

impl Level {
    fn write(&self, quoted: &str) -> String {
        let Self { opening, close, author, reply, .. } = self;
        format!("{}{quoted}{close}\n{}\n{reply}", opening.replace("NAME", author), self.dashes())
    }

    fn dashes(&self) -> &'static str {
        match self.layout {
            QuoteLayout::Headed => "------",
            QuoteLayout::Bracketed => DASHES,
        }
    }
}

/// What people write, up to what the layouts are made of, but neither the whole beginning nor the whole end of a quote.
fn words() -> impl Strategy<Value = String> {
    let fragment = prop::sample::select(
        &[
            "A",
            "林",
            "[图片]",
            " ",
            "\n",
            "\n\n",
            "“",
            "”",
            "\"",
            "：",
            ":",
            "「",
            "」",
            "------",
            "\n------\n",
            "-",
            "- ",
            "- - - - - - - - - - - - - - -",
            "\n- - - - - - - - - - - - - - -\n",
            "这是一条引用/回复消息：",
            "This is a quote/reply:\n",
            "🌻",
        ][..],
    );
    prop::collection::vec(fragment, 0..8).prop_map(|fragments| fragments.concat()).prop_filter(
        "part of a quote",
        |text| {
            let end = Regex::new("[”\"]\n-{6}\n|」\n-( -){14}\n").unwrap();
            // The line of the author takes in a line break.
            !text.starts_with('\n') && !end.is_match(text) && !begins_inside(&format!("\n{text}\n“A：\n"))
        },
    )
}

fn level() -> impl Strategy<Value = Level> {
    const HEADED: [(&str, &str); 5] = [
        ("这是一条引用/回复消息：\n“NAME：\n", "”"),
        ("这是一条引用/回复消息：\n\"NAME：\n", "\""),
        ("This is a quote/reply:\n\"NAME:\n", "\""),
        ("This is a quote/reply:\n“NAME: \n", "”"),
        ("This is a quote/reply:\n\"NAME:\r\n", "”"),
    ];
    const BRACKETED: [(&str, &str); 2] = [("「NAME：", "」"), ("「NAME：\n", "」")];
    let headed = prop::sample::select(&HEADED[..]).prop_map(|form| (QuoteLayout::Headed, form));
    let bracketed = prop::sample::select(&BRACKETED[..]).prop_map(|form| (QuoteLayout::Bracketed, form));
    let form = prop_oneof![headed, bracketed];
    (form, "[a-z林周🌻 “”-]{1,6}", words()).prop_map(|((layout, (opening, close)), author, reply)| {
        // The bracketed layout has no empty replies.
        let reply = if reply.is_empty() { "…".to_owned() } else { reply };
        Level { layout, opening, close, author, reply }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_level_comes_back(levels in prop::collection::vec(level(), 1..=4), innermost in words()) {
        // Without a line of its own, a colon in the text would be taken for that of the author.
        let innermost = innermost.replace('：', ":");
        let text = levels.iter().rev().fold(innermost.clone(), |quoted, level| level.write(&quoted));
        let mut rest = text.as_str();
        for level in &levels {
            let quote = Quote::parse(rest);
            prop_assert!(quote.is_some(), "{text}");
            let quote = quote.unwrap();
            prop_assert_eq!((quote.author, quote.reply), (level.author.as_str(), level.reply.as_str()), "{}", text);
            prop_assert_eq!(quote.layout, level.layout);
            rest = quote.quoted;
        }
        prop_assert_eq!(rest, innermost.as_str());
    }
}
