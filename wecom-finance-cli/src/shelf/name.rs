//! The names of files: told by their message, readable by people, and never more than a name.

use sanitise_file_name::{Options, sanitise_with_options};

use super::staging::PART;

/// A directory holds the files of so many seqs.
const SEQS_PER_DIRECTORY: u64 = 10_000;

/// What file systems allow a name, in bytes.
const LONGEST: usize = 255;

/// Which file it is, and what its sender called it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileName<'a> {
    pub(crate) corp_id: &'a str,
    pub(crate) seq: u64,
    pub(crate) position: u64,
    /// As the message has it: it may be anything.
    pub(crate) sender_calls_it: Option<&'a str>,
    /// Without a dot; letters and digits.
    pub(crate) extension: &'a str,
}

impl FileName<'_> {
    /// The name on the shelf: `corp/17/170042-0-report.pdf`. Seq and position make it the only one.
    pub(crate) fn on_the_shelf(self) -> String {
        let Self { corp_id, seq, position, sender_calls_it, extension } = self;
        let unique = format!("{seq}-{position}");
        let taken = [unique.len(), "-.".len(), extension.len(), PART.len()].iter().sum();
        let stem = sender_calls_it
            .map(|name| safe_stem(name, extension, LONGEST.saturating_sub(taken)))
            .filter(|stem| !stem.is_empty())
            .map(|stem| format!("-{stem}"))
            .unwrap_or_default();
        format!("{corp_id}/{}/{unique}{stem}.{extension}", directory_of(seq))
    }
}

pub(super) fn directory_of(seq: u64) -> String {
    (seq / SEQS_PER_DIRECTORY).to_string()
}

/// What is left of a name once it can do no harm, in at most so many bytes.
fn safe_stem(name: &str, extension: &str, longest: usize) -> String {
    // Of a path, what it leads to.
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = match name.rsplit_once('.') {
        Some((stem, ending)) if ending.trim().eq_ignore_ascii_case(extension) => stem,
        _ => name,
    };
    let options = Options {
        length_limit: longest,
        extension_cleverness: false,
        trim_more_punctuation: false,
        collapse_replacements: true,
        six_measures_of_barley: "",
        ..Options::DEFAULT
    };
    sanitise_with_options(stem, &options)
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use proptest::prelude::*;

    use super::*;

    fn named(name: Option<&str>, extension: &str) -> String {
        FileName { corp_id: "ww1", seq: 170_042, position: 3, sender_calls_it: name, extension }
            .on_the_shelf()
    }

    fn stem_of(name: &str) -> String {
        let whole = named(Some(name), "pdf");
        let stem = whole.strip_prefix("ww1/17/170042-3").and_then(|name| name.strip_suffix(".pdf")).unwrap();
        stem.to_owned()
    }

    #[test]
    fn a_name_says_what_it_is() {
        assert_eq!(named(None, "jpg"), "ww1/17/170042-3.jpg");
        for (name, stem) in [
            ("采购合同 (终稿).pdf", "-采购合同 (终稿)"),
            ("Report.PDF", "-Report"),
            ("archive.tar.gz", "-archive.tar.gz"),
            ("no extension", "-no extension"),
            ("👨‍👩‍👧‍👦.pdf", "-👨‍👩‍👧‍👦"),
        ] {
            assert_eq!(stem_of(name), stem);
        }
    }

    #[test]
    fn a_hostile_name_is_only_a_name() {
        for (name, stem) in [
            ("../../../etc/passwd", "-passwd"),
            ("..\\..\\windows\\system32\\evil.pdf", "-evil"),
            ("..", ""),
            (".", ""),
            ("", ""),
            ("/", ""),
            (" . . ", ""),
            (".hidden.pdf", "-hidden"),
            ("trailing.  .pdf", "-trailing"),
            ("nul\0byte.pdf", "-nul_byte"),
            ("line\nend\u{7f}.pdf", "-line end_"),
            ("a<b>c:d\"e|f?g*h.pdf", "-a_b_c_d_e_f_g_h"),
            ("CON.pdf", "-CON_"),
            ("lpt1", "-lpt1_"),
            ("NUL", "-NUL_"),
            ("photo\u{202e}gpj.pdf", "-photo_gpj"),
            ("\u{2066}isolate\u{2069}.pdf", "-_isolate_"),
            ("1-0.part", "-1-0.part"),
        ] {
            assert_eq!(stem_of(name), stem, "{name:?}");
        }
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        for name in ["x".repeat(400), "表".repeat(200), format!("x{}", "𠮷".repeat(100))] {
            let whole = named(Some(&name), "pdf");
            let last = whole.rsplit('/').next().unwrap();
            assert!(
                (LONGEST - PART.len() - 3..=LONGEST - PART.len()).contains(&last.len()),
                "{}",
                last.len()
            );
            assert_eq!(last.rsplit('.').next(), Some("pdf"));
        }
    }

    proptest! {
        #[test]
        fn any_name_is_safe(
            name in prop_oneof![
                any::<String>(),
                "[./\\\\ \u{0}-\u{20}<>:\"|?*a-cCONULPT1-9\u{202a}-\u{202e}\u{2066}-\u{2069}表𠮷]{0,120}",
                "[a表𠮷. ]{60,200}",
            ],
            seq in any::<u64>(),
            position in any::<u64>(),
            extension in "[a-z0-9]{1,10}",
        ) {
            let calls_it = Some(name.as_str());
            let file = FileName { corp_id: "ww1", seq, position, sender_calls_it: calls_it, extension: &extension };
            let file = file.on_the_shelf();
            let parts: Vec<_> = Path::new(&file).components().collect();
            prop_assert_eq!(parts.len(), 3);
            prop_assert!(parts.iter().all(|part| matches!(part, Component::Normal(_))));
            let last = file.rsplit('/').next().unwrap();
            prop_assert!(last.len() + PART.len() <= LONGEST, "{} bytes", last.len());
            let unique = format!("{seq}-{position}");
            let ending = format!(".{extension}");
            prop_assert!(last.starts_with(&unique) && last.ends_with(&ending));
            let is_harmful = |c: char| {
                c.is_control()
                    || "/\\<>:\"|?*".contains(c)
                    || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            };
            prop_assert!(!last.contains(is_harmful));
            let stem = last.strip_suffix(&ending).unwrap();
            prop_assert!(!stem.ends_with(['.', ' ']));
            let after = stem.strip_prefix(&unique).unwrap();
            prop_assert!(!after.starts_with("-.") && !after.starts_with("- "));
        }
    }
}
