use std::fs;

use serde_json::Value;
use wecom_finance_simulator::{Effect, Fault, MediaFile, MediaKind, Scenario};

use crate::corp::Corp;

const CHUNK: u64 = 512 * 1024;

fn media(messages: &[Value]) -> Vec<&Value> {
    messages.iter().flat_map(|message| message["media"].as_array().unwrap()).collect()
}

#[test]
fn files_arrive_whole() {
    let sizes = [0, 1, 16, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK];
    let mut scenario = Scenario::new();
    for (kind, size) in [MediaKind::Image, MediaKind::Voice, MediaKind::File].into_iter().cycle().zip(sizes) {
        scenario = scenario.media_file(MediaFile::generated(format!("file-{size}"), kind, size));
    }
    let corp = Corp::new(scenario);
    let result = corp.run(&["archive", "--json"]).exits_with(0).result();
    assert_eq!(result["media_fetched"], sizes.len());
    let exported = corp.export();
    for entry in media(&exported) {
        let original = corp.world.media(entry["sdkfileid"].as_str().unwrap()).unwrap();
        let name = entry["file"].as_str().unwrap();
        assert!(name.starts_with(corp.world.corp_id()));
        let content = fs::read(corp.place.path("wecom-media").join(name)).unwrap();
        assert_eq!(content, original.read(0, original.len()));
        assert_eq!(
            (entry["state"].as_str(), entry["bytes"].as_u64()),
            (Some("stored"), Some(original.len()))
        );
        assert_eq!((entry["md5"].as_str(), entry["md5_ok"].as_bool()), (Some(original.md5()), Some(true)));
    }
    assert_eq!(corp.place.files("wecom-media").len(), sizes.len());
    // The type of what is inside, where that can be told.
    let extensions: Vec<_> =
        media(&exported).iter().map(|entry| entry["file"].as_str().unwrap().rsplit('.').next()).collect();
    assert_eq!(extensions.get(3..5), Some(&[Some("jpg"), Some("amr")][..]));
}

#[test]
fn every_file_ends_up_in_the_state_that_is_true() {
    let file = |id: &str| MediaFile::generated(id, MediaKind::File, 100_000);
    let scenario = Scenario::new()
        .media_file(file("fine"))
        .media_file(file("no-md5").announce_md5(""))
        .media_file(file("wrong-md5").announce_md5("0".repeat(32)))
        .media_file(file("wrong-size").announce_size(99))
        .media_file(file("gone"))
        .media_file(file("refused"))
        .media_file(file("broken-id"))
        .fault(Fault::media(Effect::ErrCode(301_048)).file("gone"))
        .fault(Fault::media(Effect::ErrCode(301_042)).file("refused"))
        .fault(Fault::media(Effect::Return(10005)).file("broken-id"));
    let corp = Corp::new(scenario);
    let result = corp.run(&["archive", "--json"]).exits_with(3).result();
    let counts =
        ["media_fetched", "media_failed", "media_pending"].map(|name| result[name].as_u64().unwrap());
    assert_eq!(counts, [4, 2, 1]);
    let exported = corp.export();
    let states: Vec<_> = media(&exported)
        .iter()
        .map(|entry| {
            let [state, reason] = ["state", "reason"].map(|name| entry[name].as_str().unwrap_or_default());
            (state, entry["md5_ok"].as_bool(), reason)
        })
        .collect();
    assert_eq!(
        states,
        [
            ("stored", Some(true), ""),
            ("stored", None, ""),
            ("stored", Some(false), "its MD5 is another than its message says"),
            ("stored", Some(true), "the file has 100000 bytes, its message says 99"),
            ("expired", None, "fetching a file failed: the file has expired (10010)"),
            ("pending", None, "fetching a file failed: this IP address is not allowed (10009)"),
            ("failed", None, "fetching a file failed: invalid sdkfileid or malformed message (10005)"),
        ]
    );
    assert!(media(&exported)[4]["file"].is_null());
    assert_eq!(corp.place.files("wecom-media").len(), 4);

    // Once the server lets us, what is pending arrives; what failed for good is not tried again.
    corp.without_faults();
    let counts = |arguments: &[&str]| {
        let result = corp.run(arguments).result();
        ["media_fetched", "media_failed", "media_pending"].map(|name| result[name].as_u64().unwrap())
    };
    assert_eq!(counts(&["archive", "--json"]), [0, 0, 1], "its rest is not over");
    assert_eq!(counts(&["archive", "--json", "--retry-now"]), [1, 0, 0]);
}

#[test]
fn one_file_is_fetched_and_gone_on_with() {
    let file = MediaFile::generated("big", MediaKind::Video, 3 * CHUNK + 5);
    let fault = Fault::media(Effect::ErrCode(301_042)).offset(2 * CHUNK);
    let corp = Corp::new(Scenario::new().loose_media_file(file).fault(fault));
    let original = corp.world.media("big").unwrap();
    let id = original.sdk_file_id();
    corp.run(&["media", id, "-o", "film.mp4"]).exits_with(1);
    let left =
        corp.place.files("").into_iter().find(|path| path.to_string_lossy().ends_with(".part")).unwrap();
    assert_eq!(fs::metadata(&left).unwrap().len(), 2 * CHUNK);
    assert!(!corp.place.path("film.mp4").exists());

    corp.without_faults();
    let result = corp.run(&["media", id, "-o", "film.mp4", "--json"]).exits_with(0).result();
    assert_eq!(result["md5"], original.md5());
    assert_eq!(result["bytes"], original.len());
    assert!(result["seconds"].is_number());
    assert_eq!(fs::read(corp.place.path("film.mp4")).unwrap(), original.read(0, original.len()));
    assert!(!left.exists());
}

#[test]
fn an_id_from_stdin_is_not_seen_by_others() {
    let corp = Corp::new(Scenario::new().loose_media_file(MediaFile::generated("f", MediaKind::File, 10)));
    fs::write(corp.place.path("id"), format!("{}\n", corp.world.media("f").unwrap().sdk_file_id())).unwrap();
    let mut command = corp.command(&["media", "-", "-o", "f.bin"]);
    command.stdin(fs::File::open(corp.place.path("id")).unwrap());
    crate::Ran::of(&mut command).exits_with(0);
    assert_eq!(fs::metadata(corp.place.path("f.bin")).unwrap().len(), 10);
}

#[test]
fn files_inside_of_messages_arrive_too() {
    let corp = Corp::new(Scenario::new().corpus());
    let result = corp.run(&["archive", "--json"]).exits_with(0).result();
    assert_eq!((&result["media_fetched"], &result["media_pending"]), (&81.into(), &0.into()));
    let exported = corp.export();
    assert_eq!(exported.len(), corp.world.messages().count());
    for entry in media(&exported) {
        let original = corp.world.media(entry["sdkfileid"].as_str().unwrap()).unwrap();
        let name = entry["file"].as_str().unwrap();
        let content = fs::read(corp.place.path("wecom-media").join(name)).unwrap();
        assert!(content == original.bytes(), "{entry}");
        // `false` would be a MD5 that differs; without one there is nothing to compare.
        assert_eq!(entry["md5_ok"].as_bool(), entry["md5"].as_str().map(|_md5| true), "{entry}");
    }

    let found: Vec<_> = media(&exported);
    for (path, kind, extension) in [
        ("/image", "image", "jpg"),
        ("/meeting_voice_call", "meeting_voice_call", "bin"),
        ("/voip_doc_share", "voip_doc_share", "pdf"),
        ("/mixed/item/4/content", "voice", "amr"),
        ("/mixed/item/2/content", "file", "pdf"),
        ("/info/items/2/content", "file", "xlsx"),
        ("/note/items/0/content", "image", "jpg"),
        ("/chatrecord/item/1/content", "file", "csv"),
        ("/chatrecord/item/6/content/item/1/content", "image", "jpg"),
        ("/chatrecord/item/0/content/item/0/content/item/0/content", "file", "pdf"),
    ] {
        let extension = format!(".{extension}");
        let matches = |entry: &&&Value| {
            let name = entry["file"].as_str().unwrap();
            entry["path"] == path && entry["kind"] == kind && name.ends_with(&extension)
        };
        assert!(found.iter().any(|entry| matches(&entry)), "{kind} at {path}");
    }
}

#[test]
fn the_hostile_corpus_is_stored_or_quarantined_and_stays_in_its_place() {
    let corp = Corp::new(Scenario::new().hostile_corpus());
    let result = corp.run(&["archive", "--json"]).exits_with(3).result();
    let all = corp.world.messages().count();
    let [stored, quarantined, duplicates] =
        ["stored", "quarantined", "duplicates"].map(|name| result[name].as_u64().unwrap());
    assert_eq!(usize::try_from(stored + quarantined).unwrap(), all);
    assert_eq!((duplicates, corp.quarantine().len()), (0, usize::try_from(quarantined).unwrap()));
    let plaintexts: std::collections::BTreeMap<_, _> = corp.world.messages().collect();
    for message in corp.export() {
        let original = &plaintexts[&message["seq"].as_u64().unwrap()];
        match message["raw"].as_str() {
            Some(raw) => assert_eq!(raw.as_bytes(), original),
            None => assert!(String::from_utf8(original.clone()).is_err()),
        }
        for file in message["media"].as_array().unwrap().iter().filter_map(|entry| entry["file"].as_str()) {
            assert!(file.starts_with(corp.world.corp_id()) && !file.contains(".."), "{file}");
        }
    }
}
