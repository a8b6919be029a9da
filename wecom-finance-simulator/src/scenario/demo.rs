//! The demo scenario.

use super::{MediaFile, MediaKind, Scenario};

/// Chunks of the SDK are this long: sizes about it are where readers go wrong.
const CHUNK: u64 = 512 * 1024;

const FILES: [(MediaKind, u64); 48] = {
    use MediaKind::{File, Gif, Image, Png, Video, Voice};
    [
        (File, 0),
        (File, 1),
        (File, 15),
        (File, 16),
        (File, CHUNK - 1),
        (File, CHUNK),
        (File, CHUNK + 1),
        (File, 17),
        (File, 2 * CHUNK - 16),
        (File, 2 * CHUNK - 1),
        (File, 2 * CHUNK),
        (File, 3 * 1024 * 1024),
        (Image, 70_961),
        (Image, 183_204),
        (Image, 12_345),
        (Image, 999_424),
        (Image, 31_337),
        (Image, CHUNK),
        (Image, 1_500_000),
        (Image, 404),
        (Image, 250_000),
        (Voice, 8_230),
        (Voice, 1_606),
        (Voice, 96_006),
        (Voice, 40_000),
        (Voice, 6),
        (Voice, 15_000),
        (Voice, 22_222),
        (Video, 1_250_331),
        (Video, 2_900_000),
        (Video, 3 * 1024 * 1024),
        (Video, 700_000),
        (Video, CHUNK + 17),
        (Video, 1_048_575),
        (Gif, 183_204),
        (Gif, 40_960),
        (Gif, 600_000),
        (Gif, 9_999),
        (Gif, 77_777),
        (Png, 5_120),
        (Png, 64_000),
        (Png, 33),
        (Png, 524_287),
        (File, 88_888),
        (File, 1_234_567),
        (File, 2_000_000),
        (File, 4_096),
        (File, 300_000),
    ]
};

pub(super) fn scenario() -> Scenario {
    let mut scenario = Scenario::new()
        .corp_id(Scenario::DEMO_CORP_ID)
        .secret(Scenario::DEMO_SECRET)
        .seed(20_260_326)
        .first_seq(1_001)
        .key_version(1)
        .key_version(2)
        .key_version(3)
        .conversation(80)
        .gap(7);
    for (index, (kind, len)) in FILES.into_iter().enumerate() {
        scenario = scenario.media_file(MediaFile::generated(format!("demo-{index:02}"), kind, len));
    }
    // The times in the corpus fit its place here. Mostly text: a demo should not take longer to fetch than to look at.
    scenario.texts(222).corpus().texts(2_200).conversation(80).gap(1).texts(2_396)
}
