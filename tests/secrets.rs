//! One canary for all secrets and all message text: no `Debug` and no error shows it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fmt::Debug;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use wecom_finance::{
    Egress, Error, KeyRing, Message, Operation, Proxy, RandomKeyDecryptor, SdkCode, SdkFileId, SealedMessage,
    Secret, Tls, UnopenedReason,
};
use wecom_finance_simulator::{Effect, Fault, Loopback, MediaFile, MediaKind, MessageSpec, Scenario};
use wecom_finance_tests::raw_client;

const CANARY: &str = "canary7f3a9c";

#[track_caller]
fn silent(value: &dyn Debug) {
    for text in [format!("{value:?}"), format!("{value:#?}")] {
        assert!(!text.contains(CANARY), "{text}");
        let base64_of_the_canary = "Y2FuYXJ5N2YzYTlj";
        assert!(!text.contains(base64_of_the_canary), "{text}");
    }
}

#[track_caller]
fn silent_error(error: &dyn std::error::Error) {
    let mut next = Some(error);
    while let Some(error) = next {
        silent(&error);
        assert!(!error.to_string().contains(CANARY), "{error}");
        next = error.source();
    }
}

struct Kms;

impl RandomKeyDecryptor for Kms {
    fn decrypt(&self, _ciphertext: &[u8]) -> Result<Secret, wecom_finance::CannotDecrypt> {
        Ok(Secret::new(CANARY))
    }
}

#[test]
fn secrets_are_not_printed() {
    silent(&Secret::new(CANARY));
    let proxy = Proxy::parse("http://127.0.0.1:1").unwrap().credentials("user", CANARY).unwrap();
    silent(&proxy);
    silent_error(&Proxy::parse(&format!("http://user:{CANARY}@127.0.0.1:1")).unwrap_err());
    let mut keys = KeyRing::new();
    keys.insert_decryptor(1, Kms);
    silent(&keys);
    silent(&keys.decrypt_random_key(1, "AAAA").unwrap());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----\n");
    silent_error(&keys.insert_pem(2, pem.as_bytes(), Some(&Secret::new(CANARY))).unwrap_err());

    let world = Scenario::new().secret(CANARY).texts(1).build();
    let builder = world.sdk_builder().proxy(proxy);
    silent(&builder);
    let sdk = builder.build().unwrap();
    silent(&sdk);
    silent(&sdk.page(0).unwrap());
    let nul = wecom_finance::Sdk::builder(world.library(), "ww", format!("{CANARY}\0")).build();
    silent_error(&nul.unwrap_err());
}

/// All that is logged in this process, at any level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_goes_through_the_egress_is_neither_printed_nor_logged() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .init();
    let world = Scenario::new().secret(CANARY).texts(1).build();
    let server = Loopback::builder().world(&world).credentials("user", CANARY).serve().unwrap();
    let egress = |tls: Tls, password: &str| {
        let proxy = Proxy::parse(&server.proxy_url()).unwrap().credentials("user", password).unwrap();
        let builder = Egress::builder(world.corp_id()).tls(tls).proxy(proxy);
        silent(&builder);
        builder.start().unwrap()
    };
    let trusting = || Tls::with_roots_pem(server.root_pem()).unwrap();
    let request = raw_client::get_token(world.corp_id(), CANARY);
    let wrong_secret = raw_client::get_token(world.corp_id(), &format!("{CANARY}-wrong"));
    let mut token = None;
    for egress in [egress(trusting(), CANARY), egress(Tls::default(), CANARY), egress(trusting(), "wrong")] {
        let session = egress.session(Duration::from_secs(20)).unwrap();
        silent(&egress);
        silent(&session);
        for request in [&request, &wrong_secret] {
            let outcome = session.explained(|| {
                let reply = raw_client::exchange(session.proxy(), request.as_bytes()).unwrap();
                let reply = String::from_utf8(reply).unwrap();
                if let Some((_, rest)) = reply.split_once("\"access_token\":\"") {
                    token = rest.split('"').next().map(str::to_owned);
                    return Ok(());
                }
                Err(Error::from_sdk(Operation::Chat, SdkCode::Network))
            });
            if let Err(error) = outcome {
                assert!(error.sdk_code().is_none(), "explained: {error}");
                silent_error(&error);
            }
        }
    }
    let log = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(log.contains("hyper_util") && log.contains("the certificate presented for WeCom"), "{log}");
    let login = base64::engine::general_purpose::STANDARD.encode(format!("user:{CANARY}"));
    for secret in [CANARY, &login, token.as_deref().unwrap()] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

#[test]
fn messages_and_file_ids_are_not_printed() {
    let text = |kind: &str| {
        format!(
            r#"{{"msgid":"1_external","action":"send","from":"lin.yu","tolist":["chen.bo"],"msgtime":1,"msgtype":"{kind}",
            "{kind}":{{"content":"{CANARY}","filename":"{CANARY}.pdf","fileext":"{CANARY}","sdkfileid":"{CANARY}","md5sum":"00"}}}}"#
        )
    };
    let mut scenario = Scenario::new();
    for kind in ["text", "image", "voice", "video", "file", "emotion", "revoke", "brand_new"] {
        silent(&Message::from_json(text(kind).as_bytes()).unwrap());
        scenario = scenario.message(text(kind));
    }
    let broken = MessageSpec::new(format!("{{\"content\":\"{CANARY}\" broken")).msgid("broken");
    silent_error(&Message::from_json(format!("{{\"content\":\"{CANARY}\" broken").as_bytes()).unwrap_err());
    let world = scenario.message(broken).build();
    let sdk = world.sdk().unwrap();
    let (mut opened, mut failed) = (0, 0);
    for record in sdk.chat(&world.keys().unwrap()) {
        match record {
            Ok(record) => {
                silent(&record);
                record.media().for_each(|media| silent(&media));
                opened += 1;
            }
            Err(error) => {
                silent_error(&error);
                silent(error.unopened().unwrap());
                assert!(matches!(error.unopened().unwrap().reason, UnopenedReason::InvalidJson(_)));
                failed += 1;
            }
        }
    }
    assert_eq!((opened, failed), (8, 1));
    silent(&SealedMessage::new(1, "id", 1, CANARY, CANARY));
    silent(&SdkFileId::new(CANARY).unwrap());
    let page = sdk.page(0).unwrap().unwrap();
    let opened = world.keys().unwrap().open(&sdk, page.messages().first().unwrap()).unwrap();
    silent(&opened);
}

#[test]
fn files_and_replies_are_not_printed() {
    let world = Scenario::new()
        .media_file(MediaFile::given("file", MediaKind::File, CANARY.repeat(100)))
        .fault(Fault::chat(Effect::Body(
            format!("{{\"chatdata\":[{{\"seq\":1,\"msgid\":[\"{CANARY}\"").into(),
        )))
        .build();
    let sdk = world.sdk().unwrap();
    silent_error(&sdk.page(0).unwrap_err());
    let media = world.media("file").unwrap();
    let mut reader = sdk.media(media.sdk_file_id()).unwrap();
    silent(&reader);
    let downloader = sdk.downloader();
    silent(&downloader);
    let downloader = downloader.build().unwrap();
    let mut download = downloader.download(media.sdk_file_id()).unwrap();
    assert!(download.next_chunk().unwrap().is_some());
    silent(&downloader);
    silent(&download);
    silent(&sdk.media_chunk(&SdkFileId::new(media.sdk_file_id()).unwrap(), None).unwrap());
    let chunk = reader.next_chunk().unwrap().unwrap();
    assert!(chunk.starts_with(CANARY.as_bytes()));
    silent(&reader);
}
