//! Reading opened messages, beside the RSA operation that opening one takes.
//!
//! The times depend on the machine; their ratio to the RSA operation of the same run says more.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark may panic")]

use std::fmt::Write;
use std::hint::black_box;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use wecom_finance::{AwsLcRsKey, Message, RandomKeyDecryptor};
use wecom_finance_simulator::Scenario;

/// A text message of 400 bytes.
fn text() -> String {
    let begin = r#"{"msgid":"7203344556677889901_1711432802001_external","action":"send","from":"lin.yu","tolist":["wmFAKEaQAAh3Jd81kLmNoPqRsTuVwXyZ"],"roomid":"","msgtime":1711432801950,"msgtype":"text","text":{"content":""#;
    let end = r#""}}"#;
    let mut content = String::new();
    for sentence in ["明天上午十点发货[微笑]\\n", "收到请回复，谢谢。", "See you at ten."].iter().cycle()
    {
        if begin.len() + content.len() + sentence.len() + end.len() > 400 {
            break;
        }
        content.push_str(sentence);
    }
    let text = format!("{begin}{content}{end}");
    format!("{text}{}", " ".repeat(400 - text.len()))
}

/// Twenty forwarded messages: texts, files and mixed ones.
fn chatrecord() -> String {
    let mut items = String::new();
    for n in 0..20 {
        let (kind, content) = match n % 5 {
            0 => ("ChatRecordImage", image(n)),
            1 => {
                let mixed = format!(
                    r#"{{"item":[{{"type":"text","content":{:?}}},{{"type":"image","content":{:?}}}]}}"#,
                    r#"{"content":"看图"}"#,
                    image(n)
                );
                ("ChatRecordMixed", mixed)
            }
            2 => (
                "ChatRecordFile",
                image(n).replace(
                    "\"filesize\"",
                    "\"filename\":\"报价单.xlsx\",\"fileext\":\"xlsx\",\"filesize\"",
                ),
            ),
            _ => (
                "ChatRecordText",
                r#"{"content":"昨天的结论如下，请大家看一下，有问题明天上午说。"}"#.to_owned(),
            ),
        };
        let comma = if n == 0 { "" } else { "," };
        write!(
            items,
            r#"{comma}{{"type":"{kind}","msgtime":{},"content":{content:?},"from_chatroom":true}}"#,
            1_711_346_400 + n
        )
        .unwrap();
    }
    format!(
        r#"{{"msgid":"7203344556677889914_1711432941100","action":"send","from":"lin.yu","tolist":["chen.bo"],"roomid":"","msgtime":1711432941000,"msgtype":"chatrecord","chatrecord":{{"title":"项目群的聊天记录","item":[{items}]}}}}"#
    )
}

/// With a `sdkfileid` as long as genuine ones are.
fn image(n: u32) -> String {
    format!(
        r#"{{"md5sum":"99aabbccddeeff001122334455667{n:03}","filesize":40960,"sdkfileid":"CtsB{}"}}"#,
        "SAMPLEfileid0123".repeat(30)
    )
}

fn message(criterion: &mut Criterion) {
    let text = text();
    assert_eq!(text.len(), 400);
    let mut group = criterion.benchmark_group("message/text");
    group.throughput(Throughput::Bytes(400));
    group.bench_function("parse", |bencher| {
        bencher.iter(|| Message::from_json(black_box(text.as_bytes())).unwrap());
    });
    group.bench_function("parse and media", |bencher| {
        bencher.iter(|| Message::from_json(black_box(text.as_bytes())).unwrap().media().count());
    });
    group.finish();

    let chatrecord = chatrecord();
    let message = Message::from_json(chatrecord.as_bytes()).unwrap();
    assert_eq!(message.media().count(), 12);
    let mut group = criterion.benchmark_group("message/chatrecord of 20");
    group.throughput(Throughput::Bytes(u64::try_from(chatrecord.len()).unwrap()));
    group.bench_function("parse and media", |bencher| {
        bencher.iter(|| Message::from_json(black_box(chatrecord.as_bytes())).unwrap().media().count());
    });
    group.bench_function("media", |bencher| bencher.iter(|| black_box(&message).media().count()));
    group.finish();
}

/// What opening one message costs at least.
fn rsa(criterion: &mut Criterion) {
    let world = Scenario::new().key_version(1).texts(1).build();
    let page = world.sdk().unwrap().page(0).unwrap().unwrap();
    let ciphertext = STANDARD.decode(page.messages().first().unwrap().encrypt_random_key()).unwrap();
    let key = AwsLcRsKey::from_pem(world.key_pem(1).unwrap().as_bytes(), None).unwrap();
    criterion.bench_function("message/RSA", |bencher| bencher.iter(|| key.decrypt(&ciphertext).unwrap()));
}

criterion_group!(benches, message, rsa);
criterion_main!(benches);
