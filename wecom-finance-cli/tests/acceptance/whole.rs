//! What comes out is what was sealed.

use wecom_finance_simulator::{MediaFile, MediaKind, Scenario};

use crate::office::{Office, result, run};

#[test]
fn ten_thousand_messages_under_three_keys_and_files_of_all_sizes() {
    const SIZES: [u64; 8] = [0, 1, 15, 16, 524_287, 524_288, 524_289, 5_000_000];
    let scenario = Scenario::new().key_version(1).key_version(2).key_version(3).conversation(10_000 - 8);
    let scenario = SIZES.into_iter().fold(scenario, |scenario, len| {
        scenario.media_file(MediaFile::generated(format!("{len} bytes"), MediaKind::Gif, len))
    });
    let Some(office) = Office::open(scenario) else { return };
    let first = result(&run(&mut office.archive(), 0));
    assert_eq!(first["pulled"], 10_000);
    assert_eq!(first["stored"], 10_000);
    assert_eq!(first["last_seq"], 10_000);
    for none in ["duplicates", "quarantined", "media_failed", "media_pending", "gaps"] {
        assert_eq!(first[none], 0, "{none}");
    }
    assert!(first["media_fetched"].as_u64().unwrap() >= 8);
    assert_eq!(office.world.chat_calls(), 11, "pages of a thousand");
    office.assert_complete();

    let versions: std::collections::BTreeSet<u64> =
        office.export().iter().map(|line| line["publickey_ver"].as_u64().unwrap()).collect();
    assert_eq!(versions, [1, 2, 3].into());

    let second = result(&run(&mut office.archive(), 0));
    assert_eq!((&second["pulled"], &second["media_fetched"]), (&0.into(), &0.into()));
    office.assert_complete();

    office.world.add_texts(30);
    assert_eq!(result(&run(&mut office.archive(), 0))["stored"], 30);
    office.assert_complete();
}
